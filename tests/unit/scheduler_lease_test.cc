// Runs whose jobs may not run in two copies: a job whose worker does not answer is given out again only when its lease is over.

#include "tests/unit/scheduler_harness.h"

namespace sheaf::master {
namespace {

constexpr RunId kLeasedRun{7};
constexpr Duration kRevoked = 120s;  ///< SchedulerConfig: lease and revoked_max.

JobId leased_job(std::uint64_t seq) {
  return {kLeasedRun, {seq, 0}};
}

/// A run whose jobs may not run twice, with `jobs` jobs of which worker A has the first.
class SchedulerLeaseTest : public testing::Test {
 protected:
  explicit SchedulerLeaseTest(std::uint64_t jobs = 1) {
    harness_.open_run({.run = kLeasedRun});
    harness_.step(0s, WorkerJoined{.worker = kA});
    harness_.feed(0, jobs, 10, kLeasedRun);
    EXPECT_THAT(harness_.take_actions(), ElementsAre(is_assign(kA, leased_job(0), try_no(1))));
  }
  RunView run() { return harness_.scheduler().run(kLeasedRun).value(); }
  /// B is there, and gets the job when `end` has come and not before.
  void expect_free_at(Duration end, Attempt attempt) {
    EXPECT_THAT(harness_.take_all<Assign>(), IsEmpty());
    EXPECT_EQ(run().jobs_leased, 1U);
    EXPECT_EQ(run().jobs_waiting + run().jobs_running, 0U);
    harness_.step(end - 1ns, WorkerHeard{kB});
    harness_.step(TimePassed{});
    EXPECT_THAT(harness_.take_all<Assign>(), IsEmpty());
    harness_.step(end, TimePassed{});
    EXPECT_THAT(harness_.take_all<Assign>(), ElementsAre(Assign{kB, leased_job(0), attempt}));
    EXPECT_EQ(run().jobs_leased, 0U);
  }

  SchedulerHarness harness_;
};

TEST_F(SchedulerLeaseTest, GivesTheJobOfASilentWorkerAwayWhenItsLeaseIsOver) {
  harness_.step(3s, WorkerHeard{kA});
  harness_.step(5s, WorkerJoined{.worker = kB});
  harness_.step(7s, TimePassed{});
  EXPECT_EQ(harness_.stats().workers_expired, 1U);
  EXPECT_EQ(harness_.stats().requeued, 0U);
  harness_.step(8s, WorkerHeard{kB});
  expect_free_at(63s, try_no(2));
  EXPECT_EQ(harness_.stats().requeued, 1U);
  EXPECT_EQ(harness_.stats().leases_ended, 1U);
}

TEST_F(SchedulerLeaseTest, GivesTheJobOfALostWorkerAwayWhenItsLeaseIsOver) {
  harness_.step(3s, WorkerHeard{kA});
  harness_.step(5s, WorkerJoined{.worker = kB});
  harness_.step(5s, WorkerLost{kA});
  expect_free_at(63s, try_no(2));
}

TEST_F(SchedulerLeaseTest, DoesNotTakeAGoodbyeForTheEndOfWhatRuns) {
  harness_.step(5s, WorkerJoined{.worker = kB});
  harness_.step(5s, WorkerHeard{kA});
  harness_.step(5s, WorkerLeft{kA});
  expect_free_at(65s, try_no(2));
}

TEST_F(SchedulerLeaseTest, KeepsTheLeaseOfAWorkerThatIsSilentAndThenLost) {
  harness_.step(4s, TimePassed{});
  harness_.step(30s, WorkerJoined{.worker = kB});
  harness_.step(30s, WorkerLost{kA});
  expect_free_at(60s, try_no(2));
}

TEST_F(SchedulerLeaseTest, WakesForTheEndOfTheFirstLease) {
  harness_.step(WorkerLost{kA});
  EXPECT_EQ(harness_.scheduler().next_deadline(), Instant(60s));
  harness_.step(60s, TimePassed{});
  EXPECT_EQ(harness_.scheduler().next_deadline(), std::nullopt);
}

TEST_F(SchedulerLeaseTest, GoesOnWithAWorkerThatIsHeardWithinTheLease) {
  harness_.step(4s, TimePassed{});
  harness_.step(40s, WorkerHeard{kA});
  EXPECT_EQ(run().jobs_running, 1U);
  EXPECT_EQ(run().jobs_leased, 0U);
  harness_.forget_actions();
  harness_.done(kA, leased_job(0), try_no(1));
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_commit(leased_job(0), try_no(1))));
}

