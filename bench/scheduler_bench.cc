// What the scheduler's decisions cost, on one core, without sockets or payloads: events in, actions out.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <deque>
#include <variant>
#include <vector>

#include "master/core/scheduler.h"

namespace sheaf::master {
namespace {

/// A scheduler with workers and runs; every run has its stage.
class Cluster {
 public:
  Cluster(std::uint64_t workers, std::uint64_t runs) : scheduler_(SchedulerConfig()) {
    for (std::uint64_t id = 1; id <= workers; ++id) {
      step(WorkerJoined{
          .worker = WorkerId{id}, .slots = 2, .prefetch = 1, .bytes_max = 64ULL << 20, .kinds = {{"", "one build of sheaf"}}});
    }
    for (std::uint64_t id = 1; id <= runs; ++id) {
      step(RunOpened{.run = RunId{id}, .traits = {.deterministic = true}, .bind_fingerprint = true});
      step(StageAttached{RunId{id}});
    }
    fed_.resize(runs + 1);
  }

  /// What follows stays in actions() until the next step.
  void step(const Event& event) {
    actions_.clear();
    now_ += std::chrono::microseconds(1);
    scheduler_.step(now_, event, actions_);
  }
  void feed(RunId run) {
    step(JobFed{.run = run, .key = {fed_.at(run.value)++, 0}, .payload_bytes = 1000, .units = 1});
    note_assignments();
  }
  /// The job that has been running for longest is done, its result is kept, bound, and the stage feeds another one.
  void finish_oldest() {
    const Assign done = running_.front();
    running_.pop_front();
    step(JobDone{done.worker, done.job, done.attempt, Digest{1, done.job.key.seq}, 1000});
    note_assignments();
    step(CommitDone{done.job, done.attempt});
    step(ResultAccepted{done.job});
    feed(done.job.run);
  }
  std::size_t running() const { return running_.size(); }

 private:
  void note_assignments() {
    for (const Action& action : actions_) {
      if (const auto* assign = std::get_if<Assign>(&action)) running_.push_back(*assign);
    }
  }

  Scheduler scheduler_;
  Instant now_{std::chrono::hours(1)};
  std::vector<Action> actions_;
  std::vector<std::uint64_t> fed_;  ///< By run.
  std::deque<Assign> running_;
};

/// A heartbeat of one of many idle workers while runs wait for their stages' input.
void Heartbeat(benchmark::State& state) {
  const std::uint64_t workers = state.range(0);
  Cluster cluster(workers, state.range(1));
  std::uint64_t next = 0;
  for (auto _ : state) {
    cluster.step(WorkerHeard{WorkerId{1 + next++ % workers}});
  }
}

/// The same with a job in each run that nobody may be given: its run began with workers of another build, which are gone.
void HeartbeatBesideJobsNobodyMayTake(benchmark::State& state) {
  const std::uint64_t workers = state.range(0);
  const std::uint64_t runs = state.range(1);
  Cluster cluster(workers, 0);
  for (std::uint64_t id = 1; id <= runs; ++id) {
    cluster.step(RunOpened{.run = RunId{id}, .fingerprint = "another build"});
    cluster.step(StageAttached{RunId{id}});
    cluster.step(JobFed{.run = RunId{id}, .key = {0, 0}, .payload_bytes = 1000});
  }
  std::uint64_t next = 0;
  for (auto _ : state) {
    cluster.step(WorkerHeard{WorkerId{1 + next++ % workers}});
  }
}

/// One job from its feeding to its acceptance, and the assignment of the one behind it, in a cluster whose slots are all busy.
void AssignAndCommit(benchmark::State& state) {
  const std::uint64_t workers = state.range(0);
  const std::uint64_t runs = state.range(1);
  Cluster cluster(workers, runs);
  for (std::uint64_t job = 0; job < 4 * workers; ++job) cluster.feed(RunId{1 + job % runs});
  if (cluster.running() != 3 * workers) state.SkipWithError("slots and prefetch are not full");
  for (auto _ : state) cluster.finish_oldest();
}

BENCHMARK(Heartbeat)->Args({1, 1})->Args({1000, 1})->Args({4000, 1})->Args({4000, 20});
BENCHMARK(HeartbeatBesideJobsNobodyMayTake)->Args({4000, 20});
BENCHMARK(AssignAndCommit)->Args({1, 1})->Args({1000, 1})->Args({1000, 20})->Args({4000, 1000});

}  // namespace
}  // namespace sheaf::master

BENCHMARK_MAIN();
