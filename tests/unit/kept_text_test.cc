#include "common/runtime/kept_text.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/unit/temporary_directory.h"

namespace sheaf {
namespace {

class KeptTextTest : public testing::Test {
 protected:
  /// What is kept for `key`, and how often it has been made.
  std::string ask(const std::string& key) {
    return kept_text("name", key, [this] { return "made " + std::to_string(++made_); });
  }
  std::string file(const std::string& key) const { return cache_.path() + "/sheaf/name-" + key; }
  long files() const {
    return std::distance(std::filesystem::directory_iterator(cache_.path() + "/sheaf"), std::filesystem::directory_iterator());
  }

  TemporaryDirectory cache_;
  ScopedEnvironment variable_{"XDG_CACHE_HOME", cache_.path().c_str()};
  int made_ = 0;
};

TEST_F(KeptTextTest, IsMadeOnceForEachKey) {
  EXPECT_EQ(ask("a"), "made 1");
  EXPECT_EQ(ask("a"), "made 1");
  EXPECT_EQ(ask("b"), "made 2");
  EXPECT_EQ(ask("a"), "made 1");
}

TEST_F(KeptTextTest, IsMadeAgainWhenTheFileIsDamaged) {
  EXPECT_EQ(ask("a"), "made 1");
  const std::string content = [&] {
    std::ifstream in(file("a"));
    return std::string(std::istreambuf_iterator<char>(in), {});
  }();
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '\n') continue;  // What parts the digest from the text says nothing.
    std::string damaged = content;
    damaged[i] ^= 1;
    std::ofstream(file("a")) << damaged;
    const int before = made_;
    ask("a");
    EXPECT_EQ(made_, before + 1) << i;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{33}, content.size() - 1}) {
    const int before = made_;
    std::filesystem::resize_file(file("a"), size);
    ask("a");
    EXPECT_EQ(made_, before + 1) << size;
  }
}

TEST_F(KeptTextTest, IsNotReadThroughALink) {
  EXPECT_EQ(ask("a"), "made 1");
  std::filesystem::rename(file("a"), file("other"));
  std::filesystem::create_symlink(file("other"), file("a"));
  EXPECT_EQ(ask("a"), "made 2");
}

TEST_F(KeptTextTest, IsMadeEveryTimeWhereNothingCanBeKept) {
  for (const char* nowhere : {"/proc/nowhere", "relative"}) {
    const ScopedEnvironment cache("XDG_CACHE_HOME", nowhere);
    const ScopedEnvironment home("HOME", "");
    const int before = made_;
    ask("a");
    ask("a");
    EXPECT_EQ(made_, before + 2) << nowhere;
  }
}

TEST_F(KeptTextTest, TheOldestGoWhenThereAreTooMany) {
  for (int key = 0; key < 2 * kKeptTextsMax; ++key) {
    ask(std::to_string(key));
    // Files that are made within one tick of the clock are equally old.
    const auto time = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1000 - key);
    std::filesystem::last_write_time(file(std::to_string(key)), time);
  }
  EXPECT_EQ(files(), kKeptTextsMax);
  EXPECT_TRUE(std::filesystem::exists(file(std::to_string(2 * kKeptTextsMax - 1))));
  EXPECT_FALSE(std::filesystem::exists(file("0")));
}

}  // namespace
}  // namespace sheaf
