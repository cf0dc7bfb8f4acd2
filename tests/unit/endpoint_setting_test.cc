#include "common/cli/endpoint_setting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/net/key_directory.h"
#include "tests/unit/temporary_directory.h"

namespace sheaf::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

GivenSettings given(const std::string& value, const std::string& where) {
  GivenSettings settings;
  settings.by_name["listen"] = Given{{value}, where, false};
  return settings;
}

std::vector<std::string> messages(const std::vector<Error>& errors) {
  std::vector<std::string> texts;
  for (const Error& error : errors) texts.push_back(error.message());
  return texts;
}

TEST(EndpointSettingTest, TakesAnEndpointThatIsProtectedOrMeantNotToBe) {
  std::vector<Error> errors;
  EXPECT_EQ(endpoint_setting(given("ipc:///run/m", "--listen"), "listen", false, errors)->ipc_path, "/run/m");
  EXPECT_EQ(endpoint_setting(given("tcp://h:1", "--listen"), "listen", true, errors)->address, "tcp://h:1");
  EXPECT_EQ(endpoint_setting(GivenSettings(), "listen", false, errors), std::nullopt);
  EXPECT_THAT(messages(errors), IsEmpty());
}

TEST(EndpointSettingTest, SaysWhereTheFaultyOneStands) {
  std::vector<Error> errors;
  EXPECT_EQ(endpoint_setting(given("udp://x", "SHEAF_LISTEN"), "listen", true, errors), std::nullopt);
  EXPECT_EQ(endpoint_setting(given("tcp://h:1", "sheaf.toml: listen"), "listen", false, errors), std::nullopt);
  EXPECT_TRUE(endpoint_or_default(given("ipc://relative", "--listen"), "listen", false, errors).address.empty());
  EXPECT_THAT(messages(errors),
              ElementsAre("SHEAF_LISTEN: \"udp://x\" is no endpoint; write it like ipc:///run/user/1000/sheaf/master.sock or "
                          "tcp://127.0.0.1:7077",
                          "sheaf.toml: listen: \"tcp://h:1\": TCP without keys lets everybody in who reaches the port; use "
                          "keys (`sheaf keygen`; --join FILE), an ipc:// endpoint, or add --insecure if that is meant",
                          "--listen: \"ipc://relative\" the path of an ipc endpoint starts with /; write it like "
                          "ipc:///run/user/1000/sheaf/master.sock or tcp://127.0.0.1:7077"));
}

/// With --join and --master given somewhere, or not.
GivenSettings given_master(const std::optional<Given>& join, const std::optional<Given>& master) {
  GivenSettings settings;
  if (join) settings.by_name["join"] = *join;
  if (master) settings.by_name["master"] = *master;
  return settings;
}

class MasterSettingTest : public ::testing::Test {
 protected:
  MasterSettingTest() { EXPECT_TRUE(net::KeyDirectory::create(directory_ / "keys", "tcp://there:7077")); }
  std::string file(const std::string& name) const { return directory_ / ("keys/" + name + ".toml"); }
  Given join(const std::string& name, bool on_command_line = true) const {
    return {{file(name)}, on_command_line ? "--join" : "SHEAF_JOIN", on_command_line};
  }
  static Given master(bool on_command_line = true) {
    return {{"ipc:///run/m"}, on_command_line ? "--master" : "SHEAF_MASTER", on_command_line};
  }

  TemporaryDirectory directory_;
  std::vector<Error> errors_;
};

TEST_F(MasterSettingTest, TakesEndpointAndKeysFromTheFile) {
  const auto endpoint = master_setting(given_master(join("client"), {}), false, kSubmitters, errors_);
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->address, "tcp://there:7077");
  ASSERT_TRUE(endpoint->keys);
  EXPECT_EQ(endpoint->keys->public_key, net::read_key_file(file("client"))->public_key);
  EXPECT_TRUE(endpoint->is_protected());
  EXPECT_THAT(messages(errors_), IsEmpty());
}

TEST_F(MasterSettingTest, TakesWhatIsOnTheCommandLineAndNeverTwo) {
  EXPECT_TRUE(master_setting(given_master(join("client"), master(false)), false, kSubmitters, errors_)->keys);
  EXPECT_FALSE(master_setting(given_master(join("client", false), master()), false, kSubmitters, errors_)->keys);
  EXPECT_THAT(messages(errors_), IsEmpty());
  EXPECT_FALSE(master_setting(given_master(join("client"), master()), false, kSubmitters, errors_));
  EXPECT_FALSE(master_setting(given_master(join("client", false), master(false)), false, kSubmitters, errors_));
  EXPECT_THAT(messages(errors_), ElementsAre("--join: names a master, and so does --master; give one of them",
                                             "SHEAF_JOIN: names a master, and so does SHEAF_MASTER; give one of them"));
}

TEST_F(MasterSettingTest, RefusesAKeyForSomethingElse) {
  EXPECT_FALSE(master_setting(given_master(join("worker"), {}), false, kSubmitters, errors_));
  EXPECT_FALSE(master_setting(given_master(join("server"), {}), false, kSubmitters, errors_));
  EXPECT_FALSE(master_setting(given_master(join("missing"), {}), false, kSubmitters, errors_));
  EXPECT_THAT(
      messages(errors_),
      ElementsAre(
          file("worker") +
              ": its key is for the role \"worker\", and does not serve here; name the file of a key for: client or admin",
          file("server") +
              ": its key is for the role \"server\", and does not serve here; name the file of a key for: client or admin",
          ::testing::StartsWith(file("missing") + ": No such file or directory")));
}

}  // namespace
}  // namespace sheaf::cli
