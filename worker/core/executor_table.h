#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/time.h"
#include "worker/core/actions.h"
#include "worker/core/run_setups.h"

namespace sheaf::worker {

/// The executors of a worker: which live, which have a free slot, and when a lost one is started again. Pure, as WorkerSession
/// is.
class ExecutorTable {
 public:
  explicit ExecutorTable(std::uint32_t executors) : places_(executors) {}

  /// Starts what is not running and whose time has come.
  void start_due(Instant now, Actions& actions);

  /// False if there is no such executor, or it was ready before.
  bool on_ready(ExecutorId executor, const ExecutorFacts& facts);
  /// False if there is no such executor. Its place is filled again after a delay.
  bool on_lost(Instant now, ExecutorId executor);
  /// A job ended there: a slot is free, and the program is known to work.
  void on_job_ended(ExecutorId executor);
  /// EndExecutor, once.
  void end(ExecutorId executor, Actions& actions);

  /// The ready executor with the most free slots; empty when there is none.
  std::optional<ExecutorId> with_free_slot() const;
  /// Takes a slot of it, and opens the run there if it is not open.
  void take_slot(ExecutorId executor, const std::shared_ptr<const RunSetup>& setup, Actions& actions);

  bool is_being_ended(ExecutorId executor) const;
  bool any_ready() const;
  /// Lives in a row, over all places, that ended before they were ready.
  int failed_starts() const { return failed_starts_; }
  std::optional<Instant> next_deadline() const;

 private:
  enum class State { kAbsent, kStarting, kReady };

  /// Where one executor lives after the other.
  struct Place {
    State state = State::kAbsent;
    ExecutorId executor;
    Instant start_at{};
    int losses_in_a_row = 0;
    std::uint32_t slots = 0;
    std::uint32_t busy = 0;
    bool being_ended = false;
    std::deque<std::shared_ptr<const RunSetup>> open_runs;  ///< The last kOpenRunsMax, oldest first.
  };

  Place* find(ExecutorId executor);
  const Place* find(ExecutorId executor) const;

  std::vector<Place> places_;
  ExecutorId last_;
  int failed_starts_ = 0;
};

}  // namespace sheaf::worker
