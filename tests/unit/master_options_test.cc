#include "master/io/master_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/environment.h"

namespace sheaf::master {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Reading {
  MasterOptions options;
  std::vector<std::string> faults;
};

Reading read(std::vector<std::string> words, const std::map<std::string, std::string>& variables = {}) {
  Reading reading;
  std::vector<Error> errors;
  reading.options = read_master_options(std::move(words), cli::environment_of(variables), errors);
  for (const Error& error : errors) {
    EXPECT_EQ(error.code, ErrorCode::kUsage) << error.message();
    reading.faults.push_back(error.message());
  }
  return reading;
}

TEST(MasterOptionsTest, ReadsWhatItIsTold) {
  const Reading reading = read({"--listen", "tcp://127.0.0.1:7077", "--insecure"}, {{"SHEAF_STATE", "/var/tmp/s"}});
  EXPECT_THAT(reading.faults, IsEmpty());
  EXPECT_EQ(reading.options.server.listen.address, "tcp://127.0.0.1:7077");
  EXPECT_EQ(reading.options.server.state, "/var/tmp/s");
  EXPECT_TRUE(reading.options.server.warn_insecure);
  EXPECT_FALSE(reading.options.server.has_lifeline);
  EXPECT_FALSE(read({"--listen", "ipc:///tmp/m", "--insecure"}).options.server.warn_insecure);
  EXPECT_TRUE(read({"--listen", "ipc:///tmp/m", "--lifeline"}).options.server.has_lifeline);
  EXPECT_EQ(read({"--lease", "2s"}).options.server.lease, std::chrono::seconds(2));
}

TEST(MasterOptionsTest, SaysAllThatIsWrongAtOnce) {
  EXPECT_THAT(
      read({"--listen", "tcp://127.0.0.1:7077", "--state", "", "--liste", "x"}, {{"SHEAF_INSECURE", "perhaps"}}).faults,
      ElementsAre("--liste: is no option; did you mean --listen?", "SHEAF_INSECURE: \"perhaps\" is neither true nor false",
                  StartsWith("--listen: \"tcp://127.0.0.1:7077\": TCP without keys"),
                  "--state: is empty; name a directory of the master's own"));
  EXPECT_THAT(read({"--listen", "ipc:///tmp/m", "extra"}).faults,
              ElementsAre("extra: does not belong here; see sheaf-master --help"));
}

}  // namespace
}  // namespace sheaf::master
