#include "common/net/key_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/net/curve.h"
#include "tests/unit/temporary_directory.h"

namespace sheaf::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void replace_in(const std::string& path, const std::string& what, const std::string& with) {
  std::string text = text_of(path);
  const std::size_t at = text.find(what);
  ASSERT_NE(at, std::string::npos) << what;
  text.replace(at, what.size(), with);
  std::ofstream(path) << text;
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777U;
}

class KeyDirectoryTest : public testing::Test {
 protected:
  std::string path(const std::string& name = {}) const { return directory_ / ("keys" + (name.empty() ? "" : "/" + name)); }
  KeyDirectory make() {
    auto made = KeyDirectory::create(path(), "tcp://there:7077");
    EXPECT_TRUE(made) << (made ? "" : made.error().message());
    return std::move(*made);
  }
  /// What opening the directory says.
  std::string fault() const {
    const auto opened = KeyDirectory::open(path());
    return opened ? "" : opened.error().message();
  }
  std::string fault_of(const std::string& name) const {
    const auto file = read_key_file(path(name));
    if (file) return "";
    EXPECT_EQ(file.error().code, ErrorCode::kUsage);
    return file.error().message();
  }

  TemporaryDirectory directory_;
};

TEST(CurveTest, MakesPairsThatBelongTogether) {
  const KeyPair one = make_key_pair();
  const KeyPair other = make_key_pair();
  EXPECT_TRUE(check_key(one.public_key) && check_key(one.secret_key));
  EXPECT_EQ(public_key_of(one.secret_key), one.public_key);
  EXPECT_NE(one.secret_key, other.secret_key);
}

TEST(CurveTest, RefusesWhatIsNoKeyAndWhatEverybodyHas) {
  for (const char* key : {"", "short", "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
                          "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
                          "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~", "0000000000000000000000000000000000000000 "}) {
    const Status status = check_key(key);
    ASSERT_FALSE(status) << key;
    EXPECT_TRUE(std::string(key).empty() || status.error().message().find(key) == std::string::npos) << "it may be secret";
  }
}

TEST_F(KeyDirectoryTest, HoldsTheMastersKeyAndOneForEachRole) {
  const KeyDirectory made = make();
  EXPECT_EQ(mode_of(path()), 0700U);
  for (const char* name : {"server.toml", "peers.toml", "worker.toml", "client.toml", "admin.toml"}) {
    EXPECT_EQ(mode_of(path(name)), 0600U) << name;
  }
  const auto opened = KeyDirectory::open(path());
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened->server().secret_key, made.server().secret_key);
  ASSERT_EQ(opened->holders().size(), 3U);
  const auto worker = read_key_file(path("worker.toml"));
  ASSERT_TRUE(worker) << worker.error().message();
  EXPECT_EQ(worker->endpoint, "tcp://there:7077");
  EXPECT_EQ(worker->role, "worker");
  EXPECT_EQ(worker->server_key, made.server().public_key);
  EXPECT_EQ(worker->public_key, opened->holders()[0].public_key);
  EXPECT_EQ(opened->holders()[0].role, wire::KeyRole::kWorker);
  EXPECT_EQ(text_of(path("peers.toml")).find(worker->secret_key), std::string::npos);
  EXPECT_EQ(text_of(path("worker.toml")).find(made.server().secret_key), std::string::npos);
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0) << "a core dump would hold the secrets";
}

TEST_F(KeyDirectoryTest, AddsAndRevokes) {
  KeyDirectory keys = make();
  const auto file = keys.add(wire::KeyRole::kWorker, "node-2");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(*file, path("node-2.toml"));
  const std::string first_key = read_key_file(*file)->public_key;
  EXPECT_FALSE(keys.add(wire::KeyRole::kClient, "node-2")) << "the name is taken";
  ASSERT_TRUE(keys.revoke("node-2"));
  EXPECT_FALSE(std::filesystem::exists(*file));
  EXPECT_FALSE(keys.revoke("node-2"));
  EXPECT_FALSE(keys.revoke("nobody"));
  EXPECT_FALSE(KeyDirectory::open(path())->holders().back().revoked.empty());
  ASSERT_TRUE(keys.add(wire::KeyRole::kClient, "node-2")) << "free again";
  const auto opened = KeyDirectory::open(path());
  ASSERT_EQ(opened->holders().size(), 4U);
  EXPECT_EQ(opened->holders().back().role, wire::KeyRole::kClient);
  EXPECT_NE(opened->holders().back().public_key, first_key);
}

