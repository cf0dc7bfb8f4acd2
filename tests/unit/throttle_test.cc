#include "common/runtime/throttle.h"

#include <gtest/gtest.h>

namespace sheaf {
namespace {

using namespace std::chrono_literals;

TEST(ThrottleTest, LetsOneThroughInAnIntervalAndCountsTheOthers) {
  const Instant start{1h};
  Throttle throttle(1s);
  EXPECT_EQ(throttle.pass(start), 0u);
  EXPECT_EQ(throttle.pass(start), std::nullopt);
  EXPECT_EQ(throttle.pass(start + 999ms), std::nullopt);
  EXPECT_EQ(throttle.pass(start + 1s), 2u);
  EXPECT_EQ(throttle.pass(start + 1500ms), std::nullopt);
  EXPECT_EQ(throttle.pass(start + 10s), 1u);
  EXPECT_EQ(throttle.pass(start + 20s), 0u);
}

}  // namespace
}  // namespace sheaf
