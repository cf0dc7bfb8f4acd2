#include "common/runtime/private_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "tests/unit/temporary_directory.h"

namespace sheaf {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
}

TEST(PrivateDirectoryTest, LetsOnlyThisUserInAndGoesWithItsOwner) {
  const TemporaryDirectory runtime;
  const ScopedEnvironment variable("XDG_RUNTIME_DIR", runtime.path().c_str());
  std::string path;
  {
    auto made = PrivateDirectory::make();
    ASSERT_TRUE(made);
    path = made->path();
    EXPECT_TRUE(path.starts_with(runtime.path() + "/"));
    EXPECT_EQ(mode_of(path), 0700u);
    std::filesystem::create_directory(path + "/inside");
    const PrivateDirectory moved = std::move(*made);
    EXPECT_EQ(moved.path(), path);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(PrivateDirectoryTest, FallsBackToTmp) {
  const std::string long_name = "/tmp/" + std::string(100, 'x');  // A socket in it would have no address.
  for (const char* unusable : {"/no/such/directory", "relative", "", long_name.c_str()}) {
    const ScopedEnvironment variable("XDG_RUNTIME_DIR", unusable);
    const auto made = PrivateDirectory::make();
    ASSERT_TRUE(made) << unusable;
    EXPECT_TRUE(made->path().starts_with("/tmp/sheaf-")) << made->path();
  }
}

TEST(PrivateDirectoryTest, MakesTheUsersOwnMeetingPlaceOnce) {
  const TemporaryDirectory runtime;
  const ScopedEnvironment variable("XDG_RUNTIME_DIR", runtime.path().c_str());
  const auto first = user_socket_directory();
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, runtime / "sheaf");
  EXPECT_EQ(mode_of(*first), 0700u);
  EXPECT_EQ(user_socket_directory(), first);
}

TEST(PrivateDirectoryTest, RefusesAMeetingPlaceThatOthersMayEnter) {
  const TemporaryDirectory runtime;
  const ScopedEnvironment variable("XDG_RUNTIME_DIR", runtime.path().c_str());
  std::filesystem::create_directory(runtime / "sheaf");
  ASSERT_EQ(::chmod((runtime / "sheaf").c_str(), 0755), 0);
  const auto open_to_all = user_socket_directory();
  ASSERT_FALSE(open_to_all);
  EXPECT_EQ(open_to_all.error().where, runtime / "sheaf");
}

TEST(PrivateDirectoryTest, RefusesALinkInItsPlace) {
  const TemporaryDirectory runtime;
  const TemporaryDirectory elsewhere;
  const ScopedEnvironment variable("XDG_RUNTIME_DIR", runtime.path().c_str());
  std::filesystem::create_directory_symlink(elsewhere.path(), runtime / "sheaf");
  EXPECT_FALSE(user_socket_directory());
}

}  // namespace
}  // namespace sheaf
