// Short jobs are given to an executor ahead of a free slot; what waits too long goes back.
#include "common/wire/limits.h"
#include "tests/unit/worker_session_harness.h"
#include "worker/core/limits.h"

namespace sheaf::worker {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// A session whose executor 1 has just done a job in no time, and has jobs 2 to 6: one in its slot, the others behind.
class QuickExecutorTest : public ::testing::Test {
 protected:
  QuickExecutorTest() {
    harness_.begin();
    harness_.assign(1, 1);
    harness_.done(1, 1, 1, Blob::of("result"));
    for (std::uint64_t n = 2; n <= 6; ++n) harness_.assign(n, n, "job", std::nullopt);
    EXPECT_THAT(harness_.words(), ElementsAre("start job 6 in 1"));
  }
  SessionHarness harness_;
};

TEST_F(QuickExecutorTest, GetsItsJobsAhead) {
  harness_.done(1, 2, 2, Blob::of("result"));
  EXPECT_THAT(harness_.words(), ElementsAre("send result 2 done"));
  harness_.assign(7, 7, "job", std::nullopt);
  EXPECT_THAT(harness_.words(), ElementsAre("start job 7 in 1"));
}

TEST_F(QuickExecutorTest, GetsNoneAheadOnceAJobWasLong) {
  harness_.time(seconds(1));
  harness_.done(1, 2, 2, Blob::of("result"));
  harness_.assign(7, 7, "job", std::nullopt);
  EXPECT_THAT(harness_.words(), IsEmpty());
}

TEST_F(QuickExecutorTest, IsSuspectedOfTheJobInItsSlotAlone) {
  harness_.revoke(4, 4);
  EXPECT_THAT(harness_.words(), ElementsAre("cancel job 4 in 1"));
  harness_.lose(1);
  EXPECT_THAT(harness_.words(), ElementsAre("send result 2 executor lost", "send result 3 unstarted", "send result 5 unstarted",
                                            "send result 6 unstarted"));
}

TEST(WorkerSessionAheadTest, HandsBackWhatHasWaitedTooLongForASlot) {
  // Goal: it was given jobs as a quick worker, and the first one turns out to take long. Others may be free.
  SessionHarness harness;
  harness.begin();
  harness.assign(1, 1);
  for (std::uint64_t n = 2; n <= 5; ++n) harness.assign(n, n, "job", std::nullopt);
  EXPECT_EQ(harness.session().next_deadline(), harness.now() + kQueuedMax);
  harness.time(kQueuedMax - milliseconds(1));
  EXPECT_THAT(harness.words(), IsEmpty());
  harness.time(kQueuedMax);
  EXPECT_THAT(harness.words(), ElementsAre("send result 5 unstarted", "send result 4 unstarted"));
  harness.ack(4, 4);
  harness.ack(5, 5);
  harness.time(2 * kQueuedMax);
  EXPECT_THAT(harness.words(), Not(Contains(HasSubstr("unstarted")))) << "its prefetch of 2 it keeps";
  harness.done(1, 1, 1, Blob::of("result"));
  EXPECT_THAT(harness.words(), ElementsAre("send result 1 done", "start job 2 in 1"));
}

}  // namespace
}  // namespace sheaf::worker
