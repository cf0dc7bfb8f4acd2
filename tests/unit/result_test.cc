#include "common/base/result.h"

#include <gtest/gtest.h>

namespace sheaf {
namespace {

TEST(ResultTest, GivesEachKindOfTroubleItsName) {
  EXPECT_STREQ(error_code_name(ErrorCode::kInput), "input");
  EXPECT_STREQ(error_code_name(ErrorCode::kStopped), "stopped");
}

TEST(ResultTest, SaysWhoWhatAndWhatToDoOnOneLine) {
  EXPECT_EQ((Error{ErrorCode::kInput, "no such file", "clip.mp4", "check the name"}).message(),
            "clip.mp4: no such file; check the name");
  EXPECT_EQ((Error{ErrorCode::kInput, "no such file", {}, {}}).message(), "no such file");
  EXPECT_EQ((Error{ErrorCode::kInput, "no such file", "a\nb\x1b.mp4", {}}).message(), "a\\nb\\x1b.mp4: no such file");
}

TEST(ResultTest, PassesAnErrorOnAsAnother) {
  Result<int> number = fail(ErrorCode::kOutput, "exists", "out.mp4");
  const Status status = propagate(number);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error(), (Error{ErrorCode::kOutput, "exists", "out.mp4", {}}));
}

}  // namespace
}  // namespace sheaf
