#include "master/core/worker_table.h"

#include <limits>

#include "common/base/check.h"

namespace sheaf::master {

Worker& WorkerTable::join(Worker worker) {
  const WorkerId id = worker.id;
  SHEAF_CHECK(worker.held.empty());
  const auto [place, is_new] = workers_.emplace(id, std::move(worker));
  SHEAF_CHECK(is_new);  // Worker ids are the master's own, and never reused.
  Worker& joined = place->second;
  joined.group = &groups_[joined.fingerprint];
  joined.group->members += 1;
  put(joined);
  has_news_ = true;
  return joined;
}

void WorkerTable::remove(WorkerId id) {
  const auto place = workers_.find(id);
  SHEAF_CHECK(place != workers_.end());
  const Worker& worker = place->second;
  take(worker);
  worker.group->members -= 1;
  if (worker.group->members == 0) groups_.erase(worker.fingerprint);
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

const WorkerGroup* WorkerTable::find_group(const std::string& fingerprint) const {
  const auto place = groups_.find(fingerprint);
  return place == groups_.end() ? nullptr : &place->second;
}

const std::set<WorkerLoad>& WorkerTable::by_load(const std::string& fingerprint) const {
  static const std::set<WorkerLoad> kNobody;
  if (fingerprint.empty()) return by_load_;
  const WorkerGroup* group = find_group(fingerprint);
  return group == nullptr ? kNobody : group->by_load;
}

UsableWorkers WorkerTable::usable(const std::string& fingerprint) const {
  if (fingerprint.empty()) return {view_.usable, view_.slots};
  const WorkerGroup* group = find_group(fingerprint);
  return group == nullptr ? UsableWorkers() : group->usable;
}

void WorkerTable::take(const Worker& worker) {
  take_load(worker);
  view_.workers -= 1;
  if (worker.is_usable()) {
    view_.usable -= 1;
    view_.slots -= worker.slots;
    worker.group->usable.workers -= 1;
    worker.group->usable.slots -= worker.slots;
  }
  if (!worker.expired) SHEAF_CHECK(by_heard_.erase({worker.heard, worker.id}) == 1);
}

void WorkerTable::put(const Worker& worker) {
  put_load(worker);
  view_.workers += 1;
  if (worker.is_usable()) {
    view_.usable += 1;
    view_.slots += worker.slots;
    worker.group->usable.workers += 1;
    worker.group->usable.slots += worker.slots;
  }
  if (!worker.expired) by_heard_.insert({worker.heard, worker.id});
}

void WorkerTable::take_load(const Worker& worker) {
  view_.held -= worker.held.size();
  if (!worker.has_room()) return;
  const WorkerLoad load{worker.load(), worker.id};
  SHEAF_CHECK(by_load_.erase(load) == 1 && worker.group->by_load.erase(load) == 1);
}

void WorkerTable::put_load(const Worker& worker) {
  view_.held += worker.held.size();
  if (!worker.has_room()) return;
  const WorkerLoad load{worker.load(), worker.id};
  by_load_.insert(load);
  worker.group->by_load.insert(load);
}

void WorkerTable::check_invariants() const {
  ClusterView expected;
  std::map<std::string, WorkerGroup> groups;
  std::size_t with_room = 0;
  std::size_t not_expired = 0;
  for (const auto& [id, worker] : workers_) {
    SHEAF_CHECK(id == worker.id);
    expected.workers += 1;
    expected.held += worker.held.size();
    WorkerGroup& group = groups[worker.fingerprint];
    group.members += 1;
    SHEAF_CHECK(worker.group == find_group(worker.fingerprint));
    if (worker.is_usable()) {
      expected.usable += 1;
      expected.slots += worker.slots;
      group.usable.workers += 1;
      group.usable.slots += worker.slots;
    }
    if (worker.has_room()) {
      with_room += 1;
      group.by_load.insert({worker.load(), id});
      SHEAF_CHECK(by_load_.contains({worker.load(), id}));
    }
    if (!worker.expired) {
      not_expired += 1;
      SHEAF_CHECK(by_heard_.contains({worker.heard, id}));
    }
    std::uint64_t bytes = 0;
    for (const auto& [job, held] : worker.held) bytes += held.payload_bytes;
    SHEAF_CHECK(bytes == worker.held_bytes);
  }
  SHEAF_CHECK(with_room == by_load_.size() && not_expired == by_heard_.size());
  SHEAF_CHECK(expected.workers == view_.workers && expected.held == view_.held);
  SHEAF_CHECK(expected.usable == view_.usable && expected.slots == view_.slots);
  SHEAF_CHECK(groups == groups_);
}

}  // namespace sheaf::master
