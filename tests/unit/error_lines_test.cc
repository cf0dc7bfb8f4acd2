#include "common/cli/error_lines.h"

#include <gtest/gtest.h>

namespace sheaf::cli {
namespace {

TEST(ErrorLinesTest, WritesOneLineACause) {
  const Error error{ErrorCode::kInput, "no such file", "a\x1b[2J.mp4", "check the name"};
  EXPECT_EQ(error_lines("sheaf video", {error, error, {ErrorCode::kFailed, "failed", "", ""}}),
            "sheaf video: a\\x1b[2J.mp4: no such file; check the name\nsheaf video: failed\n");
}

}  // namespace
}  // namespace sheaf::cli
