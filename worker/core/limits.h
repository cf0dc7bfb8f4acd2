#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/base/time.h"

namespace sheaf::worker {

/// Runs whose contexts an executor holds open: the link and the executor both count the last ones that were opened, so that
/// they agree without a word.
inline constexpr std::size_t kOpenRunsMax = 8;

/// Runs whose setup (at most 32 KiB each) a session remembers.
inline constexpr std::size_t kRememberedRunsMax = 256;

/// Attempts that a session remembers after it has forgotten the job, to know a repeated assignment when it sees one.
inline constexpr std::size_t kRememberedAttemptsMax = 16 * 1024;

/// Held attempts that one Hello names; with the longest numbers they fit into a header. A master gives what is not named to
/// others, and takes the result all the same.
inline constexpr std::size_t kHelloAttemptsMax = 1000;

/// A lost executor is started again after the first, and each time that it is lost without having done a job after twice as
/// long.
inline constexpr Duration kRestartDelayMin = std::chrono::milliseconds(100);
inline constexpr Duration kRestartDelayMax = std::chrono::seconds(30);

/// An executor is given jobs ahead of a free slot as far as it does them within this time, at its pace: it need not wait for
/// the link after each, and a job waits no longer behind others than nobody notices.
inline constexpr Duration kAheadTime = std::chrono::milliseconds(2);
inline constexpr std::uint32_t kAheadMax = 32;
/// About so many jobs make the average that is its pace.
inline constexpr int kPaceJobs = 8;

/// Jobs that wait longer than this for a slot are handed back but for the prefetch: they were given to a worker that was quick,
/// and now something there takes long. Others may be free.
inline constexpr Duration kQueuedMax = std::chrono::milliseconds(250);

/// So many executors in a row that ended before they were ready: the program cannot run here.
inline constexpr int kFailedStartsMax = 3;

/// Kinds that one executor program may do: a worker has few programs, and all of it must fit into a Hello.
inline constexpr std::size_t kKindsOfAProgramMax = 16;

/// Bytes of a text for people that comes from a process of ours; the wire allows 4 KiB.
inline constexpr std::size_t kEvidenceBytesMax = 2048;

}  // namespace sheaf::worker
