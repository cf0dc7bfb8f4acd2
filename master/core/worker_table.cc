#include "master/core/worker_table.h"

#include <limits>

#include "common/base/check.h"

namespace sheaf::master {

Worker& WorkerTable::join(Worker worker) {
  const WorkerId id = worker.id;
  SHEAF_CHECK(worker.held.empty());
  const auto [place, is_new] = workers_.emplace(id, std::move(worker));
  SHEAF_CHECK(is_new);  // Worker ids are the master's own, and never reused.
  put(place->second);
  return place->second;
}

void WorkerTable::remove(WorkerId id) {
  const auto place = workers_.find(id);
  SHEAF_CHECK(place != workers_.end());
  take(place->second);
  workers_.erase(place);
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
  take(worker);
  SHEAF_CHECK(worker.held.emplace(job, held).second);
  SHEAF_CHECK(held.payload_bytes <= std::numeric_limits<std::uint64_t>::max() - worker.held_bytes);
  worker.held_bytes += held.payload_bytes;
  put(worker);
}

void WorkerTable::release(Worker& worker, JobId job, Attempt attempt) {
  const auto place = worker.held.find(job);
  if (place == worker.held.end() || place->second.attempt != attempt) return;
  take(worker);
  worker.held_bytes -= place->second.payload_bytes;
  worker.held.erase(place);
  put(worker);
}

void WorkerTable::set_draining(Worker& worker) {
  take(worker);
  worker.draining = true;
  put(worker);
}

void WorkerTable::set_expired(Worker& worker, bool expired) {
  take(worker);
  worker.expired = expired;
  put(worker);
}

void WorkerTable::set_heard(Worker& worker, Instant now) {
  if (worker.heard == now) return;
  take(worker);
  worker.heard = now;
  put(worker);
}

std::optional<std::pair<Instant, WorkerId>> WorkerTable::most_silent() const {
  if (by_heard_.empty()) return std::nullopt;
  return *by_heard_.begin();
}

UsableWorkers WorkerTable::usable(const std::string& fingerprint) const {
  if (fingerprint.empty()) return {view_.usable, view_.slots};
  const auto alike = usable_by_fingerprint_.find(fingerprint);
  return alike == usable_by_fingerprint_.end() ? UsableWorkers() : alike->second;
}

void WorkerTable::take(const Worker& worker) {
  view_.workers -= 1;
  view_.held -= worker.held.size();
  if (worker.is_usable()) {
    view_.usable -= 1;
    view_.slots -= worker.slots;
    const auto alike = usable_by_fingerprint_.find(worker.fingerprint);
    alike->second.workers -= 1;
    alike->second.slots -= worker.slots;
    if (alike->second.workers == 0) usable_by_fingerprint_.erase(alike);
  }
  if (worker.has_room()) SHEAF_CHECK(by_load_.erase({worker.load(), worker.id}) == 1);
  if (!worker.expired) SHEAF_CHECK(by_heard_.erase({worker.heard, worker.id}) == 1);
}

void WorkerTable::put(const Worker& worker) {
  view_.workers += 1;
  view_.held += worker.held.size();
  if (worker.is_usable()) {
    view_.usable += 1;
    view_.slots += worker.slots;
    UsableWorkers& alike = usable_by_fingerprint_[worker.fingerprint];
    alike.workers += 1;
    alike.slots += worker.slots;
  }
  if (worker.has_room()) by_load_.insert({worker.load(), worker.id});
  if (!worker.expired) by_heard_.insert({worker.heard, worker.id});
}

void WorkerTable::check_invariants() const {
  ClusterView expected;
  std::map<std::string, UsableWorkers> by_fingerprint;
  std::size_t with_room = 0;
  std::size_t not_expired = 0;
  for (const auto& [id, worker] : workers_) {
    SHEAF_CHECK(id == worker.id);
    expected.workers += 1;
    expected.held += worker.held.size();
    if (worker.is_usable()) {
      expected.usable += 1;
      expected.slots += worker.slots;
      by_fingerprint[worker.fingerprint].workers += 1;
      by_fingerprint[worker.fingerprint].slots += worker.slots;
    }
    if (worker.has_room()) {
      with_room += 1;
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
  SHEAF_CHECK(by_fingerprint == usable_by_fingerprint_);
}

}  // namespace sheaf::master