TEST_F(KeyDirectoryTest, KeepsWhatAnotherProcessHasChangedMeanwhile) {
  KeyDirectory keys = make();
  ASSERT_TRUE(KeyDirectory::open(path())->add(wire::KeyRole::kWorker, "from-another"));
  ASSERT_TRUE(keys.add(wire::KeyRole::kWorker, "from-here"));
  EXPECT_EQ(KeyDirectory::open(path())->holders().size(), 5U);
}

TEST_F(KeyDirectoryTest, RefusesNamesThatAreNoFilesOfItsOwn) {
  KeyDirectory keys = make();
  for (const char* name : {"", "../x", "a/b", "a b", "-x", "server", "peers", "a\nb", "a.b"}) {
    EXPECT_FALSE(keys.add(wire::KeyRole::kWorker, name)) << name;
  }
  EXPECT_FALSE(keys.add(wire::KeyRole::kWorker, std::string(65, 'x')));
}

TEST_F(KeyDirectoryTest, WantsAnEndpointThatOthersCanReach) {
  for (const char* endpoint : {"ipc:///run/m", "tcp://0.0.0.0:7077", "tcp://*:7077", "tcp://[::1]:7077", "tcp://::1:7077",
                               "tcp://ho\"st:7077", "tcp://a\nb:7077", "tcp://there:*", "there:7077", "tcp://there"}) {
    const auto made = KeyDirectory::create(path(), endpoint);
    ASSERT_FALSE(made) << endpoint;
    EXPECT_EQ(made.error().code, ErrorCode::kUsage);
  }
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(KeyDirectoryTest, NeverMakesKeysOverOthers) {
  const KeyDirectory made = make();
  const std::string before = text_of(path("server.toml"));
  const auto again = KeyDirectory::create(path(), "tcp://there:7077");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kOutput);
  EXPECT_EQ(text_of(path("server.toml")), before);
}

TEST_F(KeyDirectoryTest, GoesOnWhereItWasInterrupted) {
  // Goal: what a kill has left must not stand in the way of the next try.
  std::filesystem::create_directory(path());
  ::chmod(path().c_str(), 0700);
  std::ofstream(path("worker.toml")) << "half a f";
  std::ofstream(path("peers.toml.new")) << "half a l";
  EXPECT_THAT(fault(), HasSubstr("there are no keys"));
  KeyDirectory keys = make();
  EXPECT_EQ(fault_of("worker.toml"), "");
  std::ofstream(path("node-2.toml")) << "made, and not on the list";
  ASSERT_TRUE(keys.add(wire::KeyRole::kWorker, "node-2"));
  EXPECT_EQ(fault_of("node-2.toml"), "");
}

TEST_F(KeyDirectoryTest, WaitsForNothing) {
  make();
  std::filesystem::remove(path("peers.toml"));
  ASSERT_EQ(::mkfifo(path("peers.toml").c_str(), 0600), 0);
  EXPECT_THAT(fault(), HasSubstr("is no key file"));
  std::filesystem::remove(path("worker.toml"));
  ASSERT_EQ(::mkfifo(path("worker.toml").c_str(), 0600), 0);
  EXPECT_THAT(fault_of("worker.toml"), HasSubstr("is no key file"));
}

TEST_F(KeyDirectoryTest, RefusesWhatBelongsToAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  make();
  ASSERT_EQ(::chown(path("client.toml").c_str(), 65534, 65534), 0);
  EXPECT_THAT(fault_of("client.toml"), HasSubstr("belongs to another user"));
  ASSERT_EQ(::chown(path().c_str(), 65534, 65534), 0);
  EXPECT_THAT(fault(), HasSubstr("belongs to another user"));
}

