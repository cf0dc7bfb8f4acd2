#include "common/base/exit_code.h"

#include <gtest/gtest.h>

#include <csignal>

namespace sheaf {
namespace {

TEST(ExitCodeTest, IsTheTableOfTheCommandLine) {
  EXPECT_EQ(exit_code(ErrorCode::kFailed), 1);
  EXPECT_EQ(exit_code(ErrorCode::kUsage), 2);
  EXPECT_EQ(exit_code(ErrorCode::kInput), 3);
  EXPECT_EQ(exit_code(ErrorCode::kOutput), 4);
  EXPECT_EQ(exit_code(ErrorCode::kCluster), 5);
  EXPECT_EQ(exit_code(ErrorCode::kState), 7);
  EXPECT_EQ(exit_code(ErrorCode::kStopped), 130);
  EXPECT_EQ(exit_code({{ErrorCode::kStopped, "stopped", {}, {}}}, SIGINT), 130);
  EXPECT_EQ(exit_code({{ErrorCode::kStopped, "stopped", {}, {}}}, SIGTERM), 143);
}

TEST(ExitCodeTest, PutsWrongUseBeforeEverythingElse) {
  const Error input{ErrorCode::kInput, "no such file", "a.mp4", ""};
  const Error output{ErrorCode::kOutput, "exists", "b.mp4", ""};
  const Error usage{ErrorCode::kUsage, "is no option", "--x", ""};
  EXPECT_EQ(exit_code({input, output}), 3);
  EXPECT_EQ(exit_code({output, input}), 4);
  EXPECT_EQ(exit_code({input, usage}), 2);
}

}  // namespace
}  // namespace sheaf
