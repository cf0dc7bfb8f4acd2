#include "tests/unit/scheduler_harness.h"

namespace sheaf::master {
namespace {

std::vector<std::pair<std::uint64_t, std::uint64_t>> who_got_what(const std::vector<Assign>& assigns) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> pairs;
  for (const Assign& assign : assigns) pairs.emplace_back(assign.worker.value, assign.job.key.seq);
  return pairs;
}
using Pairs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

TEST(SchedulerTest, GivesTheOldestJobFirstAndNumbersAttempts) {
  SchedulerHarness harness;
  harness.open_run();
  harness.feed(0, 3);
  EXPECT_THAT(harness.take_actions(), IsEmpty());
  harness.step(WorkerJoined{.worker = kA, .slots = 2});
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_assign(kA, job(0), try_no(1)), is_assign(kA, job(1), try_no(2))));
}

TEST(SchedulerTest, FillsTheSlotsOfAllWorkersBeforeAnyPrefetches) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA, .slots = 2, .prefetch = 2});
  harness.step(WorkerJoined{.worker = kB, .slots = 2, .prefetch = 2});
  harness.feed(0, 20);
  const Pairs expected = {{1, 0}, {2, 1}, {1, 2}, {2, 3}, {1, 4}, {2, 5}, {1, 6}, {2, 7}};
  EXPECT_EQ(who_got_what(harness.take_all<Assign>()), expected);
  EXPECT_EQ(harness.scheduler().cluster().held, 8U) << "no worker holds more than slots + prefetch";
}

TEST(SchedulerTest, KeepsTheLastJobsForTheSlotThatGetsFreeFirst) {
  // Goal: a prefetched job waits behind another; near the end some other slot would be idle meanwhile.
  // Method: two workers with a job each, the next jobs are the last. Nobody prefetches them; B finishes first and gets the
  // older.
  SchedulerHarness harness;
  harness.open_run();
  harness.feed(0, 4);
  harness.step(FeedEnded{kRun, 4});
  harness.step(WorkerJoined{.worker = kA, .slots = 1, .prefetch = 1});
  harness.forget_actions();
  EXPECT_EQ(harness.run().jobs_waiting, 2U) << "a single worker may prefetch";
  harness.step(WorkerJoined{.worker = kB, .slots = 1, .prefetch = 1});
  EXPECT_EQ(who_got_what(harness.take_all<Assign>()), (Pairs{{2, 2}})) << "job 3 waits, although both may prefetch";
  harness.done(kB, job(2), try_no(3));
  EXPECT_EQ(who_got_what(harness.take_all<Assign>()), (Pairs{{2, 3}}));
}

TEST(SchedulerTest, LetsASingleWorkerPrefetchTheLastJobs) {
  SchedulerHarness harness;
  harness.open_run();
  harness.feed(0, 2);
  harness.step(FeedEnded{kRun, 2});
  harness.step(WorkerJoined{.worker = kA, .slots = 1, .prefetch = 1});
  EXPECT_EQ(who_got_what(harness.take_all<Assign>()), (Pairs{{1, 0}, {1, 1}}));
}

TEST(SchedulerTest, HoldsWorkersToTheirPayloadBytes) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA, .slots = 4, .bytes_max = 100});
  harness.feed(0, 1, 500);
  EXPECT_EQ(who_got_what(harness.take_all<Assign>()), (Pairs{{1, 0}})) << "one job is always allowed";
  harness.feed(1, 3, 50);
  EXPECT_THAT(harness.take_all<Assign>(), IsEmpty());
  harness.done(kA, job(0), try_no(1));
  EXPECT_EQ(who_got_what(harness.take_all<Assign>()), (Pairs{{1, 1}, {1, 2}}));
}

TEST(SchedulerTest, LetsNothingPassAJobThatWaitsForBytes) {
  // Goal: small jobs of another run must not keep a worker from ever being empty enough for a big one.
  SchedulerHarness harness;
  harness.open_run();
  harness.open_run({.run = RunId{2}});
  harness.step(WorkerJoined{.worker = kA, .slots = 3, .bytes_max = 100});
  harness.feed(0, 1, 60, RunId{2});
  harness.feed(0, 1, 90);  // Does not fit beside the other.
  harness.feed(1, 2, 10, RunId{2});
  const std::vector<Assign> first = harness.take_all<Assign>();
  ASSERT_EQ(first.size(), 1U);
  harness.done(kA, {RunId{2}, {0, 0}}, first[0].attempt);
  const std::vector<Assign> next = harness.take_all<Assign>();
  ASSERT_EQ(next.size(), 2U);
  EXPECT_THAT(next, Contains(testing::Field(&Assign::job, job(0))));
}

