#include "tests/unit/scheduler_harness.h"

namespace sheaf::master {
namespace {

auto is_ask(std::uint64_t bytes_until, std::uint64_t jobs_until) {
  return testing::VariantWith<AskFeed>(AskFeed{kRun, bytes_until, jobs_until});
}

RunOpened run_with(std::uint64_t memory_window_bytes, std::uint64_t spool_window_bytes) {
  RunOpened opened = video_run();
  opened.memory_window_bytes = memory_window_bytes;
  opened.spool_window_bytes = spool_window_bytes;
  return opened;
}

TEST(CreditTest, AsksForAWindowWhenTheStageComes) {
  SchedulerHarness harness({.jobs_window = 16});
  harness.keep_asks();
  harness.step(run_with(1000, 1000));
  EXPECT_THAT(harness.take_actions(), IsEmpty()) << "there is nobody to ask";
  harness.step(StageAttached{kRun});
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_ask(1000, 16)));
}

TEST(CreditTest, GrowsWithCommitsInWorthwhileSteps) {
  // 1000 bytes and steps of 125: commits of 10 bytes are gathered, as long as the stage is not idle.
  SchedulerHarness harness;
  harness.keep_asks();
  harness.open_run(run_with(1000, 1'000'000));
  harness.step(WorkerJoined{.worker = kA, .slots = 50});
  harness.feed(0, 50, 10);
  harness.take_actions();
  std::vector<AskFeed> asks;
  for (std::uint64_t i = 0; i < 26; ++i) {
    harness.commit(kA, job(i), try_no(i + 1));
    for (const AskFeed& ask : harness.take_all<AskFeed>()) asks.push_back(ask);
  }
  ASSERT_EQ(asks.size(), 2U);
  EXPECT_EQ(asks[0].bytes_until, 1130U);
  EXPECT_EQ(asks[1].bytes_until, 1260U);
}

TEST(CreditTest, WakesAnIdleStageAtOnce) {
  SchedulerHarness harness;
  harness.keep_asks();
  harness.open_run(run_with(1000, 1'000'000));
  harness.step(WorkerJoined{.worker = kA, .slots = 4});
  harness.feed(0, 1, 20);
  harness.feed(1, 1, 990);  // The window is full, and a little more: a job begins as long as there is any credit.
  harness.take_actions();
  harness.commit(kA, job(0), try_no(1));
  EXPECT_THAT(harness.take_actions(), Contains(is_ask(1020, 4097)));
}

TEST(CreditTest, BoundsJobsThatHaveNoBytes) {
  SchedulerHarness harness({.jobs_window = 2});
  harness.keep_asks();
  harness.open_run();
  harness.feed(0, 2, 0);
  EXPECT_EQ(harness.take_all<AskFeed>().back().jobs_until, 2U);
  harness.step(WorkerJoined{.worker = kA});
  harness.commit(kA, job(0), try_no(1));
  EXPECT_EQ(harness.take_all<AskFeed>().back().jobs_until, 3U);
}

TEST(CreditTest, EndsWithTheFeed) {
  SchedulerHarness harness;
  harness.keep_asks();
  harness.open_run(run_with(10, 1000));
  harness.feed(0, 1, 10);
  harness.step(FeedEnded{kRun, 1});
  harness.take_actions();
  harness.step(WorkerJoined{.worker = kA});
  harness.commit(kA, job(0), try_no(1));
  EXPECT_THAT(harness.take_actions(), Not(Contains(is_any<AskFeed>())));
}

TEST(CreditTest, AsksANewStageForWhatItsPredecessorWasAsked) {
  SchedulerHarness harness({.jobs_window = 16});
  harness.keep_asks();
  harness.open_run(run_with(1000, 1000));
  harness.feed(0, 2, 100);
  harness.step(StageLost{kRun});
  harness.take_actions();
  harness.step(StageAttached{kRun});
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_ask(1000, 16)));
  EXPECT_EQ(harness.run().jobs_fed, 2U);
  EXPECT_EQ(harness.run().bytes_fed, 200U);
}

TEST(CreditTest, ToleratesSizesThatNoMachineHas) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA, .slots = 4, .bytes_max = ~0ULL});
  for (std::uint64_t i = 0; i < 4; ++i) {
    harness.feed(i, 1, ~0ULL);  // One at a time: one job is always allowed, and no more of these.
    EXPECT_EQ(harness.take_all<Assign>().size(), 1U);
    harness.commit(kA, job(i), try_no(i + 1), ~0ULL);
    harness.step(ResultAccepted{job(i)});
  }
  EXPECT_EQ(harness.run().memory_bytes, 0U);
}

