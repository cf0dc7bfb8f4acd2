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

/// The executors of a worker, in a pool for each program: which live, which have a free slot, and when one is started (again).
///
/// The slots are the worker's, whichever program works in them: no more than `executors` times `threads` jobs run at a time.
/// The programs share the first `executors` processes, at least one each; more of one, up to `executors`, are started when
/// there are jobs for them. What has been started stays. Pure, as WorkerSession is.
class ExecutorTable {
 public:
  ExecutorTable(std::size_t programs, std::uint32_t executors, std::uint32_t threads);

  /// Starts what is to be there, is not, and whose time has come.
  void start_due(Instant now, Actions& actions);
  /// So many jobs wait for a slot of that program: as many are to be there.
  void want(ProgramIndex program, std::size_t jobs);
  /// None of its executors is started any more.
  void give_up(ProgramIndex program) { pools_[program].wanted = 0; }

  /// False if there is no such executor, or it was ready before.
  bool on_ready(ExecutorId executor, const ExecutorFacts& facts);
  /// False if there is no such executor. Its place is filled again after a delay.
  bool on_lost(Instant now, ExecutorId executor);
  /// A job that was given to it at `started` ended there: the program is known to work.
  void on_job_ended(Instant now, ExecutorId executor, Instant started);
  /// A job that was given to it came back, not done: perhaps it never began, so it says nothing of the pace.
  void on_job_returned(ExecutorId executor);
  /// EndExecutor, once.
  void end(ExecutorId executor, Actions& actions);

  /// All slots are busy: nothing is started, whatever executors there are.
  bool is_full() const { return busy_ >= slots_max_; }
  /// The program's ready executor with the most free slots; empty when there is none.
  std::optional<ExecutorId> with_free_slot(ProgramIndex program) const;
  /// The program's ready executor that is to have one more job waiting behind those in its slots: while jobs are so short that
  /// it would stand still for a good part of the time until it hears of the next one. The one with the fewest; empty when there
  /// is none.
  std::optional<ExecutorId> with_room_ahead(ProgramIndex program) const;
  /// A job goes there, into a free slot or behind; opens the run there if it is not open.
  void give(Instant now, ExecutorId executor, const std::shared_ptr<const RunSetup>& setup, Actions& actions);

  /// Executors in which jobs wait behind one that takes long after all, and have not been asked for back; each only once.
  std::vector<ExecutorId> take_stuck(Instant now);
  /// So many of the jobs that are there may have begun: the first ones of those that have not ended.
  std::uint32_t slots_of(ExecutorId executor) const;
  /// Which program it runs; empty if there is no such executor.
  std::optional<ProgramIndex> program_of(ExecutorId executor) const;
  bool is_being_ended(ExecutorId executor) const;
  /// Whether one of the program's executors is ready, or may still become so.
  bool is_any_alive(ProgramIndex program) const;
  /// Lives of the program in a row, over all places, that ended before they were ready.
  int failed_starts(ProgramIndex program) const { return pools_[program].failed_starts; }
  std::optional<Instant> next_deadline() const;

 private:
  enum class State { kAbsent, kStarting, kReady };

  /// Where one executor lives after the other.
  struct Place {
    State state = State::kAbsent;
    ProgramIndex program = 0;
    ExecutorId executor;
    Instant start_at{};
    int losses_in_a_row = 0;
    std::uint32_t slots = 0;
    std::uint32_t jobs = 0;        ///< In slots, and behind.
    Instant moved_at{};            ///< When it got its first job, or ended one: the last of these.
    bool asked_back = false;       ///< What waits behind the slots. Until a job ends there, it gets no more of that.
    std::optional<Duration> pace;  ///< From the end of a job to the end of the next, if it has one to do: an average.
    bool being_ended = false;
    std::deque<std::shared_ptr<const RunSetup>> open_runs;  ///< The last kOpenRunsMax, oldest first.

    bool takes_jobs() const { return state == State::kReady && !being_ended; }
    std::uint32_t ahead_max() const;
    /// When what waits behind the slots has waited too long.
    std::optional<Instant> stuck_at() const;
  };

  /// The executors of one program.
  struct Pool {
    std::vector<Place> places;
    std::size_t wanted = 0;  ///< Of the places, from the first on.
    int failed_starts = 0;
  };

  /// One job fewer is there.
  void take_from(Place& place);
  Place* find(ExecutorId executor);
  const Place* find(ExecutorId executor) const;

  std::vector<Pool> pools_;  ///< By ProgramIndex.
  std::uint32_t threads_;
  std::uint64_t slots_max_;
  std::uint64_t busy_ = 0;  ///< Slots.
  ExecutorId last_;
};

}  // namespace sheaf::worker