TEST(SchedulerTest, SharesSlotsByPriorityThenFairly) {
  SchedulerHarness harness;
  harness.open_run({.run = RunId{1}});
  harness.open_run({.run = RunId{2}});
  harness.open_run({.run = RunId{3}, .priority = 1});
  for (std::uint64_t run = 1; run <= 3; ++run) harness.feed(0, run == 3 ? 2 : 9, 10, RunId{run});
  harness.step(WorkerJoined{.worker = kA, .slots = 6});
  std::vector<std::uint64_t> order;
  for (const Assign& assign : harness.take_all<Assign>()) order.push_back(assign.job.run.value);
  EXPECT_EQ(order, (std::vector<std::uint64_t>{3, 3, 1, 2, 1, 2}));
}

TEST(SchedulerTest, GivesAWorkerAsManyJobsAheadAsItAnswersQuickly) {
  // Goal: jobs that take no time must not cost a round trip each, and long ones must not pile up with one worker.
  SchedulerHarness harness;
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA, .slots = 1, .prefetch = 1});
  harness.feed(0, 2000);
  EXPECT_EQ(harness.scheduler().cluster().held, 2U);
  std::uint64_t next = 0;
  const auto answer = [&](std::uint64_t answers) {
    for (; answers > 0; --answers, ++next) harness.commit(kA, job(next), try_no(next + 1));
  };
  answer(2);
  EXPECT_EQ(harness.scheduler().cluster().held, 4U) << "each answer makes room for one more";
  answer(100);
  EXPECT_EQ(harness.scheduler().cluster().held, 104U);
  harness.step(1s, TimePassed{});
  answer(104);
  EXPECT_EQ(harness.scheduler().cluster().held, 91U) << "an eighth less ahead, once for all that it had been given by then";
  for (Duration at = 2s; at <= 40s; at += 1s) {
    harness.step(at, TimePassed{});
    answer(harness.scheduler().cluster().held);
  }
  EXPECT_EQ(harness.scheduler().cluster().held, 2U) << "nothing ahead for a worker that has become slow";
}

TEST(SchedulerTest, GivesAWorkerNoMoreThanItUses) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA, .slots = 1, .prefetch = 1});
  for (std::uint64_t seq = 0; seq < 100; ++seq) {
    harness.feed(seq, 1);
    harness.commit(kA, job(seq), try_no(seq + 1));
  }
  harness.feed(100, 50);
  EXPECT_EQ(harness.scheduler().cluster().held, 2U) << "it was quick, but never had more than one job";
}

TEST(SchedulerTest, GivesNoMoreToAWorkerThatIsQuickToFail) {
  SchedulerHarness harness;
  harness.open_run({.run = kRun, .attempts_max = 1000});
  harness.step(WorkerJoined{.worker = kA, .slots = 1, .prefetch = 1});
  harness.feed(0, 10);
  for (std::uint64_t n = 1; n <= 100; ++n)
    harness.step(JobFailed{.worker = kA, .job = job(0), .attempt = try_no(n == 1 ? 1 : n + 1)});
  EXPECT_EQ(harness.scheduler().cluster().held, 2U);
}

TEST(SchedulerTest, GivesAgainWhatAWorkerDidNotComeTo) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA});
  harness.feed(0, 1);
  for (std::uint64_t n = 1; n <= 100; ++n) {
    harness.take_actions();
    harness.step(JobFailed{.worker = kA, .job = job(0), .attempt = try_no(n), .kind = FailureKind::kUnstarted});
    EXPECT_THAT(harness.take_actions(), ElementsAre(is_ack(kA, job(0), try_no(n)), is_assign(kA, job(0), try_no(n + 1))));
  }
  EXPECT_EQ(harness.run().jobs_running, 1U);
}

TEST(SchedulerTest, PutsAFailedJobBeforeFreshOnes) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA});
  harness.feed(0, 3);
  harness.forget_actions();
  harness.step(JobFailed{.worker = kA, .job = job(0), .attempt = try_no(1), .reason = "out of luck"});
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_ack(kA, job(0), try_no(1)), is_assign(kA, job(0), try_no(2))));
  EXPECT_EQ(harness.run().attempts_repeated, 1U);
}

