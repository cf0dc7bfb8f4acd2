#include "master/io/stage_children.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sheaf::master {
namespace {

TEST(StageChildrenTest, SaysThatItDoesNotHaveTheProgramOfAKind) {
  auto signals = SignalFd::open(SignalFd::Children::kReport);
  ASSERT_TRUE(signals);
  StageChildren stages("ipc:///nowhere", *signals, std::chrono::seconds(1));
  const Status started = stages.start(RunId{1}, "sheaf-stage-knitting", std::string(16, 't'), 1);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kUsage);
  EXPECT_THAT(started.error().where, testing::EndsWith("/sheaf-stage-knitting"));
  EXPECT_THAT(started.error().advice, testing::HasSubstr("--stage client"));
}

}  // namespace
}  // namespace sheaf::master
