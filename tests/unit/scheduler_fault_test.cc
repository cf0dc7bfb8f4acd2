// Jobs that cannot be done, in runs that go on without them.

#include "tests/unit/scheduler_harness.h"

namespace sheaf::master {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

const Attempt kNone{1, 0};

auto is_commit_fault(JobId id) {
  return testing::VariantWith<CommitFault>(testing::Field(&CommitFault::job, id));
}

/// A run of commands: two jobs, one worker that has the first.
class SchedulerFaultTest : public testing::Test {
 protected:
  void open(bool no_rerun) {
    harness_.open_run({.run = kRun, .traits = {.binds_faults = true, .no_rerun = no_rerun}, .attempts_max = 1});
    harness_.step(WorkerJoined{.worker = kA});
    harness_.feed(0, 2);
    EXPECT_THAT(harness_.take_actions(), Contains(is_assign(kA, job(0), try_no(1))));
  }
  void fail(FailureKind kind) {
    harness_.step(JobFailed{.worker = kA, .job = job(0), .attempt = try_no(1), .kind = kind, .reason = "it broke"});
  }
  SchedulerHarness harness_;
};

TEST_F(SchedulerFaultTest, CommitsWhatIsWrongAndGoesOn) {
  open(false);
  fail(FailureKind::kJob);
  EXPECT_THAT(harness_.take_actions(), ElementsAre(is_ack(kA, job(0), try_no(1)),
                                                   testing::VariantWith<CommitFault>(CommitFault{job(0), kNone, "it broke"}),
                                                   is_assign(kA, job(1), try_no(2))));
  harness_.step(CommitDone{job(0), kNone});
  EXPECT_THAT(harness_.take_all<Deliver>(), ElementsAre(Deliver{job(0)}));
  harness_.step(ResultAccepted{job(0)});
  harness_.commit(kA, job(1), try_no(2));
  harness_.step(ResultAccepted{job(1)});
  harness_.step(FeedEnded{kRun, 2});
  EXPECT_THAT(harness_.take_actions(), Contains(is_bound()));
}

TEST_F(SchedulerFaultTest, BeginsAgainWhatWasLostUnlessItIsNotTo) {
  for (const bool no_rerun : {false, true}) {
    harness_ = SchedulerHarness();
    open(no_rerun);
    fail(FailureKind::kExecutorLost);
    const auto actions = harness_.take_actions();
    if (no_rerun) {
      EXPECT_THAT(actions, Contains(is_commit_fault(job(0))));
      EXPECT_THAT(actions, Contains(is_assign(kA, job(1), try_no(2))));
    } else {
      EXPECT_THAT(actions, Contains(is_assign(kA, job(0), try_no(2))));
    }
  }
}

TEST_F(SchedulerFaultTest, CountsALeasedJobAmongThoseThatRun) {
  harness_.open_run({.run = kRun, .traits = {.binds_faults = true}, .attempts_max = 1, .jobs_at_once = 1});
  harness_.step(WorkerJoined{.worker = kA, .slots = 2});
  harness_.feed(0, 2);
  EXPECT_THAT(harness_.take_all<Assign>(), ElementsAre(Assign{kA, job(0), try_no(1)})) << "one at a time";
  harness_.step(WorkerLost{kA});
  harness_.step(WorkerJoined{.worker = kB, .slots = 2});
  EXPECT_THAT(harness_.take_all<Assign>(), IsEmpty()) << "it may be running there";
  harness_.step(60s, WorkerHeard{kB});
  harness_.step(60s, TimePassed{});
  EXPECT_THAT(harness_.take_all<Assign>(), ElementsAre(Assign{kB, job(0), try_no(2)}));
  harness_.commit(kB, job(0), try_no(2));
  EXPECT_THAT(harness_.take_all<Assign>(), ElementsAre(Assign{kB, job(1), try_no(3)}));
}

TEST_F(SchedulerFaultTest, BeginsAgainWhatHadNotBegun) {
  open(true);
  fail(FailureKind::kUnstarted);
  EXPECT_THAT(harness_.take_actions(), Contains(is_assign(kA, job(0), try_no(2))));
}

TEST_F(SchedulerFaultTest, WaitsForTheLeaseOfALostWorkerAndItsResult) {
  open(true);
  harness_.step(WorkerLost{kA});
  harness_.step(WorkerJoined{.worker = kB});
  EXPECT_THAT(harness_.take_actions(), Not(Contains(is_commit_fault(job(0)))));
  // It comes back within the lease, with the result.
  harness_.step(WorkerJoined{.worker = kC});
  harness_.done(kC, job(0), try_no(1));
  EXPECT_THAT(harness_.take_actions(), Contains(is_commit(job(0), try_no(1))));
}

TEST_F(SchedulerFaultTest, GivesUpWhatIsNotToBeginAgainWhenTheLeaseIsOver) {
  open(true);
  harness_.step(WorkerLost{kA});
  harness_.forget_actions();
  harness_.step(60s, TimePassed{});
  harness_.forget_actions();
  harness_.step(60s, WorkerJoined{.worker = kB});
  const auto actions = harness_.take_actions();
  EXPECT_THAT(actions, Contains(is_commit_fault(job(0))));
  EXPECT_THAT(actions, Not(Contains(is_assign(kB, job(0), try_no(2)))));
  // Whatever comes of it afterwards comes too late.
  harness_.step(60s, CommitDone{job(0), kNone});
  harness_.step(60s, WorkerJoined{.worker = kC});
  harness_.done(kC, job(0), try_no(1));
  EXPECT_THAT(harness_.take_actions(), Contains(is_drop(kC, job(0), try_no(1))));
}

}  // namespace
}  // namespace sheaf::master
