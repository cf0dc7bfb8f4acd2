#include "common/runtime/private_state.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sheaf {
namespace {

namespace fs = std::filesystem;

class PrivateStateTest : public ::testing::Test {
 protected:
  PrivateStateTest() {
    std::string name = ::testing::TempDir() + "sheaf-state-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/out.mp4.sheaf";
  }
  ~PrivateStateTest() override { fs::remove_all(folder_); }

  std::string folder_;
  std::string path_;
};

TEST_F(PrivateStateTest, IsThereForThisUserAloneAndVanishesWithItsOwner) {
  {
    const auto state = PrivateState::open(path_);
    ASSERT_TRUE(state) << state.error().message();
    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0700u);
    std::ofstream(path_ + "/spool") << "results";
  }
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_TRUE(fs::exists(folder_));
}

TEST_F(PrivateStateTest, LetsNobodyElseMakeTheSameOutput) {
  const auto first = PrivateState::open(path_);
  ASSERT_TRUE(first);
  const auto second = PrivateState::open(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kOutput);
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(PrivateStateTest, TakesOverWhatAKilledCommandHasLeftWithoutItsContent) {
  fs::create_directory(path_);
  std::ofstream(path_ + "/sheaf-state").flush();
  std::ofstream(path_ + "/epoch") << "damaged";
  const auto state = PrivateState::open(path_);
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_FALSE(fs::exists(path_ + "/epoch"));
}

TEST_F(PrivateStateTest, RemovesWhatKilledCommandsHaveLeftBesideOneOfItsOwn) {
  const std::string left = folder_ + "/sheaf-own-killed";
  fs::create_directory(left);
  std::ofstream(left + "/sheaf-state").flush();
  const std::string unmarked = folder_ + "/sheaf-own-begins";
  fs::create_directory(unmarked);
  const auto first = PrivateState::make(folder_);
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(unmarked)) << "somebody may be about to use it";
  const auto second = PrivateState::make(folder_);
  ASSERT_TRUE(second);
  EXPECT_NE(first->path(), second->path());
  EXPECT_TRUE(fs::exists(first->path())) << "it is in use";
}

TEST_F(PrivateStateTest, LeavesSomebodyElsesFolderAlone) {
  fs::create_directory(path_);
  std::ofstream(path_ + "/notes.txt") << "mine";
  const auto state = PrivateState::open(path_);
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, ErrorCode::kState);
  EXPECT_TRUE(fs::exists(path_ + "/notes.txt"));
}

TEST_F(PrivateStateTest, RefusesALinkAndAFolderThatIsNotThere) {
  fs::create_directory(folder_ + "/elsewhere");
  fs::create_directory_symlink(folder_ + "/elsewhere", path_);
  const auto link = PrivateState::open(path_);
  ASSERT_FALSE(link);
  EXPECT_EQ(link.error().code, ErrorCode::kState);

  const auto missing = PrivateState::open(folder_ + "/no/such/out.mp4.sheaf");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kOutput);
}

}  // namespace
}  // namespace sheaf
