#include "tests/unit/scheduler_harness.h"

namespace sheaf::master {
namespace {

/// One worker with as many slots as needed, and jobs 0 to 2 running as attempts 1 to 3.
class BindingTest : public testing::Test {
 protected:
  void SetUp() override {
    RunOpened opened = video_run();
    opened.traits.divisible = true;
    harness_.open_run(opened);
    harness_.step(WorkerJoined{.worker = kA, .slots = 8});
    harness_.feed(0, 3);
    harness_.forget_actions();
  }
  SchedulerHarness harness_;
};

TEST_F(BindingTest, DeliversInTheOrderOfKeys) {
  harness_.commit(kA, job(2), try_no(3));
  harness_.commit(kA, job(1), try_no(2));
  EXPECT_THAT(harness_.take_all<Deliver>(), IsEmpty());
  harness_.commit(kA, job(0), try_no(1));
  EXPECT_EQ(harness_.take_all<Deliver>(), (std::vector<Deliver>{{job(0)}, {job(1)}, {job(2)}}));
}

TEST(SchedulerTest, DeliversAsTheyComeTheResultsOfARunWhoseOrderDoesNotMatter) {
  SchedulerHarness harness;
  RunOpened run = video_run();
  run.traits.any_order = true;
  harness.open_run(run);
  harness.feed(0, 3);
  harness.step(WorkerJoined{kA, 3});
  harness.take_actions();
  harness.commit(kA, job(2), try_no(3));
  EXPECT_EQ(harness.take_all<Deliver>(), (std::vector<Deliver>{{job(2)}}));
  harness.step(ResultAccepted{job(2)});
  harness.commit(kA, job(0), try_no(1));
  EXPECT_EQ(harness.take_all<Deliver>(), (std::vector<Deliver>{{job(0)}}));
}

TEST_F(BindingTest, IsBoundWhenEveryJobIsAccepted) {
  for (std::uint64_t i = 0; i < 3; ++i) harness_.commit(kA, job(i), try_no(i + 1));
  harness_.step(FeedEnded{kRun, 3});
  harness_.step(ResultAccepted{job(0)});
  harness_.step(ResultAccepted{job(1)});
  EXPECT_THAT(harness_.take_actions(), Not(Contains(is_bound())));
  harness_.step(ResultAccepted{job(2)});
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_release_result(job(2)), is_bound()));
  EXPECT_EQ(harness_.run().jobs_bound, 3U);
  EXPECT_EQ(harness_.run().units_bound, 3U);
}

TEST_F(BindingTest, IsNotBoundBeforeTheFeedHasEnded) {
  for (std::uint64_t i = 0; i < 3; ++i) {
    harness_.commit(kA, job(i), try_no(i + 1));
    harness_.step(ResultAccepted{job(i)});
  }
  EXPECT_THAT(harness_.take_actions(), Not(Contains(is_bound())));
  harness_.step(FeedEnded{kRun, 3});
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_bound()));
}

TEST(SchedulerTest, BindsARunWithoutJobs) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(FeedEnded{kRun, 0});
  EXPECT_THAT(harness.take_actions(), ElementsAre(is_bound()));
}

TEST_F(BindingTest, DoesAJobAgainBeforeEverythingElse) {
  harness_.step(WorkerDraining{kA});
  harness_.commit(kA, job(0), try_no(1));
  harness_.feed(3, 1);
  harness_.forget_actions();
  harness_.step(RedoAsked{job(0), 1, 99, "wrong number"});
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_release_result(job(0))));
  EXPECT_EQ(harness_.run().units_done, 0U);
  EXPECT_EQ(harness_.run().memory_bytes, 99U + 3 * 10U);
  harness_.step(WorkerJoined{.worker = kB});
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_assign(kB, job(0), try_no(4))));
  harness_.commit(kB, job(0), try_no(4));
  EXPECT_THAT(harness_.take_actions(), Contains(is_deliver(job(0))));
}

TEST_F(BindingTest, FailsTheRunThatAsksAgainForEver) {
  harness_ = SchedulerHarness({.revisions_max = 2});
  SetUp();
  for (std::uint32_t revision = 1; revision <= 3; ++revision) {
    harness_.commit(kA, job(0), try_no(revision == 1 ? 1 : revision + 2));
    harness_.forget_actions();
    harness_.step(RedoAsked{job(0), revision, 10, "seam"});
    const std::vector<Action> actions = harness_.take_actions();
    EXPECT_EQ(harness_.run().stopped, revision == 3);
    EXPECT_THAT(actions, revision == 3 ? testing::Matcher<std::vector<Action>>(Contains(is_run_failed(job(0), 0)))
                                       : Contains(is_release_result(job(0))));
  }
}

TEST_F(BindingTest, IgnoresARevisionThatHasBeenDone) {
  harness_.commit(kA, job(0), try_no(1));
  harness_.forget_actions();
  harness_.step(RedoAsked{job(0), 0, 10, "seam"});
  EXPECT_THAT(harness_.take_actions(), IsEmpty());
  EXPECT_EQ(harness_.stats().stale_answers, 1U);
}

