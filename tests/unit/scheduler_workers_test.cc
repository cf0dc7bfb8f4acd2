#include "tests/unit/scheduler_harness.h"

namespace sheaf::master {
namespace {

TEST(SchedulerTest, GivesTheJobsOfASilentWorkerToTheNextOneFirst) {
  // Goal: a lost job must not queue behind the backlog, because the stage needs it first.
  // Method: A takes job 0 and falls silent; job 1 waits; B joins and must be given job 0.
  SchedulerHarness harness({.worker_silence_max = 5s});
  harness.open_run();
  harness.step(0s, WorkerJoined{.worker = kA});
  harness.feed(0, 2);
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_assign(kA, job(0), try_no(1))));

  harness.step(5s, TimePassed{});
  EXPECT_THAT(harness.take_actions(), ElementsAre(testing::VariantWith<ExpireWorker>(ExpireWorker{kA, 5s})));
  harness.step(6s, WorkerJoined{.worker = kB});
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_assign(kB, job(0), try_no(2))));

  // A was slow, not dead. Its answer is as good as any: the first valid result of an issued attempt is the one that counts, and
  // B is told to stop. Both are free now, and only job 1 waits.
  harness.step(7s, JobDone{.worker = kA, .job = job(0), .attempt = try_no(1), .digest = kDigest});
  EXPECT_THAT(harness.take_actions(),
              ElementsAre(is_commit(job(0), try_no(1)), is_revoke(kB, job(0), try_no(2)), is_assign(kA, job(1), try_no(3))));
}

TEST(SchedulerTest, ExpiresAtTheDeadlineAndNotBefore) {
  SchedulerHarness harness({.worker_silence_max = 4s});
  EXPECT_EQ(harness.scheduler().next_deadline(), std::nullopt);
  harness.step(0s, WorkerJoined{.worker = kA});
  harness.step(1s, WorkerJoined{.worker = kB});
  EXPECT_EQ(harness.scheduler().next_deadline(), Instant(4s));
  harness.step(3s, WorkerHeard{kA});
  EXPECT_EQ(harness.scheduler().next_deadline(), Instant(5s));
  harness.step(5s - 1ns, TimePassed{});
  EXPECT_THAT(harness.take_actions(), IsEmpty());
  harness.step(5s, TimePassed{});
  EXPECT_THAT(harness.take_actions(), ElementsAre(testing::VariantWith<ExpireWorker>(ExpireWorker{kB, 4s})));
  EXPECT_EQ(harness.scheduler().next_deadline(), Instant(7s)) << "an expired worker has no deadline";
}

TEST(SchedulerTest, UsesAnExpiredWorkerAgainWhenItIsHeard) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(0s, WorkerJoined{.worker = kA});
  harness.feed(0, 2);
  harness.step(4s, TimePassed{});
  harness.forget_actions();
  EXPECT_EQ(harness.run().jobs_running, 0U);
  EXPECT_EQ(harness.run().jobs_waiting, 2U);
  harness.step(9s, WorkerHeard{kA});
  EXPECT_THAT(harness.take_actions(), IsEmpty()) << "it goes on with what it holds";
  EXPECT_EQ(harness.run().jobs_running, 1U);
  EXPECT_EQ(harness.stats().workers_reprieved, 1U);
  harness.done(kA, job(0), try_no(1));
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_commit(job(0), try_no(1)), is_assign(kA, job(1), try_no(2))));
}

TEST(SchedulerTest, StopsTheOlderCopyOfWhatMayNotRunTwice) {
  for (const bool may_run_twice : {false, true}) {
    SchedulerHarness harness({.lease = 1s});
    harness.open_run({.run = kRun, .traits = {.deterministic = may_run_twice}});
    harness.step(0s, WorkerJoined{.worker = kA});
    harness.feed(0, 1);
    harness.step(4s, TimePassed{});
    harness.step(4s, TimePassed{});  // By now its lease is over, too.
    harness.step(4s, WorkerJoined{.worker = kB});
    EXPECT_THAT(harness.take_actions(), Contains(is_assign(kB, job(0), try_no(2))));
    harness.step(5s, WorkerHeard{kA});
    if (may_run_twice) {
      EXPECT_THAT(harness.take_actions(), IsEmpty());
    } else {
      EXPECT_THAT(harness.take_actions(), ElementsAre(is_revoke(kA, job(0), try_no(1))));
    }
  }
}

