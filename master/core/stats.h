#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "common/base/time.h"

namespace sheaf::master {

/// Counters over the life of a Scheduler: what tests and operators count.
struct Stats {
  std::uint64_t workers_joined = 0;
  std::uint64_t workers_lost = 0;
  std::uint64_t workers_left = 0;
  std::uint64_t workers_expired = 0;
  std::uint64_t workers_reprieved = 0;  ///< Expired and heard again.

  std::uint64_t assigned = 0;
  std::uint64_t requeued = 0;  ///< Jobs that went back to the front, for whatever reason.
  std::uint64_t revoked = 0;
  std::uint64_t faults_committed = 0;  ///< Jobs that could not be done, in runs that go on without them.
  std::uint64_t leases_ended = 0;      ///< Jobs that nobody answered for and that went back when no copy could run any more.
  std::uint64_t adopted = 0;           ///< Attempts that a worker brought back and went on with.

  std::uint64_t commits = 0;
  std::uint64_t accepted = 0;
  std::uint64_t redos = 0;
  std::uint64_t splits = 0;
  std::uint64_t refed_jobs = 0;  ///< Fed again by a stage that started again, and ignored.

  std::uint64_t failed_tries = 0;
  std::uint64_t strikes = 0;
  std::uint64_t refusals = 0;
  std::uint64_t runs_failed = 0;

  std::uint64_t late_answers = 0;   ///< Of attempts that were issued, about jobs that need them no more. Normal.
  std::uint64_t stale_answers = 0;  ///< About workers, runs, jobs or attempts that are unknown here. Normal after a restart.
  std::uint64_t duplicate_answers = 0;  ///< The same answer again while its commit is under way.
  std::uint64_t alarms = 0;
};

/// Where a run stands, for progress.
struct RunView {
  std::optional<std::uint64_t> units_total{};  ///< As planned, or as fed; empty: not known yet.
  std::uint64_t units_done = 0;                ///< Committed, accepted ones included.
  std::uint64_t units_bound = 0;               ///< Accepted.

  std::optional<std::uint64_t> jobs_total{};  ///< Likewise, with the parts of split jobs.
  std::uint64_t jobs_fed = 0;                 ///< With sub 0, and so the seq that is to be fed next.
  std::uint64_t bytes_fed = 0;                ///< Their payload.
  std::uint64_t jobs_waiting = 0;
  std::uint64_t jobs_running = 0;
  std::uint64_t jobs_leased = 0;     ///< Neither: they wait until no copy of them can run any more.
  std::uint64_t jobs_committed = 0;  ///< Accepted ones included.
  std::uint64_t jobs_bound = 0;

  std::uint64_t attempts_total = 0;
  std::uint64_t attempts_lost = 0;      ///< Their worker or executor was lost.
  std::uint64_t attempts_repeated = 0;  ///< Beyond the first one of their job.

  std::uint64_t memory_bytes = 0;  ///< Payload fed and not committed.
  std::uint64_t spool_bytes = 0;   ///< Results committed, or on the way to it, and not accepted.

  std::string fingerprint;          ///< What workers must have; empty: anything.
  std::uint64_t workers = 0;        ///< Usable ones that do its kind and have it.
  std::uint64_t slots = 0;          ///< Of these.
  std::uint64_t unfit_workers = 0;  ///< Usable ones that do its kind and have another.
  std::uint64_t other_workers = 0;  ///< Usable ones that do not do its kind.
  bool stage_attached = false;
  bool stopped = false;  ///< Failed or cancelled.
};

/// One worker, for those who look on.
struct WorkerView {
  std::uint32_t slots = 0;
  std::set<std::string> kinds;
  std::size_t held = 0;  ///< Attempts, running or prefetched.
  Instant heard{};
  bool draining = false;
  bool expired = false;
};

/// The workers at hand.
struct ClusterView {
  std::uint64_t workers = 0;  ///< With a link, expired ones included.
  std::uint64_t usable = 0;   ///< Neither expired nor draining.
  std::uint64_t slots = 0;    ///< Of the usable ones.
  std::uint64_t held = 0;     ///< Attempts that workers hold, running or prefetched.
};

}  // namespace sheaf::master