TEST_F(SchedulerLeaseTest, GoesOnWithAWorkerThatConnectsAgainWithinTheLease) {
  harness_.step(WorkerLost{kA});
  harness_.step(40s, WorkerJoined{.worker = kC, .running = {{leased_job(0), try_no(1)}}});
  EXPECT_THAT(harness_.take_actions(), IsEmpty());
  EXPECT_EQ(run().jobs_running, 1U);
  EXPECT_EQ(harness_.scheduler().next_deadline(), Instant(44s)) << "the lease is its worker's again";
}

TEST_F(SchedulerLeaseTest, FreesAJobAtOnceThatItsWorkerAnswersFor) {
  // It was lost, and has not named the attempt when it came back: its answer was under way.
  harness_.step(WorkerLost{kA});
  harness_.step(5s, WorkerJoined{.worker = kC});
  EXPECT_THAT(harness_.take_actions(), IsEmpty());
  harness_.step(JobFailed{.worker = kC, .job = leased_job(0), .attempt = try_no(1), .kind = FailureKind::kUnstarted});
  EXPECT_THAT(harness_.take_actions(),
              ElementsAre(is_ack(kC, leased_job(0), try_no(1)), is_assign(kC, leased_job(0), try_no(2))));
}

TEST_F(SchedulerLeaseTest, StillTakesTheResultOfAWorkerWhoseLeaseIsOver) {
  harness_.step(4s, TimePassed{});
  harness_.step(60s, WorkerJoined{.worker = kB});
  harness_.step(60s, TimePassed{});
  harness_.forget_actions();
  harness_.done(kA, leased_job(0), try_no(1));
  EXPECT_THAT(harness_.take_actions(), Contains(is_commit(leased_job(0), try_no(1))));
}

TEST_F(SchedulerLeaseTest, RefusesAnAttemptBesideAnotherThatMayRun) {
  // A's lease is over, B has the job and is lost: A may not go on, though no attempt is live.
  harness_.step(4s, TimePassed{});
  harness_.step(60s, TimePassed{});
  harness_.step(60s, WorkerJoined{.worker = kB});
  harness_.step(61s, WorkerLost{kB});
  harness_.forget_actions();
  harness_.step(62s, WorkerHeard{kA});
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_revoke(kA, leased_job(0), try_no(1))));
  EXPECT_EQ(run().jobs_leased, 1U);
}

TEST_F(SchedulerLeaseTest, WaitsForACopyThatWasToldToStopBeforeTheJobIsDoneAgain) {
  // A's result comes late, B is told to stop, and the stage wants the job done again.
  harness_.step(4s, TimePassed{});
  harness_.step(60s, TimePassed{});
  harness_.step(60s, WorkerJoined{.worker = kB});
  harness_.step(61s, WorkerHeard{kB});
  harness_.commit(kA, leased_job(0), try_no(1));
  harness_.forget_actions();
  harness_.step(RedoAsked{.job = leased_job(0), .revision = 1, .payload_bytes = 10});
  expect_free_at(61s + kRevoked, try_no(3));
}

TEST(SchedulerLeasesTest, LetsOneRunWaitAndTheOtherGoOn) {
  SchedulerHarness harness;
  harness.open_run({.run = kLeasedRun});
  harness.open_run();  // Deterministic.
  harness.step(0s, WorkerJoined{.worker = kA, .slots = 2});
  harness.feed(0, 1, 10, kLeasedRun);
  harness.feed(0, 1);
  harness.step(1s, WorkerJoined{.worker = kB, .slots = 2});
  harness.forget_actions();
  harness.step(1s, WorkerLost{kA});
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_assign(kB, job(0), try_no(3))));
  EXPECT_EQ(harness.scheduler().run(kLeasedRun)->jobs_leased, 1U);
  EXPECT_EQ(harness.run().jobs_leased, 0U);
  harness.step(2s, RunCancelled{kLeasedRun, "enough"});
  EXPECT_EQ(harness.scheduler().run(kLeasedRun)->jobs_leased, 0U);
  EXPECT_EQ(harness.scheduler().next_deadline(), Instant(5s)) << "of B's silence";
}

}  // namespace
}  // namespace sheaf::master