TEST(SchedulerTest, RequeuesTheJobsOfALostWorkerWithoutBlame) {
  SchedulerHarness harness;
  RunOpened opened = video_run();
  opened.attempts_max = 1;
  harness.open_run(opened);
  harness.feed(0, 2);
  for (std::uint64_t life = 1; life <= 10; ++life) {
    harness.step(WorkerJoined{.worker = WorkerId{life}});
    EXPECT_THAT(harness.take_actions(), ElementsAre(is_assign(WorkerId{life}, job(0), try_no(life))));
    harness.step(WorkerLost{WorkerId{life}});
  }
  EXPECT_FALSE(harness.run().stopped);
  EXPECT_EQ(harness.run().attempts_lost, 10U);
  EXPECT_EQ(harness.stats().requeued, 10U);
}

TEST(SchedulerTest, TakesBackWhatALeavingWorkerHeld) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA, .slots = 1, .prefetch = 1});
  harness.feed(0, 2);
  harness.step(WorkerJoined{.worker = kB, .slots = 2});
  harness.forget_actions();
  harness.step(WorkerLeft{kA});
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_assign(kB, job(0), try_no(3)), is_assign(kB, job(1), try_no(4))));
  EXPECT_EQ(harness.stats().workers_left, 1U);
  EXPECT_EQ(harness.stats().workers_lost, 0U);
}

TEST(SchedulerTest, GivesADrainingWorkerNothingNew) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA});
  harness.feed(0, 2);
  harness.step(WorkerDraining{kA});
  harness.forget_actions();
  harness.commit(kA, job(0), try_no(1));
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_commit(job(0), try_no(1)), is_ack(kA, job(0), try_no(1)),
                                                  is_release_payload(job(0)), is_deliver(job(0))));
}

TEST(SchedulerTest, AdoptsWhatAReturningWorkerStillRuns) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA});
  harness.feed(0, 2);
  harness.step(WorkerLost{kA});
  harness.forget_actions();
  harness.step(WorkerJoined{.worker = kB, .running = {{job(0), try_no(1)}}});
  EXPECT_THAT(harness.take_actions(), IsEmpty()) << "its slot is taken by what it brought";
  EXPECT_EQ(harness.run().jobs_running, 1U);
  harness.done(kB, job(0), try_no(1));
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_commit(job(0), try_no(1)), is_assign(kB, job(1), try_no(2))));
}

TEST(SchedulerTest, MovesAnAttemptWhoseOldLinkIsNotReportedLostYet) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA});
  harness.feed(0, 1);
  harness.step(WorkerJoined{.worker = kB, .running = {{job(0), try_no(1)}}});
  harness.forget_actions();
  harness.step(WorkerLost{kA});
  EXPECT_EQ(harness.run().jobs_running, 1U);
  EXPECT_EQ(harness.stats().requeued, 0U);
}

TEST(SchedulerTest, RevokesWhatAReturningWorkerNeedNotRun) {
  SchedulerHarness harness;
  harness.open_run({.run = kRun});  // May not run twice.
  harness.step(WorkerJoined{.worker = kA, .slots = 2});
  harness.feed(0, 2);
  harness.commit(kA, job(0), try_no(1));
  harness.step(WorkerLost{kA});
  harness.step(60s, TimePassed{});
  harness.step(WorkerJoined{.worker = kB});
  harness.forget_actions();
  // Committed; running elsewhere; never issued; unknown run.
  harness.step(WorkerJoined{
      .worker = kC, .running = {{job(0), try_no(1)}, {job(1), try_no(2)}, {job(1), try_no(9)}, {{RunId{5}, {}}, try_no(1)}}});
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_revoke(kC, job(0), try_no(1)), is_revoke(kC, job(1), try_no(2)),
                                                  is_revoke(kC, job(1), try_no(9)), is_revoke(kC, {RunId{5}, {}}, try_no(1))));
}

TEST(SchedulerTest, GivesNothingToAWorkerWithoutSlots) {
  SchedulerHarness harness;
  harness.open_run();
  harness.feed(0, 1);
  harness.step(WorkerJoined{.worker = kA, .slots = 0, .prefetch = 4});
  EXPECT_THAT(harness.take_actions(), IsEmpty());
}

}  // namespace
}  // namespace sheaf::master