TEST_F(BindingTest, PutsThePartsOfASplitJobInItsPlace) {
  harness_.step(RunPlanned{kRun, 3, 3});
  for (std::uint64_t i = 0; i < 2; ++i) harness_.commit(kA, job(i), try_no(i + 1));
  harness_.step(SplitAsked{job(0), 2, "damaged"});
  harness_.commit(kA, job(2), try_no(3));
  EXPECT_THAT(harness_.take_all<Deliver>(), ElementsAre(Deliver{job(0)}, Deliver{job(1)})) << "2 is behind the missing parts";
  EXPECT_EQ(harness_.run().jobs_total, 4U);

  harness_.step(JobFed{kRun, {0, 1}, 5, 1});
  harness_.step(JobFed{kRun, {0, 2}, 5, 1});
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_assign(kA, job(0, 1), try_no(4)), is_assign(kA, job(0, 2), try_no(5))));
  harness_.commit(kA, job(0, 2), try_no(5));
  EXPECT_THAT(harness_.take_all<Deliver>(), IsEmpty());
  harness_.commit(kA, job(0, 1), try_no(4));
  EXPECT_THAT(harness_.take_all<Deliver>(), ElementsAre(Deliver{job(0, 1)}, Deliver{job(0, 2)}, Deliver{job(2)}));

  harness_.step(FeedEnded{kRun, 3});
  for (const JobId& id : {job(0, 1), job(0, 2), job(1), job(2)}) {
    EXPECT_THAT(harness_.take_actions(), Not(Contains(is_bound())));
    harness_.step(ResultAccepted{id});
  }
  EXPECT_THAT(harness_.take_actions(), Contains(is_bound()));
  EXPECT_EQ(harness_.run().jobs_bound, 4U);
}

TEST_F(BindingTest, FailsTheRunWhoseStageDiesBetweenASplitAndItsParts) {
  harness_.commit(kA, job(0), try_no(1));
  harness_.step(SplitAsked{job(0), 2, "damaged"});
  harness_.step(JobFed{kRun, {0, 1}, 5, 1});
  harness_.step(StageLost{kRun});
  harness_.forget_actions();
  harness_.step(StageAttached{kRun});
  EXPECT_THAT(harness_.take_actions(), Contains(is_run_failed(job(0, 2), 0)));
}

TEST_F(BindingTest, RefusesASplitThatCannotBe) {
  const auto ask = [this](JobId id, std::uint32_t parts, bool is_divisible) {
    harness_ = SchedulerHarness({.split_parts_max = 4});
    RunOpened opened = video_run();
    opened.traits.divisible = is_divisible;
    harness_.open_run(opened);
    harness_.step(WorkerJoined{.worker = kA});
    harness_.feed(0, 1);
    harness_.commit(kA, job(0), try_no(1));
    harness_.step(SplitAsked{id, parts, "damaged"});
    return harness_.run().stopped;
  };
  EXPECT_FALSE(ask(job(0), 4, true));
  EXPECT_TRUE(ask(job(0), 5, true));
  EXPECT_TRUE(ask(job(0), 1, true));
  EXPECT_TRUE(ask(job(0), 2, false));
}

TEST_F(BindingTest, RefusesJobsOutOfOrder) {
  harness_.step(JobFed{kRun, {4, 0}, 1, 1});
  EXPECT_THAT(harness_.take_actions(), Contains(is_run_failed(job(4), 0)));
}

TEST_F(BindingTest, RefusesAPartThatNobodyAskedFor) {
  harness_.step(JobFed{kRun, {3, 1}, 1, 1});
  EXPECT_THAT(harness_.take_actions(), Contains(is_run_failed(job(3, 1), 0)));
}

TEST_F(BindingTest, RefusesAFeedThatEndsWithAnotherCount) {
  harness_.step(FeedEnded{kRun, 4});
  EXPECT_THAT(harness_.take_actions(), Contains(is_run_failed(job(3), 0)));
}

TEST_F(BindingTest, DeliversAgainToANewStageFromTheFirstThatIsNotAccepted) {
  for (std::uint64_t i = 0; i < 3; ++i) harness_.commit(kA, job(i), try_no(i + 1));
  harness_.step(ResultAccepted{job(0)});
  harness_.step(StageLost{kRun});
  harness_.forget_actions();

  harness_.step(ResultAccepted{job(1)});  // Of the stage that is gone.
  EXPECT_THAT(harness_.take_actions(), IsEmpty());
  EXPECT_EQ(harness_.stats().stale_answers, 1U);

  harness_.step(StageAttached{kRun});
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_deliver(job(1)), is_deliver(job(2))));
  harness_.feed(0, 3);
  EXPECT_EQ(harness_.stats().refed_jobs, 3U);
  EXPECT_THAT(harness_.take_actions(), IsEmpty()) << "what it feeds again is not done again";
}

