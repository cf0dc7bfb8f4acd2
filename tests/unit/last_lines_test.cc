#include "worker/spawner/last_lines.h"

#include <gtest/gtest.h>

namespace sheaf::worker {
namespace {

TEST(LastLinesTest, GivesTheLastLinesFromTheFirstWholeOne) {
  EXPECT_EQ(last_lines("one\ntwo\nthree\n", 100), "one\ntwo\nthree\n");
  EXPECT_EQ(last_lines("one\ntwo\nthree\n", 8), "three\n");
  EXPECT_EQ(last_lines("onelongline", 4), "line");
  EXPECT_EQ(last_lines("longline\n", 3), "ne\n");
}

}  // namespace
}  // namespace sheaf::worker
