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

TEST_F(QuickExecutorTest, GivesBackWhatWaitsBehindAJobThatTakesLong) {
  EXPECT_EQ(harness_.session().next_deadline(), harness_.now() + kQueuedMax);
  harness_.revoke(4, 4);
  harness_.time(kQueuedMax);
  EXPECT_THAT(harness_.words(),
              ElementsAre("ask for job 3 back from 1", "ask for job 5 back from 1", "ask for job 6 back from 1"));
  harness_.done(1, 6, 6, fail(ErrorCode::kStopped, "cancelled"));
  EXPECT_THAT(harness_.words(), ElementsAre("send result 6 unstarted"));
  harness_.done(1, 3, 3, Blob::of("result"));  // It had begun after all.
  EXPECT_THAT(harness_.words(), ElementsAre("send result 3 done"));
  harness_.time(4 * kQueuedMax);
  EXPECT_THAT(harness_.words(), Not(Contains(HasSubstr("ask")))) << "once is enough";
}

TEST(WorkerSessionAheadTest, GivesNothingAheadWhileAnotherProgramWaits) {
  // Goal: one program's short jobs must not keep the other's from the next slot.
  SessionConfig config = SessionHarness::one_slot();
  config.programs = 2;
  config.executors = 2;
  SessionHarness harness(config);
  harness.ready(1);
  harness.ready(2, ExecutorFacts{1, {{"other", "fingerprint"}}});
  harness.welcome(1);
  harness.assign(1, 1);
  harness.done(1, 1, 1, Blob::of("result"));
  harness.assign(2, 2, "job", std::nullopt);
  EXPECT_THAT(harness.words(), ElementsAre("start job 2 in 1"));
  harness.assign_kind("other", 8, 8);
  harness.assign_kind("other", 9, 9);
  harness.assign(3, 3);
  EXPECT_THAT(harness.words(), IsEmpty());
  harness.revoke(9, 9);
  EXPECT_THAT(harness.words(), Contains("start job 3 in 1"));
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
