#include "tests/unit/scheduler_harness.h"

namespace sheaf::master {
namespace {

class FencingTest : public testing::Test {
 protected:
  // Job 0 has two attempts: A's, whose link was lost, and B's.
  void SetUp() override {
    harness_.open_run();
    harness_.step(WorkerJoined{.worker = kA});
    harness_.feed(0, 1);
    harness_.step(WorkerLost{kA});
    harness_.step(WorkerJoined{.worker = kB});
    harness_.step(WorkerJoined{.worker = kC});  // A's new link.
    harness_.forget_actions();
  }
  SchedulerHarness harness_;
};

TEST_F(FencingTest, CommitsTheFirstResultOfAnyIssuedAttempt) {
  harness_.done(kC, job(0), try_no(1));
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_commit(job(0), try_no(1)), is_revoke(kB, job(0), try_no(2))));
}

TEST_F(FencingTest, ComparesTheSecondResultAndDropsIt) {
  harness_.commit(kB, job(0), try_no(2));
  harness_.forget_actions();
  harness_.done(kC, job(0), try_no(1));
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_drop(kC, job(0), try_no(1)), is_ack(kC, job(0), try_no(1))));
  EXPECT_EQ(harness_.stats().late_answers, 1U);
  EXPECT_EQ(harness_.stats().alarms, 0U);
}

TEST_F(FencingTest, RaisesAnAlarmWhenADeterministicJobHasTwoDigests) {
  for (const bool is_durable : {false, true}) {
    harness_ = SchedulerHarness();
    SetUp();
    harness_.done(kB, job(0), try_no(2));
    if (is_durable) harness_.step(CommitDone{job(0), try_no(2)});
    harness_.forget_actions();
    const Digest other{0, 8};
    harness_.done(kC, job(0), try_no(1), other);
    EXPECT_THAT(harness_.take_actions(), ElementsAre(testing::VariantWith<Alarm>(Alarm{job(0), kDigest, other}),
                                                     is_drop(kC, job(0), try_no(1)), is_ack(kC, job(0), try_no(1))));
  }
}

TEST(SchedulerTest, DoesNotCompareWhatNeedNotBeEqual) {
  SchedulerHarness harness;
  harness.open_run({.run = kRun});
  harness.step(WorkerJoined{.worker = kA});
  harness.feed(0, 1);
  harness.commit(kA, job(0), try_no(1));
  harness.forget_actions();
  harness.done(kA, job(0), try_no(1), {0, 99});
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_drop(kA, job(0), try_no(1)), is_ack(kA, job(0), try_no(1))));
}

TEST_F(FencingTest, AcknowledgesOnlyWhatIsDurable) {
  harness_.done(kB, job(0), try_no(2));
  EXPECT_THAT(harness_.take_actions(), Not(Contains(is_any<AckResult>())));
  harness_.done(kB, job(0), try_no(2));  // Sent again: still not acknowledged, and its bytes are in use.
  EXPECT_THAT(harness_.take_actions(), IsEmpty());
  EXPECT_EQ(harness_.stats().duplicate_answers, 1U);
  harness_.step(CommitDone{job(0), try_no(2)});
  EXPECT_THAT(harness_.take_actions(),
              ElementsAre(is_ack(kB, job(0), try_no(2)), is_release_payload(job(0)), is_deliver(job(0))));
}

TEST_F(FencingTest, DoesNotAcknowledgeToAWorkerThatIsGone) {
  harness_.done(kB, job(0), try_no(2));
  harness_.step(WorkerLost{kB});
  harness_.forget_actions();
  harness_.step(CommitDone{job(0), try_no(2)});
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_release_payload(job(0)), is_deliver(job(0))));
}

TEST_F(FencingTest, NeverCommitsWhatWasNotIssued) {
  const Attempt never_issued{1, 3};
  const Attempt of_another_epoch{2, 1};
  for (const Attempt attempt : {never_issued, of_another_epoch}) {
    harness_.done(kC, job(0), attempt);
    EXPECT_THAT(harness_.take_actions(), ElementsAre(is_drop(kC, job(0), attempt), is_ack(kC, job(0), attempt)));
  }
  harness_.done(kC, job(7), try_no(1));              // A job that was never fed.
  harness_.done(kC, {RunId{9}, {0, 0}}, try_no(1));  // A run that never was.
  EXPECT_THAT(harness_.take_actions(), Not(Contains(is_any<Commit>())));
  harness_.done(WorkerId{77}, job(0), try_no(1));  // A worker that never was: there is nobody to acknowledge to.
  EXPECT_THAT(harness_.take_actions(), IsEmpty());
  EXPECT_EQ(harness_.stats().stale_answers, 5U);
  EXPECT_EQ(harness_.stats().late_answers, 0U);
}

TEST_F(FencingTest, TakesAnAttemptOfOneJobForNoOther) {
  harness_.feed(1, 1);
  const std::vector<Assign> assigns = harness_.take_all<Assign>();
  ASSERT_EQ(assigns.size(), 1U);
  harness_.done(kC, job(0), assigns[0].attempt);
  EXPECT_THAT(harness_.take_actions(), Not(Contains(is_any<Commit>())));
}

TEST_F(FencingTest, DropsTheAnswerToAnAcceptedJob) {
  harness_.commit(kB, job(0), try_no(2));
  harness_.step(ResultAccepted{job(0)});
  harness_.forget_actions();
  harness_.done(kC, job(0), try_no(1), {0, 99});
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_drop(kC, job(0), try_no(1)), is_ack(kC, job(0), try_no(1))));
  EXPECT_EQ(harness_.stats().late_answers, 1U);
}

TEST_F(FencingTest, TakesNoAnswerToTheOldPayloadForTheNewOne) {
  harness_.commit(kB, job(0), try_no(2));
  harness_.step(RedoAsked{job(0), 1, 20, "wrong seam"});
  harness_.forget_actions();
  harness_.done(kC, job(0), try_no(1));
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_drop(kC, job(0), try_no(1)), is_ack(kC, job(0), try_no(1))));
  EXPECT_EQ(harness_.stats().late_answers, 1U);
}

TEST_F(FencingTest, IgnoresTheFailureOfAnAttemptThatIsGone) {
  harness_.step(JobFailed{.worker = kC, .job = job(0), .attempt = try_no(1), .retryable = false, .reason = "late"});
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_ack(kC, job(0), try_no(1))));
  EXPECT_FALSE(harness_.run().stopped);
  EXPECT_EQ(harness_.stats().late_answers, 1U);
}

TEST(SchedulerTest, BearsTheEpochInItsAttempts) {
  SchedulerHarness harness({.epoch = 5});
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA});
  harness.feed(0, 1);
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_assign(kA, job(0), {5, 1})));
}

}  // namespace
}  // namespace sheaf::master