TEST(SchedulerTest, FailsTheRunWhenAJobHasFailedTooOften) {
  SchedulerHarness harness;
  RunOpened opened = video_run();
  opened.attempts_max = 2;
  harness.open_run(opened);
  harness.step(WorkerJoined{.worker = kA, .slots = 2});
  harness.feed(0, 2);
  harness.step(JobFailed{.worker = kA, .job = job(0), .attempt = try_no(1), .reason = "no"});
  harness.forget_actions();
  harness.step(JobFailed{.worker = kA, .job = job(0), .attempt = try_no(3), .reason = "still no"});
  EXPECT_THAT(harness.take_actions(),
              ElementsAre(is_ack(kA, job(0), try_no(3)), is_run_failed(job(0), 2), is_revoke(kA, job(1), try_no(2))));
  harness.feed(2, 1);
  EXPECT_THAT(harness.take_actions(), IsEmpty()) << "a failed run gets nothing more";
  EXPECT_TRUE(harness.run().stopped);
}

TEST(SchedulerTest, DoesNotTryAgainWhatCannotHelp) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA});
  harness.feed(0, 1);
  harness.step(JobFailed{.worker = kA, .job = job(0), .attempt = try_no(1), .retryable = false, .reason = "bad payload"});
  EXPECT_THAT(harness.take_actions(), Contains(is_run_failed(job(0), 1)));
}

TEST(SchedulerTest, CountsStrikesApartFromTries) {
  SchedulerHarness harness({.strikes_max = 3});
  RunOpened opened = video_run();
  opened.attempts_max = 1;
  harness.open_run(opened);
  harness.step(WorkerJoined{.worker = kA});
  harness.feed(0, 1);
  for (std::uint64_t n = 1; n <= 2; ++n) {
    harness.step(
        JobFailed{.worker = kA, .job = job(0), .attempt = try_no(n), .kind = FailureKind::kExecutorLost, .reason = "SIGSEGV"});
    EXPECT_THAT(harness.take_actions(), Contains(is_assign(kA, job(0), try_no(n + 1))));
  }
  harness.step(
      JobFailed{.worker = kA, .job = job(0), .attempt = try_no(3), .kind = FailureKind::kExecutorLost, .reason = "SIGSEGV"});
  EXPECT_THAT(harness.take_actions(), Contains(is_run_failed(job(0), 3)));
  EXPECT_EQ(harness.stats().failed_tries, 0U);
}

TEST(SchedulerTest, AsksAnotherWorkerAfterARefusal) {
  SchedulerHarness harness({.refusals_max = 2});
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA, .slots = 8});
  harness.step(WorkerJoined{.worker = kB, .slots = 1});
  harness.feed(0, 1);
  EXPECT_THAT(harness.take_actions(), Contains(is_assign(kA, job(0), try_no(1))));
  harness.step(JobFailed{.worker = kA, .job = job(0), .attempt = try_no(1), .kind = FailureKind::kRefused, .reason = "fork"});
  EXPECT_THAT(harness.take_actions(), Contains(is_assign(kB, job(0), try_no(2)))) << "although A has more free slots";
  harness.step(JobFailed{.worker = kB, .job = job(0), .attempt = try_no(2), .kind = FailureKind::kRefused, .reason = "fork"});
  EXPECT_THAT(harness.take_actions(), Contains(is_run_failed(job(0), 2)));
}

TEST(SchedulerTest, AsksTheRefuserAgainIfThereIsNobodyElse) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA});
  harness.feed(0, 1);
  harness.step(JobFailed{.worker = kA, .job = job(0), .attempt = try_no(1), .kind = FailureKind::kRefused});
  EXPECT_THAT(harness.take_actions(), Contains(is_assign(kA, job(0), try_no(2))));
}

TEST(SchedulerTest, GivesARunOnlyToWorkersOfItsFingerprint) {
  SchedulerHarness harness;
  RunOpened opened = video_run();
  opened.fingerprint = "x";
  harness.open_run(opened);
  harness.step(WorkerJoined{.worker = kA, .kinds = {{"", "y"}}});
  harness.feed(0, 1);
  EXPECT_THAT(harness.take_actions(), IsEmpty());
  harness.step(WorkerJoined{.worker = kB, .kinds = {{"", "x"}}});
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_assign(kB, job(0), try_no(1))));
}

