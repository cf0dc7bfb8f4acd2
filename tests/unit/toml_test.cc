#include "common/runtime/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/temporary_directory.h"

namespace sheaf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(TomlTest, GivesSettingsInTheOrderOfTheirLinesAsText) {
  const auto items = parse_toml(
      "# a comment\nz = 3\na = \"x#y\"  # another\n[video]\nlist = ['p', 2, 2.5, true]\nnone = []\n[video.deep]\nk = -1e3\n",
      "f");
  ASSERT_TRUE(items) << items.error().message();
  ASSERT_EQ(items->size(), 5U);
  EXPECT_EQ((*items)[0].key, "z");
  EXPECT_THAT((*items)[0].values, ElementsAre("3"));
  EXPECT_EQ((*items)[0].line, 2U);
  EXPECT_THAT((*items)[0].tables, IsEmpty());
  EXPECT_THAT((*items)[1].values, ElementsAre("x#y"));
  EXPECT_THAT((*items)[2].values, ElementsAre("p", "2", "2.5", "true"));
  EXPECT_THAT((*items)[2].tables, ElementsAre("video"));
  EXPECT_THAT((*items)[3].values, IsEmpty());
  EXPECT_THAT((*items)[4].tables, ElementsAre("video", "deep"));
  EXPECT_THAT((*items)[4].values, ElementsAre("-1000"));
}

TEST(TomlTest, SaysInWhichLineTheFaultIs) {
  for (const auto& [text, line] : {std::pair{"a = 1\nb = \"open\nc = 2\n", 2},
                                   {"a = 1\na = 2\n", 2},
                                   {"\n\na = 1979-05-27\n", 3},
                                   {"a = [[1], [2]]\n", 1},
                                   {"a\n", 1},
                                   {"[t]\nx = {y = 1979-05-27}\n", 2}}) {
    const auto items = parse_toml(text, "f.toml");
    ASSERT_FALSE(items) << text;
    EXPECT_EQ(items.error().code, ErrorCode::kUsage);
    EXPECT_THAT(items.error().where, HasSubstr("f.toml: line " + std::to_string(line))) << text << items.error().message();
  }
}

TEST(TomlTest, ReadsAnEmptyFileAndNoMissingOne) {
  const TemporaryDirectory directory;
  EXPECT_FALSE(read_toml_file(directory / "missing"));
  EXPECT_FALSE(read_toml_file(directory.path()));
  EXPECT_THAT(*parse_toml("", "f"), IsEmpty());
}

}  // namespace
}  // namespace sheaf
