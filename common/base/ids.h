#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace sheaf {

/// A number that cannot be mistaken for another kind of number.
template <class Tag>
struct Id {
  std::uint64_t value = 0;
  auto operator<=>(const Id&) const = default;
};

using RunId = Id<struct RunTag>;        ///< One run of one master's state; given by the master, starts at 1.
using WorkerId = Id<struct WorkerTag>;  ///< One worker session; given by the master, never reused within an epoch.
using Epoch = Id<struct EpochTag>;      ///< One life of the master; grows with every start.

/// Where a job stands in its run: results are bound in this order. `sub` is 0 until a job is split; its parts are 1, 2, 3, ...
struct JobKey {
  std::uint64_t seq = 0;
  std::uint32_t sub = 0;
  auto operator<=>(const JobKey&) const = default;
};

/// One try at a job, never used again: a fence against late answers. It says nothing about how often the job has failed.
struct Attempt {
  std::uint64_t epoch = 0;
  std::uint64_t n = 0;  ///< Counts all attempts of the epoch, from 1.
  auto operator<=>(const Attempt&) const = default;
};

/// A job of one run, as it stands on the wire.
struct JobId {
  RunId run;
  JobKey key;
  auto operator<=>(const JobId&) const = default;
};

/// A worker, stage or client process that talks to the master: 16 random bytes, made when it starts, kept over reconnects.
struct SessionId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const SessionId&) const = default;
};

/// "12", or "12.3" for the third part of a split job.
inline std::string to_string(JobKey key) {
  return key.sub == 0 ? std::to_string(key.seq) : std::to_string(key.seq) + "." + std::to_string(key.sub);
}
inline std::string to_string(Attempt attempt) {
  return std::to_string(attempt.epoch) + "/" + std::to_string(attempt.n);
}

}  // namespace sheaf

template <class Tag>
struct std::hash<sheaf::Id<Tag>> {
  std::size_t operator()(sheaf::Id<Tag> id) const noexcept { return std::hash<std::uint64_t>()(id.value); }
};
