#include "common/kinds/kinds.h"

#include <gtest/gtest.h>

#include <set>

namespace sheaf {
namespace {

TEST(KindsTest, NamesEachKindOnceAndItsProgramsAsTheyAreFound) {
  std::set<std::string_view> names;
  for (const Kind& kind : all_kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_EQ(find_kind(kind.name), &kind);
    EXPECT_TRUE(kind.stage_program.starts_with("sheaf-stage-")) << kind.name;
    EXPECT_TRUE(kind.executor_program.starts_with("sheaf-executor")) << kind.name;
  }
  EXPECT_EQ(find_kind("knitting"), nullptr);
  EXPECT_EQ(find_kind(""), nullptr);
}

TEST(KindsTest, KnowsWhatMayBeDoneToAVideo) {
  const Kind& video = *find_kind("video");
  EXPECT_TRUE(video.deterministic && video.second_attempt && video.binds_fingerprint);
  EXPECT_FALSE(video.divisible);
}

TEST(KindsTest, NeverLetsACommandRunTwice) {
  const Kind& command = *find_kind("command");
  EXPECT_FALSE(command.deterministic || command.second_attempt || command.divisible || command.binds_fingerprint);
  EXPECT_TRUE(command.runs_commands);
}

}  // namespace
}  // namespace sheaf
