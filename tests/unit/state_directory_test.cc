#include "master/io/state_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ctime>
#include <fstream>

#include "tests/unit/temporary_directory.h"

namespace sheaf::master {
namespace {

/// Begins the number of an epoch beyond what the clock gives.
const std::string kFarEpoch = "90000000000000";

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

TEST(StateDirectoryTest, BeginsANewEpochWithEveryMaster) {
  const TemporaryDirectory directory;
  const std::string path = directory / "deep/state";
  Epoch last{static_cast<std::uint64_t>(std::time(nullptr)) - 1};  // Also a removed state must not bring an old epoch back.
  for (int i = 0; i < 3; ++i) {
    const auto state = StateDirectory::open(path);
    ASSERT_TRUE(state);
    EXPECT_GT(state->epoch(), last);
    EXPECT_EQ(state->path(), path);
    last = state->epoch();
  }
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST(StateDirectoryTest, BelongsToOneMasterAtATime) {
  const TemporaryDirectory directory;
  write_file(directory / "epoch", kFarEpoch + "00\n");
  {
    const auto first = StateDirectory::open(directory.path());
    ASSERT_TRUE(first);
    const auto second = StateDirectory::open(directory.path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kState);
    EXPECT_NE(second.error().what.find("another master"), std::string::npos);
  }
  // The refused one has used no epoch up.
  EXPECT_EQ(std::to_string(StateDirectory::open(directory.path())->epoch().value), kFarEpoch + "02");
}

TEST(StateDirectoryTest, GuessesNoEpochFromADamagedFile) {
  for (const std::string& text : {std::string(), std::string("seven\n"), std::string("7"), std::string("7x\n"),
                                  std::string("99999999999999999999999\n"), std::string(100, '1')}) {
    const TemporaryDirectory directory;
    write_file(directory / "epoch", text);
    const auto state = StateDirectory::open(directory.path());
    ASSERT_FALSE(state) << text;
    EXPECT_EQ(state.error().code, ErrorCode::kState);
    EXPECT_EQ(state.error().where, directory / "epoch");
  }
}

TEST(StateDirectoryTest, DoesNotMindAHalfWrittenSuccessor) {
  const TemporaryDirectory directory;
  write_file(directory / "epoch", kFarEpoch + "07\n");
  write_file(directory / "epoch.new", "garb");  // A power cut came before it got its name.
  EXPECT_EQ(std::to_string(StateDirectory::open(directory.path())->epoch().value), kFarEpoch + "08");
}

TEST(StateDirectoryTest, NamesAPlaceThatCannotHoldIt) {
  const TemporaryDirectory directory;
  write_file(directory / "file", "");
  const auto state = StateDirectory::open(directory / "file");
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, ErrorCode::kState);
  EXPECT_EQ(state.error().where, directory / "file");
}

TEST(StateDirectoryTest, LiesWhereTheUsersStateLies) {
  const ScopedEnvironment home("HOME", "/home/somebody");
  {
    const ScopedEnvironment state("XDG_STATE_HOME", nullptr);
    EXPECT_EQ(default_state_directory(), "/home/somebody/.local/state/sheaf/master");
  }
  const ScopedEnvironment state("XDG_STATE_HOME", "/elsewhere");
  EXPECT_EQ(default_state_directory(), "/elsewhere/sheaf/master");
}

}  // namespace
}  // namespace sheaf::master