TEST_F(KeyDirectoryTest, RefusesWhatOthersMayReadOrWrite) {
  make();
  for (const auto& [name, mode] : {std::pair{"server.toml", 0640U}, {"peers.toml", 0602U}, {"", 0711U}}) {
    const std::string file = name[0] == '\0' ? path() : path(name);
    const unsigned before = mode_of(file);
    ::chmod(file.c_str(), mode);
    EXPECT_THAT(fault(), HasSubstr("others than its owner")) << file;
    ::chmod(file.c_str(), before);
  }
  EXPECT_EQ(fault(), "");
  ::chmod(path("client.toml").c_str(), 0644);
  EXPECT_THAT(fault_of("client.toml"), HasSubstr("client.toml: others than its owner have rights to it (0644); chmod 600"));
}

TEST_F(KeyDirectoryTest, SaysWhatIsWrongWithAKeyFile) {
  const KeyDirectory keys = make();
  const std::string file = path("worker.toml");
  const std::string good = text_of(file);
  const KeyFile worker = *read_key_file(file);
  const auto spoilt = [&](const std::string& what, const std::string& with) {
    replace_in(file, what, with);
    std::string said = fault_of("worker.toml");
    std::ofstream(file) << good;
    return said;
  };
  EXPECT_THAT(spoilt("endpoint = \"tcp://there:7077\"\n", ""), HasSubstr("has no endpoint"));
  EXPECT_THAT(spoilt("tcp://there:7077", "tcp://there"), HasSubstr("is no host and port"));
  EXPECT_THAT(spoilt("tcp://there:7077", "ipc:///run/m"), HasSubstr("is no tcp:// endpoint"));
  EXPECT_THAT(spoilt("role = \"worker\"", "role = \"king\""), HasSubstr("\"king\" is no role"));
  EXPECT_THAT(spoilt(worker.public_key, keys.server().public_key), HasSubstr("do not belong together"));
  EXPECT_THAT(spoilt(worker.secret_key, "short"), HasSubstr("secret_key: is no key"));
  EXPECT_THAT(spoilt(worker.secret_key, "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"), HasSubstr("which everybody has"));
  EXPECT_THAT(spoilt("name = \"worker\"", "name = \"worker"), HasSubstr("line 4"));
  EXPECT_EQ(fault_of("worker.toml"), "");
  EXPECT_THAT(fault_of("missing.toml"), HasSubstr("No such file"));
  std::filesystem::create_directory(path("directory.toml"));
  ::chmod(path("directory.toml").c_str(), 0700);
  EXPECT_THAT(fault_of("directory.toml"), HasSubstr("is no key file"));
}

TEST_F(KeyDirectoryTest, SaysWhatIsWrongWithTheList) {
  const KeyDirectory keys = make();
  const std::string file = path("peers.toml");
  const std::string good = text_of(file);
  const auto spoilt = [&](const std::string& what, const std::string& with) {
    replace_in(file, what, with);
    std::string said = fault();
    std::ofstream(file) << good;
    return said;
  };
  EXPECT_THAT(spoilt("role = \"worker\"\n", ""), HasSubstr("peers.toml: worker: has no role"));
  EXPECT_THAT(spoilt("[worker]\n", "[worker]\nrevoked = \"\"\n"), HasSubstr("line 4: revoked"));
  EXPECT_THAT(spoilt("role = \"worker\"", "role = \"king\""), HasSubstr("line 4: role: is no role"));
  EXPECT_THAT(spoilt("[worker]", "[worker]\nshoe_size = 43"), HasSubstr("shoe_size"));
  EXPECT_THAT(spoilt(keys.holders()[0].public_key, keys.holders()[1].public_key), HasSubstr("has the same key as another one"));
  EXPECT_THAT(spoilt(keys.holders()[0].public_key, "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"),
              HasSubstr("which everybody has"));
  EXPECT_EQ(fault(), "");
  std::filesystem::remove(path("server.toml"));
  EXPECT_THAT(fault(), HasSubstr("there are no keys"));
}

}  // namespace
}  // namespace sheaf::net