TEST(CreditTest, EndsTheRunOfAStageThatFeedsBeyondIt) {
  for (const bool by_count : {true, false}) {
    SchedulerHarness harness({.jobs_window = by_count ? 2u : 4096u});
    harness.open_run(run_with(by_count ? 1000 : 20, 1000));
    harness.feed(0, 2, 10);
    EXPECT_EQ(harness.scheduler().judge_feed(job(1)), FeedVerdict::kAlready);
    EXPECT_EQ(harness.scheduler().judge_feed(job(2)), FeedVerdict::kBeyondCredit);
    EXPECT_EQ(harness.scheduler().judge_feed(job(3)), FeedVerdict::kOutOfOrder);
    harness.feed(2, 1, 10);
    const auto failed = harness.take_all<RunFailed>();
    ASSERT_EQ(failed.size(), 1u);
    EXPECT_EQ(failed[0].reason, "the stage fed job 2 beyond its credit");
    EXPECT_EQ(harness.run().jobs_fed, 2U);
  }
}

TEST(CreditTest, HoldsForAStageThatConnectsAgain) {
  // What it has cut within the credit of the old link, it feeds over the new one.
  SchedulerHarness harness({.jobs_window = 4});
  harness.open_run();
  harness.feed(0, 1, 10);
  harness.step(StageLost{kRun});
  harness.step(StageAttached{kRun});
  EXPECT_EQ(harness.scheduler().judge_feed(job(1)), FeedVerdict::kNext);
  harness.feed(1, 3, 10);
  EXPECT_EQ(harness.run().jobs_fed, 4U);
}

TEST(SpoolWindowTest, RunsOnlyTheJobThatTheStageWaitsFor) {
  // Goal: a slow head must not let the spool grow without end, and the head itself must never be held up by a full spool.
  // Method: A has job 0 and keeps it; the results of 1 and 2 fill the spool; 3 and 4 must wait. Then A is lost: 0 goes to B at
  // once.
  SchedulerHarness harness;
  harness.open_run(run_with(1000, 100));
  harness.step(WorkerJoined{.worker = kA});
  harness.step(WorkerJoined{.worker = kB});
  harness.feed(0, 5);
  harness.step(1s, TimePassed{});
  harness.commit(kB, job(1), try_no(2), 50);
  harness.forget_actions();
  harness.step(2s, TimePassed{});
  harness.commit(kB, job(2), try_no(3), 50);
  EXPECT_THAT(harness.take_all<Assign>(), IsEmpty());
  EXPECT_EQ(harness.run().spool_bytes, 100U);

  harness.step(WorkerLost{kA});
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_assign(kB, job(0), try_no(4))));
  harness.step(3s, TimePassed{});
  harness.commit(kB, job(0), try_no(4), 50);
  EXPECT_THAT(harness.take_actions(), Not(Contains(is_any<Assign>()))) << "now the stage has work: it must accept first";
  harness.step(ResultAccepted{job(0)});
  harness.step(ResultAccepted{job(1)});
  EXPECT_THAT(harness.take_actions(), Contains(is_assign(kB, job(3), try_no(5))));
}

TEST(SpoolWindowTest, StopsTheFeedUntilTheStageAccepts) {
  SchedulerHarness harness;
  harness.keep_asks();
  harness.open_run(run_with(10, 5));
  harness.step(WorkerJoined{.worker = kA});
  harness.feed(0, 1, 10);
  harness.take_actions();
  harness.commit(kA, job(0), try_no(1), 5);
  EXPECT_THAT(harness.take_actions(), Not(Contains(is_any<AskFeed>())));
  harness.step(ResultAccepted{job(0)});
  EXPECT_THAT(harness.take_actions(), Contains(is_ask(20, 4097)));
}

TEST(SpoolWindowTest, CountsResultsWithoutBytes) {
  SchedulerHarness harness({.spool_jobs_window = 2});
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA});
  harness.step(WorkerJoined{.worker = kB});
  harness.feed(0, 4);
  harness.commit(kB, job(1), try_no(2), 0);
  harness.forget_actions();
  harness.commit(kB, job(2), try_no(3), 0);
  EXPECT_THAT(harness.take_all<Assign>(), IsEmpty());
}

