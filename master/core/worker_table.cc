#include "master/core/worker_table.h"

#include <limits>

#include "common/base/check.h"

namespace sheaf::master {

namespace {

/// For each kind that it does: whoever asks for the kind alone, and whoever asks for its fingerprint too.
std::vector<WorkerNeed> needs_met_by(const Worker& worker) {
  std::vector<WorkerNeed> needs;
  for (const auto& [kind, fingerprint] : worker.kinds) {
    needs.push_back({kind, {}});
    if (!fingerprint.empty()) needs.push_back({kind, fingerprint});
  }
  return needs;
}

}  // namespace

Worker& WorkerTable::join(Worker worker) {
  const WorkerId id = worker.id;
  SHEAF_CHECK(worker.held.empty());
  const auto [place, is_new] = workers_.emplace(id, std::move(worker));
  SHEAF_CHECK(is_new);  // Worker ids are the master's own, and never reused.
  Worker& joined = place->second;
  for (const WorkerNeed& need : needs_met_by(joined)) {
    joined.groups.push_back(&groups_[need]);
    joined.groups.back()->members += 1;
  }
  put(joined);
  has_news_ = true;
  return joined;
}

void WorkerTable::remove(WorkerId id) {
  const auto place = workers_.find(id);
  SHEAF_CHECK(place != workers_.end());
  const Worker& worker = place->second;
  take(worker);
  for (const WorkerNeed& need : needs_met_by(worker)) {
    const auto group = groups_.find(need);
    group->second.members -= 1;
    if (group->second.members == 0) groups_.erase(group);
  }
  workers_.erase(place);
  has_news_ = true;
}

Worker* WorkerTable::find(WorkerId id) {
  const auto place = workers_.find(id);
  return place == workers_.end() ? nullptr : &place->second;
}

const Worker* WorkerTable::find(WorkerId id) const {
  const auto place = workers_.find(id);
  return place == workers_.end() ? nullptr : &place->second;
}

void WorkerTable::hold(Worker& worker, JobId job, const Held& held) {
  take_load(worker);
  SHEAF_CHECK(worker.held.emplace(job, held).second);
  SHEAF_CHECK(held.payload_bytes <= std::numeric_limits<std::uint64_t>::max() - worker.held_bytes);
  worker.held_bytes += held.payload_bytes;
  put_load(worker);
}

void WorkerTable::release(Worker& worker, JobId job, Attempt attempt) {
  const auto place = worker.held.find(job);
  if (place == worker.held.end() || place->second.attempt != attempt) return;
  take_load(worker);
  worker.held_bytes -= place->second.payload_bytes;
  worker.held.erase(place);
  put_load(worker);
  has_news_ = true;
}

void WorkerTable::set_ahead(Worker& worker, std::uint32_t ahead) {
  if (worker.ahead == ahead) return;
  take_load(worker);
  worker.ahead = ahead;
  put_load(worker);
  has_news_ = true;
}

void WorkerTable::set_draining(Worker& worker) {
  take(worker);
  worker.draining = true;
  put(worker);
  has_news_ = true;
}

void WorkerTable::set_expired(Worker& worker, bool expired) {
  take(worker);
  worker.expired = expired;
  put(worker);
  has_news_ = true;
}

void WorkerTable::set_heard(Worker& worker, Instant now) {
  SHEAF_CHECK(!worker.expired);
  if (worker.heard == now) return;
  auto place = by_heard_.extract({worker.heard, worker.id});
  worker.heard = now;
  place.value().first = now;
  by_heard_.insert(std::move(place));
}

std::optional<std::pair<Instant, WorkerId>> WorkerTable::most_silent() const {
  if (by_heard_.empty()) return std::nullopt;
  return *by_heard_.begin();
}

const WorkerGroup* WorkerTable::find_group(const WorkerNeed& need) const {
  const auto place = groups_.find(need);
  return place == groups_.end() ? nullptr : &place->second;
}

const std::set<WorkerLoad>& WorkerTable::by_load(const WorkerNeed& need) const {
  static const std::set<WorkerLoad> kNobody;
  const WorkerGroup* group = find_group(need);
  return group == nullptr ? kNobody : group->by_load;
}

UsableWorkers WorkerTable::usable(const WorkerNeed& need) const {
  const WorkerGroup* group = find_group(need);
  return group == nullptr ? UsableWorkers() : group->usable;
}

void WorkerTable::take(const Worker& worker) {
  take_load(worker);
  view_.workers -= 1;
  if (worker.is_usable()) {
    view_.usable -= 1;
    view_.slots -= worker.slots;
    for (WorkerGroup* group : worker.groups) {
      group->usable.workers -= 1;
      group->usable.slots -= worker.slots;
    }
  }
  if (!worker.expired) SHEAF_CHECK(by_heard_.erase({worker.heard, worker.id}) == 1);
}

void WorkerTable::put(const Worker& worker) {
  put_load(worker);
  view_.workers += 1;
  if (worker.is_usable()) {
    view_.usable += 1;
    view_.slots += worker.slots;
    for (WorkerGroup* group : worker.groups) {
      group->usable.workers += 1;
      group->usable.slots += worker.slots;
    }
  }
  if (!worker.expired) by_heard_.insert({worker.heard, worker.id});
}

void WorkerTable::take_load(const Worker& worker) {
  view_.held -= worker.held.size();
  if (!worker.has_room()) return;
  const WorkerLoad load{worker.load(), worker.id};
  with_room_ -= 1;
  for (WorkerGroup* group : worker.groups) SHEAF_CHECK(group->by_load.erase(load) == 1);
}

void WorkerTable::put_load(const Worker& worker) {
  view_.held += worker.held.size();
  if (!worker.has_room()) return;
  const WorkerLoad load{worker.load(), worker.id};
  with_room_ += 1;
  for (WorkerGroup* group : worker.groups) group->by_load.insert(load);
}

void WorkerTable::check_invariants() const {
  ClusterView expected;
  std::map<WorkerNeed, WorkerGroup> groups;
  std::size_t with_room = 0;
  std::size_t not_expired = 0;
  for (const auto& [id, worker] : workers_) {
    SHEAF_CHECK(id == worker.id);
    expected.workers += 1;
    expected.held += worker.held.size();
    if (worker.is_usable()) {
      expected.usable += 1;
      expected.slots += worker.slots;
    }
    if (worker.has_room()) with_room += 1;
    const std::vector<WorkerNeed> needs = needs_met_by(worker);
    SHEAF_CHECK(needs.size() == worker.groups.size());
    for (std::size_t i = 0; i < needs.size(); ++i) {
      SHEAF_CHECK(worker.groups[i] == find_group(needs[i]));
      WorkerGroup& group = groups[needs[i]];
      group.members += 1;
      if (worker.is_usable()) {
        group.usable.workers += 1;
        group.usable.slots += worker.slots;
      }
      if (worker.has_room()) group.by_load.insert({worker.load(), id});
    }
    if (!worker.expired) {
      not_expired += 1;
      SHEAF_CHECK(by_heard_.contains({worker.heard, id}));
    }
    std::uint64_t bytes = 0;
    for (const auto& [job, held] : worker.held) bytes += held.payload_bytes;
    SHEAF_CHECK(bytes == worker.held_bytes);
  }
  SHEAF_CHECK(with_room == with_room_ && not_expired == by_heard_.size());
  SHEAF_CHECK(expected.workers == view_.workers && expected.held == view_.held);
  SHEAF_CHECK(expected.usable == view_.usable && expected.slots == view_.slots);
  SHEAF_CHECK(groups == groups_);
}

}  // namespace sheaf::master
