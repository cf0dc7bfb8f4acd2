#include "common/cli/endpoint_setting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
                          "sheaf.toml: listen: \"tcp://h:1\": TCP without keys lets everybody in who reaches the port; use an "
                          "ipc:// endpoint, or add --insecure if that is meant",
                          "--listen: \"ipc://relative\" the path of an ipc endpoint starts with /; write it like "
                          "ipc:///run/user/1000/sheaf/master.sock or tcp://127.0.0.1:7077"));
}

}  // namespace
}  // namespace sheaf::cli
