// A worker's lease, and the jobs that it may do only under it.

#include "tests/unit/worker_session_harness.h"

namespace sheaf::worker {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

/// One executor that is ready, and a lease of 60 s that is good for 30 s from the Hello at 0 s.
class WorkerSessionLeaseTest : public testing::Test {
 protected:
  WorkerSessionLeaseTest() { harness_.begin(); }
  /// The round trip of a renewal at `when`.
  void renew_at(Duration when) {
    harness_.time(when);
    harness_.renew(harness_.mark());
  }
  SessionHarness harness_;
};

TEST_F(WorkerSessionLeaseTest, HasItsFirstLeaseFromTheTimeOfItsHello) {
  EXPECT_THAT(harness_.take_leases(), ElementsAre(at(seconds(30))));
}

TEST_F(WorkerSessionLeaseTest, AsksForRenewalEverySixteenthAndCountsFromWhenItAsked) {
  harness_.take_leases();
  const std::uint64_t first = harness_.mark();
  harness_.time(milliseconds(3749));
  EXPECT_EQ(harness_.mark(), first);
  harness_.time(milliseconds(3750));
  EXPECT_NE(harness_.mark(), first);
  const std::uint64_t asked = harness_.mark();
  harness_.renew(first);  // Nothing new, or the master would be given up as silent.
  harness_.time(milliseconds(4500));
  harness_.renew(asked);  // Its answer was 750 ms on its way.
  EXPECT_THAT(harness_.take_leases(), ElementsAre(at(milliseconds(33'750))));
}

TEST_F(WorkerSessionLeaseTest, IgnoresMarksThatItDidNotSendOrThatAreOfNoUseAnyMore) {
  harness_.take_leases();
  const std::uint64_t hello = harness_.mark();
  harness_.renew(hello);           // Answered already.
  harness_.renew(hello + 86'400);  // In the future.
  harness_.renew(0);
  EXPECT_THAT(harness_.take_leases(), IsEmpty());

  harness_.time(milliseconds(3750));
  const std::uint64_t older = harness_.mark();
  harness_.renew(hello + 1);
  harness_.time(milliseconds(7500));
  harness_.renew(harness_.mark());
  EXPECT_THAT(harness_.take_leases(), ElementsAre(at(milliseconds(37'500))));
  harness_.renew(older);
  EXPECT_THAT(harness_.take_leases(), IsEmpty()) << "a lease never becomes shorter";
}

TEST_F(WorkerSessionLeaseTest, GivesUpWhatItWasGivenBeforeTheMasterTookItForAnother) {
  // Goal: a Hello that was repeated made the master take this worker for lost, with what was on its way to it, and welcome it
  // anew. The master then knows nothing of that job here, and gives it to somebody else when the lease is over.
  harness_.time(seconds(1));
  harness_.assign_leased(1, 1);
  EXPECT_THAT(harness_.words(), Contains("start job 1 in 1"));
  harness_.take_leases();
  harness_.welcome(1, 2);
  EXPECT_THAT(harness_.words(), Contains("cancel job 1 in 1"));
  harness_.time(milliseconds(3750));
  harness_.renew(harness_.mark());
  EXPECT_THAT(harness_.take_leases(), IsEmpty()) << "under a longer lease it could go on";
  harness_.done(1, 1, 1, fail(ErrorCode::kStopped, "was ended"));
  EXPECT_THAT(harness_.words(), Contains("send result 1 lease ended"));
  harness_.time(milliseconds(7500));
  harness_.renew(harness_.mark());
  EXPECT_THAT(harness_.take_leases(), ElementsAre(at(milliseconds(37'500))));
}

TEST_F(WorkerSessionLeaseTest, AnswersForWhatRanWhenItsLeaseIsOver) {
  harness_.assign_leased(1, 1);
  EXPECT_THAT(harness_.words(), Contains("start job 1 in 1"));
  harness_.assign_leased(2, 2);
  harness_.time(seconds(30));
  EXPECT_THAT(harness_.words(), Contains("cancel job 1 in 1"));
  EXPECT_THAT(harness_.words(), Not(Contains("start job 2 in 1")));
  harness_.done(1, 1, 1, fail(ErrorCode::kStopped, "was ended"));
  EXPECT_THAT(harness_.words(), IsEmpty()) << "there is no link, and job 2 was given up";

  harness_.welcome(1);
  EXPECT_THAT(harness_.words(), Contains("send result 1 lease ended"));
  EXPECT_THAT(harness_.words(), Contains("send result 2 unstarted"));
}

TEST_F(WorkerSessionLeaseTest, KeepsTheResultOfWhatEndedInTime) {
  harness_.assign_leased(1, 1);
  harness_.time(seconds(30));
  harness_.done(1, 1, 1, JobOutput(Blob::of("result"), {}));
  harness_.welcome(1);
  EXPECT_THAT(harness_.words(), Contains("send result 1 done"));
}

TEST_F(WorkerSessionLeaseTest, HasNoNewLeaseBeforeTheLastOfTheOldHasEnded) {
  harness_.take_leases();
  harness_.assign_leased(1, 1);
  harness_.time(seconds(30));
  harness_.welcome(1);
  EXPECT_THAT(harness_.take_leases(), IsEmpty());
  harness_.assign_leased(3, 3);
  harness_.done(1, 1, 1, fail(ErrorCode::kStopped, "was ended"));
  EXPECT_THAT(harness_.words(), Not(Contains("start job 3 in 1")));
  renew_at(seconds(32));
  EXPECT_THAT(harness_.words(), Contains("start job 3 in 1"));
  EXPECT_THAT(harness_.take_leases(), Not(IsEmpty()));
}

TEST_F(WorkerSessionLeaseTest, DoesWhatMayRunTwiceWithoutALease) {
  harness_.assign(1, 1);
  harness_.time(seconds(30));
  EXPECT_THAT(harness_.words(), Not(Contains("cancel job 1 in 1")));
  harness_.assign(2, 2);
  harness_.welcome(1);
  harness_.done(1, 1, 1, JobOutput(Blob::of("result"), {}));
  EXPECT_THAT(harness_.words(), Contains("send result 1 done"));
}

TEST_F(WorkerSessionLeaseTest, HandsBackWhatHadNotBegunBeforeItLeaves) {
  harness_.assign_leased(1, 1);
  harness_.assign_leased(2, 2);
  Actions actions;
  harness_.session().leave(harness_.now(), Error{ErrorCode::kStopped, "stopped by SIGINT", {}, {}}, 130, actions);
  ASSERT_EQ(actions.size(), 4U);
  EXPECT_TRUE(std::get<SendMessage>(actions[0]).message.envelope.has_draining());
  const v1::JobResults results = std::get<SendMessage>(actions[1]).message.envelope.results();
  ASSERT_EQ(results.results_size(), 1);
  EXPECT_EQ(results.results(0).job().seq(), 2U);
  EXPECT_EQ(results.results(0).outcome(), v1::OUTCOME_UNSTARTED);
  EXPECT_TRUE(std::get<SendMessage>(actions[2]).message.envelope.has_goodbye());
}

}  // namespace
}  // namespace sheaf::worker