TEST(SpoolWindowTest, NeverStopsWhateverTheSizes) {
  // Goal: no deadlock, however small the windows are and however large the jobs. Results come in the worst order: newest first.
  for (const std::uint64_t window : {1ULL, 25ULL, 300ULL}) {
    SchedulerHarness harness({.deliver_window_bytes = window, .jobs_window = 3});
    harness.open_run(run_with(window, window));
    for (std::uint64_t i = 1; i <= 3; ++i)
      harness.step(WorkerJoined{.worker = WorkerId{i}, .slots = 2, .prefetch = 1, .bytes_max = 1});
    constexpr std::uint64_t kJobs = 40;
    std::uint64_t fed = 0, bytes_fed = 0, bytes_until = 0, jobs_until = 0, accepted = 0;
    std::vector<Assign> running;
    bool is_bound_now = false;
    for (int turns = 0; !is_bound_now; ++turns) {
      ASSERT_LT(turns, 1000) << "stuck with window " << window << " after " << accepted;
      harness.keep_asks();
      const std::vector<Action> actions = harness.take_actions();
      for (const Action& action : actions) {
        if (const auto* assign = std::get_if<Assign>(&action)) running.push_back(*assign);
        if (const auto* ask = std::get_if<AskFeed>(&action))
          std::tie(bytes_until, jobs_until) = std::tuple(ask->bytes_until, ask->jobs_until);
        if (const auto* commit = std::get_if<Commit>(&action)) harness.step(CommitDone{commit->job, commit->attempt});
        if (const auto* deliver = std::get_if<Deliver>(&action)) {
          EXPECT_EQ(deliver->job.key.seq, accepted++);
          harness.step(ResultAccepted{deliver->job});
        }
        if (std::holds_alternative<RunBound>(action)) is_bound_now = true;
      }
      if (!actions.empty()) continue;
      if (fed < kJobs && bytes_fed < bytes_until && fed < jobs_until) {
        harness.feed(fed, 1, 40);
        bytes_fed += 40;
        if (++fed == kJobs) harness.step(FeedEnded{kRun, kJobs});
      } else if (!running.empty()) {
        const Assign last = running.back();
        running.pop_back();
        harness.done(last.worker, last.job, last.attempt, kDigest, 40);
      }
    }
    EXPECT_EQ(accepted, kJobs);
  }
}

TEST(DeliverWindowTest, HoldsBackWhatTheStageHasNoRoomFor) {
  SchedulerHarness harness({.deliver_window_bytes = 100});
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA, .slots = 3});
  harness.feed(0, 3);
  for (std::uint64_t i = 0; i < 3; ++i) harness.commit(kA, job(i), try_no(i + 1), i == 0 ? 500 : 60);
  EXPECT_EQ(harness.take_all<Deliver>(), (std::vector<Deliver>{{job(0)}})) << "one result is always allowed";
  harness.step(ResultAccepted{job(0)});
  EXPECT_EQ(harness.take_all<Deliver>(), (std::vector<Deliver>{{job(1)}}));
  harness.step(ResultAccepted{job(1)});
  EXPECT_EQ(harness.take_all<Deliver>(), (std::vector<Deliver>{{job(2)}}));
}

TEST(DeliverWindowTest, CountsResultsToo) {
  SchedulerHarness harness({.deliver_jobs_window = 2});
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA, .slots = 3});
  harness.feed(0, 3);
  for (std::uint64_t i = 0; i < 3; ++i) harness.commit(kA, job(i), try_no(i + 1), 1);
  EXPECT_EQ(harness.take_all<Deliver>(), (std::vector<Deliver>{{job(0)}, {job(1)}}));
  harness.step(ResultAccepted{job(0)});
  EXPECT_EQ(harness.take_all<Deliver>(), (std::vector<Deliver>{{job(2)}}));
}

TEST(DeliverWindowTest, HasRoomForTheOldestResultAfterARedo) {
  SchedulerHarness harness({.deliver_window_bytes = 100});
  harness.open_run();
  harness.step(WorkerJoined{.worker = kA, .slots = 3});
  harness.feed(0, 3);
  for (std::uint64_t i = 0; i < 2; ++i) harness.commit(kA, job(i), try_no(i + 1), 50);
  harness.step(RedoAsked{job(0), 1, 10, "seam"});
  harness.commit(kA, job(2), try_no(3), 50);
  harness.forget_actions();
  harness.commit(kA, job(0), try_no(4), 80);  // With job 1 the stage has 50 bytes; it cannot accept them before this one.
  EXPECT_EQ(harness.take_all<Deliver>(), (std::vector<Deliver>{{job(0)}}));
}

TEST(SchedulerConfigTest, RefusesWhatCannotWork) {
  EXPECT_TRUE(SchedulerConfig{}.validate().has_value());
  const auto where = [](const SchedulerConfig& config) { return config.validate().error().where; };
  EXPECT_EQ(where({.epoch = 0}), "epoch");
  EXPECT_EQ(where({.worker_silence_max = 0s}), "worker_silence_max");
  EXPECT_EQ(where({.deliver_window_bytes = 0}), "deliver_window_bytes");
  EXPECT_EQ(where({.deliver_jobs_window = 0}), "deliver_jobs_window");
  EXPECT_EQ(where({.jobs_window = 0}), "jobs_window");
  EXPECT_EQ(where({.spool_jobs_window = 0}), "spool_jobs_window");
  EXPECT_EQ(where({.strikes_max = 0}), "strikes_max");
  EXPECT_EQ(where({.refusals_max = 0}), "refusals_max");
  EXPECT_EQ(where({.revisions_max = 0}), "revisions_max");
  EXPECT_EQ(where({.split_parts_max = 1}), "split_parts_max");
  EXPECT_EQ(where({.worker_jobs_max = 0}), "worker_jobs_max");
}

}  // namespace
}  // namespace sheaf::master