TEST_F(BindingTest, WorksOnWithoutAStage) {
  harness_.step(StageLost{kRun});
  harness_.commit(kA, job(0), try_no(1));
  EXPECT_THAT(harness_.take_actions(),
              ElementsAre(is_commit(job(0), try_no(1)), is_ack(kA, job(0), try_no(1)), is_release_payload(job(0))));
}

TEST_F(BindingTest, TellsANewStageAgainThatAllIsBound) {
  for (std::uint64_t i = 0; i < 3; ++i) {
    harness_.commit(kA, job(i), try_no(i + 1));
    harness_.step(ResultAccepted{job(i)});
  }
  harness_.step(FeedEnded{kRun, 3});
  harness_.step(StageLost{kRun});
  harness_.forget_actions();
  harness_.step(StageAttached{kRun});
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_bound()));
}

TEST_F(BindingTest, TakesNoAnswerAboutAResultThatIsNotThere) {
  harness_.step(ResultAccepted{job(0)});                // Running.
  harness_.step(RedoAsked{job(9), 1, 1, "never fed"});  // Unknown.
  harness_.step(SplitAsked{{RunId{7}, {0, 0}}, 2, ""});
  EXPECT_THAT(harness_.take_actions(), IsEmpty());
  EXPECT_EQ(harness_.stats().stale_answers, 3U);
}

TEST_F(BindingTest, RevokesEverythingWhenARunIsCancelled) {
  harness_.step(RunCancelled{kRun, "Ctrl-C"});
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_revoke(kA, job(0), try_no(1)), is_revoke(kA, job(1), try_no(2)),
                                                   is_revoke(kA, job(2), try_no(3))));
  harness_.done(kA, job(0), try_no(1));
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_drop(kA, job(0), try_no(1)), is_ack(kA, job(0), try_no(1))));
  harness_.step(RunEnded{kRun});
  EXPECT_EQ(harness_.scheduler().run(kRun), std::nullopt);
}

TEST_F(BindingTest, AcknowledgesACommitThatTheEndOfItsRunOvertook) {
  harness_.done(kA, job(0), try_no(1));
  harness_.forget_actions();
  harness_.step(RunEnded{kRun});
  EXPECT_THAT(harness_.take_actions(),
              ElementsAre(is_revoke(kA, job(1), try_no(2)), is_revoke(kA, job(2), try_no(3)), is_ack(kA, job(0), try_no(1))));
  harness_.step(CommitDone{job(0), try_no(1)});
  EXPECT_THAT(harness_.take_actions(), IsEmpty());
}

TEST(SplitTest, BoundsThePartsThatAreOpenAtATime) {
  SchedulerHarness harness({.jobs_window = 4, .split_parts_max = 8});
  RunOpened opened = video_run();
  opened.traits.divisible = true;
  harness.open_run(opened);
  harness.step(WorkerJoined{.worker = kA, .slots = 4});
  harness.feed(0, 3);
  for (std::uint64_t i = 0; i < 3; ++i) harness.commit(kA, job(i), try_no(i + 1));
  harness.step(SplitAsked{job(0), 8, "damaged"});
  EXPECT_THAT(harness.take_all<RunFailed>(), IsEmpty());
  harness.step(SplitAsked{job(1), 8, "damaged"});
  const auto failed = harness.take_all<RunFailed>();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].reason, "too many parts of split jobs at a time");
}

TEST(ProgressTest, KnowsTheTotalsWhenTheFeedHasEnded) {
  SchedulerHarness harness;
  harness.open_run();
  harness.step(RunPlanned{kRun});
  harness.step(JobFed{kRun, {0, 0}, 10, 4});
  harness.step(JobFed{kRun, {1, 0}, 10, 3});
  EXPECT_EQ(harness.run().units_total, std::nullopt);
  EXPECT_EQ(harness.run().jobs_total, std::nullopt);
  harness.step(FeedEnded{kRun, 2});
  EXPECT_EQ(harness.run().units_total, 7U);
  EXPECT_EQ(harness.run().jobs_total, 2U);
  harness.step(RunPlanned{kRun});  // Said again over a new link.
  EXPECT_EQ(harness.run().units_total, 7U);
}

TEST_F(BindingTest, CountsForProgress) {
  harness_.step(RunPlanned{kRun, 3, 30});
  harness_.commit(kA, job(1), try_no(2));
  const RunView view = harness_.run();
  EXPECT_EQ(view.units_total, 30U);
  EXPECT_EQ(view.units_done, 1U);
  EXPECT_EQ(view.jobs_total, 3U);
  EXPECT_EQ(view.jobs_running, 2U);
  EXPECT_EQ(view.jobs_committed, 1U);
  EXPECT_EQ(view.jobs_bound, 0U);
  EXPECT_EQ(view.attempts_total, 3U);
  EXPECT_EQ(view.memory_bytes, 20U);
  EXPECT_EQ(view.spool_bytes, 10U);
}

}  // namespace
}  // namespace sheaf::master
