#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "common/base/mark.h"
#include "master/core/scheduler.h"

namespace sheaf::master {

using std::chrono::milliseconds;
using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

inline constexpr RunId kRun{1};
inline constexpr WorkerId kA{1};
inline constexpr WorkerId kB{2};
inline constexpr WorkerId kC{3};
inline constexpr Digest kDigest{0, 7};

inline JobId job(std::uint64_t seq, std::uint32_t sub = 0) {
  return {kRun, {seq, sub}};
}
inline Attempt try_no(std::uint64_t n) {
  return {1, n};
}
inline RunOpened video_run() {
  return {.run = kRun, .traits = {.deterministic = true, .second_attempt = true}};
}

inline auto is_assign(WorkerId worker, JobId id, Attempt attempt) {
  return testing::VariantWith<Assign>(Assign{worker, id, attempt});
}
inline auto is_revoke(WorkerId worker, JobId id, Attempt attempt) {
  return testing::VariantWith<Revoke>(Revoke{worker, id, attempt});
}
inline auto is_ack(WorkerId worker, JobId id, Attempt attempt) {
  return testing::VariantWith<AckResult>(AckResult{worker, id, attempt});
}
inline auto is_drop(WorkerId worker, JobId id, Attempt attempt) {
  return testing::VariantWith<DropResult>(DropResult{worker, id, attempt});
}
inline auto is_deliver(JobId id) {
  return testing::VariantWith<Deliver>(Deliver{id});
}
inline auto is_release_payload(JobId id) {
  return testing::VariantWith<ReleasePayload>(ReleasePayload{id});
}
inline auto is_release_result(JobId id) {
  return testing::VariantWith<ReleaseResult>(ReleaseResult{id});
}
inline auto is_bound() {
  return testing::VariantWith<RunBound>(RunBound{kRun});
}
inline auto is_commit(JobId id, Attempt attempt) {
  return testing::VariantWith<Commit>(
      testing::AllOf(testing::Field(&Commit::job, id), testing::Field(&Commit::attempt, attempt)));
}
inline auto is_run_failed(JobId id, std::uint32_t tries) {
  return testing::VariantWith<RunFailed>(
      testing::AllOf(testing::Field(&RunFailed::job, id), testing::Field(&RunFailed::tries, tries)));
}
template <class A>
auto is_any() {
  return testing::VariantWith<A>(testing::_);
}

/// A scheduler that checks its invariants after every step and collects its actions.
class SchedulerHarness {
 public:
  explicit SchedulerHarness(SchedulerConfig config = {}) : scheduler_(config) {}

  void step(Duration at, const Event& event) {
    now_ = Instant(at);
    step(event);
  }
  /// At the time of the step before.
  void step(const Event& event) {
    scheduler_.step(now_, event, actions_);
    scheduler_.check_invariants();
  }

  /// A run with its stage. `ask_feed` actions are of no interest to most tests: see keep_asks().
  void open_run(const RunOpened& opened = video_run()) {
    step(opened);
    step(StageAttached{opened.run});
  }
  void feed(std::uint64_t first, std::uint64_t count, std::uint64_t payload_bytes = 10, RunId run = kRun) {
    for (std::uint64_t i = 0; i < count; ++i) step(JobFed{run, {first + i, 0}, payload_bytes, 1});
  }
  void done(WorkerId worker, JobId id, Attempt attempt, Digest digest = kDigest, std::uint64_t result_bytes = 10) {
    step(JobDone{worker, id, attempt, digest, result_bytes});
  }
  /// The result arrives and becomes durable.
  void commit(WorkerId worker, JobId id, Attempt attempt, std::uint64_t result_bytes = 10) {
    done(worker, id, attempt, kDigest, result_bytes);
    step(CommitDone{id, attempt});
  }

  std::vector<Action> take_actions() {
    std::vector<Action> actions = std::exchange(actions_, {});
    if (!keep_asks_) std::erase_if(actions, [](const Action& a) { return std::holds_alternative<AskFeed>(a); });
    return actions;
  }
  template <class A>
  std::vector<A> take_all() {
    std::vector<A> found;
    for (const Action& action : std::exchange(actions_, {})) {
      if (const A* a = std::get_if<A>(&action)) found.push_back(*a);
    }
    return found;
  }
  void keep_asks() { keep_asks_ = true; }
  void forget_actions() { actions_.clear(); }

  Scheduler& scheduler() { return scheduler_; }
  const Stats& stats() const { return scheduler_.stats(); }
  RunView run() const { return scheduler_.run(kRun).value(); }

 private:
  Scheduler scheduler_;
  Instant now_{};
  std::vector<Action> actions_;
  bool keep_asks_ = false;
};

}  // namespace sheaf::master
