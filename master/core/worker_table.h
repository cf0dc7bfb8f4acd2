#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/base/time.h"
#include "master/core/events.h"
#include "master/core/stats.h"

namespace sheaf::master {

/// An attempt that is with a worker, as far as the master knows.
struct Held {
  Attempt attempt{};
  std::uint64_t payload_bytes = 0;
  Instant since{};
};

/// The workers that meet one need.
struct WorkerGroup;

/// One link to a worker. Changed only through WorkerTable, which keeps its indexes in step.
struct Worker {
  WorkerId id{};
  std::uint32_t slots = 1;
  std::uint32_t prefetch = 0;  ///< Jobs beyond the slots that it asks for.
  std::uint32_t ahead = 0;     ///< More of them, for being quick.
  Instant ahead_cut_at{};      ///< What it was given before it was given for being quicker than it is.
  std::uint64_t bytes_max = 0;
  KindFingerprints kinds{};
  Instant heard{};
  bool expired = false;
  bool draining = false;
  std::map<JobId, Held> held{};  ///< At most one attempt of a job.
  std::uint64_t held_bytes = 0;
  std::vector<WorkerGroup*> groups{};  ///< All that it is a member of. Set by join().

  bool is_usable() const { return !expired && !draining && slots > 0; }
  /// Negative: so many slots are free. 0 and more: so many jobs beyond the slots.
  std::int64_t load() const { return static_cast<std::int64_t>(held.size()) - static_cast<std::int64_t>(slots); }
  bool has_room() const { return is_usable() && load() < std::int64_t{prefetch} + std::int64_t{ahead}; }
  bool fits(std::uint64_t payload_bytes) const {
    return held.empty() || (held_bytes <= bytes_max && payload_bytes <= bytes_max - held_bytes);
  }
};

/// Workers that may be given jobs.
struct UsableWorkers {
  std::uint64_t workers = 0;
  std::uint64_t slots = 0;
  bool operator==(const UsableWorkers&) const = default;
};

/// Place of a worker among those that have room: its load, then its age.
using WorkerLoad = std::pair<std::int64_t, WorkerId>;

struct WorkerGroup {
  std::uint64_t members = 0;
  UsableWorkers usable;
  std::set<WorkerLoad> by_load;
  bool operator==(const WorkerGroup&) const = default;
};

/// The workers of a Scheduler, by id, by load and by when they were heard. Every operation is O(log workers) for each kind that
/// the worker does.
class WorkerTable {
 public:
  /// `worker.id` must be new.
  Worker& join(Worker worker);
  void remove(WorkerId id);
  Worker* find(WorkerId id);
  const Worker* find(WorkerId id) const;
  const std::map<WorkerId, Worker>& all() const { return workers_; }

  /// The workers that meet the need and may be given a job, the one with most free slots first, and those with none behind all
  /// that have one: so that slots fill evenly, and nobody prefetches while another idles. Ties go to the older worker.
  const std::set<WorkerLoad>& by_load(const WorkerNeed& need) const;
  bool has_room_somewhere() const { return with_room_ > 0; }
  /// Whether, since it was last asked, anything has happened that may let a worker take what it could not: one that came, went,
  /// was freed of a job, is used again or no more.
  bool take_news() { return std::exchange(has_news_, false); }

  void hold(Worker& worker, JobId job, const Held& held);
  /// Does nothing if the worker does not hold that attempt of the job.
  void release(Worker& worker, JobId job, Attempt attempt);
  void set_ahead(Worker& worker, std::uint32_t ahead);
  void set_draining(Worker& worker);
  void set_expired(Worker& worker, bool expired);
  void set_heard(Worker& worker, Instant now);

  /// The worker that has been silent for longest and is not expired.
  std::optional<std::pair<Instant, WorkerId>> most_silent() const;

  const ClusterView& view() const { return view_; }
  /// Those that meet the need.
  UsableWorkers usable(const WorkerNeed& need) const;
  void check_invariants() const;

 private:
  /// Takes the worker out of the indexes and sums; put() puts it back after a change. The second pair: for a change of load
  /// alone.
  void take(const Worker& worker);
  void put(const Worker& worker);
  void take_load(const Worker& worker);
  void put_load(const Worker& worker);
  const WorkerGroup* find_group(const WorkerNeed& need) const;

  std::map<WorkerId, Worker> workers_;
  std::size_t with_room_ = 0;
  std::set<std::pair<Instant, WorkerId>> by_heard_;  ///< Those that are not expired.
  std::map<WorkerNeed, WorkerGroup> groups_;         ///< Those that have members.
  ClusterView view_;
  bool has_news_ = false;
};

}  // namespace sheaf::master
