#pragma once

#include <chrono>
#include <cstdint>

#include "common/base/result.h"
#include "common/base/time.h"

namespace sheaf::master {

/// A run's payloads that are fed and not committed, and its results that are committed and not bound.
inline constexpr std::uint64_t kMemoryWindowBytes = 16ULL << 20;
inline constexpr std::uint64_t kSpoolWindowBytes = 1ULL << 30;

/// The limits of a Scheduler. Sizes that differ from run to run (memory and spool window, tries) come with RunOpened instead.
struct SchedulerConfig {
  std::uint64_t epoch = 1;  ///< This life of the master; every attempt bears it.

  /// A worker that has not been heard for this long is expired: its jobs go to others. It may come back.
  Duration worker_silence_max = std::chrono::seconds(4);

  /// A job that may not run in two copies and whose worker is silent, lost or gone is given to others only so long after that
  /// worker was heard last. The worker ends what it runs of such jobs half of this after a renewal that the master has heard.
  Duration lease = std::chrono::seconds(60);
  /// After a Revoke has reached its worker, the longest that what it stops may go on, and as long again.
  Duration revoked_max = std::chrono::seconds(60);

  /// A worker that is full and has a result sooner than this after it was given the job gets more ahead than it asks for: one
  /// with each such result; a later one costs it an eighth of them, once for all that it had been given by then. So a job waits
  /// about so long behind others, however short they are. Zero: never.
  Duration quick_answer = std::chrono::milliseconds(60);

  /// Results per run that are with the stage and not yet accepted. One result is always allowed, and so is the oldest one.
  std::uint64_t deliver_window_bytes = 64ULL << 20;
  std::uint64_t deliver_jobs_window = 1024;

  /// Jobs per run that are fed and not committed: bounds the records, as bytes bound payload.
  std::uint64_t jobs_window = 4096;
  /// Jobs per run that are committed and not accepted, beside the run's spool window in bytes.
  std::uint64_t spool_jobs_window = 65536;

  std::uint32_t strikes_max = 3;         ///< Executors that a job may take with it before its run fails.
  std::uint32_t refusals_max = 8;        ///< Times that workers may refuse to start a job before its run fails.
  std::uint32_t revisions_max = 16;      ///< Times that the stage may ask for a job again before the run fails.
  std::uint32_t split_parts_max = 1024;  ///< Parts that a job may be split into.
  std::uint32_t worker_jobs_max = 4096;  ///< Jobs that one worker holds: what goes beyond is not used.

  /// Errors: kUsage, with the name of the field that is out of range.
  Status validate() const;
};

}  // namespace sheaf::master