TEST(SchedulerTest, BindsARunToTheFirstFingerprintThatWorksOnIt) {
  SchedulerHarness harness;
  RunOpened opened = video_run();
  opened.bind_fingerprint = true;
  harness.open_run(opened);
  harness.step(WorkerJoined{.worker = kA, .kinds = {{"", "x"}}});
  harness.step(WorkerJoined{.worker = kB, .kinds = {{"", "y"}}});
  harness.feed(0, 2);
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_assign(kA, job(0), try_no(1))));
  EXPECT_EQ(harness.run().fingerprint, "x");

  // Nothing of A's is left to mix with: B may have the run. A's own answer comes too late for it.
  harness.step(WorkerLost{kA});
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_assign(kB, job(0), try_no(2))));
  EXPECT_EQ(harness.run().fingerprint, "y");
  harness.step(WorkerJoined{.worker = kC, .kinds = {{"", "x"}}});
  harness.done(kC, job(0), try_no(1));
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_drop(kC, job(0), try_no(1)), is_ack(kC, job(0), try_no(1))));
}

TEST(SchedulerTest, BindsARunAgainToWhatAReturningWorkerBrings) {
  // Goal: A was lost and the run is bound to nobody. What A brings back, a running attempt or a result, binds it to A's
  // fingerprint.
  for (const bool is_done : {false, true}) {
    SchedulerHarness harness;
    RunOpened opened = video_run();
    opened.bind_fingerprint = true;
    harness.open_run(opened);
    harness.step(WorkerJoined{.worker = kA, .kinds = {{"", "x"}}});
    harness.feed(0, 2);
    harness.step(WorkerLost{kA});
    EXPECT_EQ(harness.run().fingerprint, "");
    WorkerJoined back{.worker = kB, .slots = is_done ? 0U : 1U, .kinds = {{"", "x"}}};
    if (!is_done) back.running = {{job(0), try_no(1)}};
    harness.step(back);
    if (is_done) harness.done(kB, job(0), try_no(1));
    harness.forget_actions();
    harness.step(WorkerJoined{.worker = kC, .kinds = {{"", "y"}}});
    EXPECT_THAT(harness.take_actions(), IsEmpty());
    EXPECT_EQ(harness.run().fingerprint, "x");
  }
}

TEST(SchedulerTest, RevokesWhatASilentWorkerOfAnotherBuildHas) {
  SchedulerHarness harness;
  RunOpened opened = video_run();
  opened.bind_fingerprint = true;
  harness.open_run(opened);
  harness.step(WorkerJoined{.worker = kA, .kinds = {{"", "x"}}});
  harness.step(WorkerJoined{.worker = kB, .kinds = {{"", "y"}}});
  harness.feed(0, 1);
  harness.step(3s, WorkerHeard{kB});
  harness.forget_actions();
  harness.step(5s, TimePassed{});
  EXPECT_THAT(harness.take_actions(), ElementsAre(testing::VariantWith<ExpireWorker>(testing::_),
                                                  is_revoke(kA, job(0), try_no(1)), is_assign(kB, job(0), try_no(2))));
}

TEST(SchedulerTest, StaysWithAFingerprintThatHasACommittedResult) {
  SchedulerHarness harness;
  RunOpened opened = video_run();
  opened.bind_fingerprint = true;
  harness.open_run(opened);
  harness.step(WorkerJoined{.worker = kA, .kinds = {{"", "x"}}});
  harness.feed(0, 2);
  harness.commit(kA, job(0), try_no(1));
  harness.step(WorkerLost{kA});
  harness.forget_actions();
  harness.step(WorkerJoined{.worker = kB, .kinds = {{"", "y"}}});
  EXPECT_THAT(harness.take_actions(), IsEmpty());
}

TEST(SchedulerTest, EqualEventsGiveEqualActions) {
  const auto play = [] {
    SchedulerHarness harness;
    harness.keep_asks();
    harness.open_run();
    for (std::uint64_t i = 1; i <= 5; ++i) harness.step(WorkerJoined{.worker = WorkerId{i}, .slots = 2, .prefetch = 1});
    harness.feed(0, 30);
    harness.step(5s, TimePassed{});
    harness.step(WorkerHeard{kB});
    harness.step(WorkerLost{kC});
    return harness.take_actions();
  };
  EXPECT_EQ(play(), play());
}

TEST(DispatchTest, GivesARunOfOneBuildNothingToWhoDoesNotSayHis) {
  SchedulerHarness harness;
  RunOpened opened = video_run();
  opened.bind_fingerprint = true;
  harness.open_run(opened);
  harness.step(WorkerJoined{.worker = kA, .slots = 4});
  harness.feed(0, 2);
  EXPECT_THAT(harness.take_all<Assign>(), IsEmpty());
  harness.step(WorkerJoined{.worker = kB, .slots = 4, .kinds = {{"", "x"}}});
  EXPECT_EQ(harness.take_all<Assign>().size(), 2U);
  EXPECT_EQ(harness.run().fingerprint, "x");
}

}  // namespace
}  // namespace sheaf::master
