#include "worker/core/executor_table.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "worker/core/limits.h"

namespace sheaf::worker {

namespace {

Duration restart_delay(int losses_in_a_row) {
  Duration delay = kRestartDelayMin;
  for (int i = 1; i < losses_in_a_row && delay < kRestartDelayMax; ++i) delay *= 2;
  return std::min(delay, kRestartDelayMax);
}

}  // namespace

ExecutorTable::ExecutorTable(std::size_t programs, std::uint32_t executors, std::uint32_t threads)
    : pools_(programs), threads_(threads), slots_max_(std::uint64_t{executors} * threads) {
  for (Pool& pool : pools_) {
    pool.places.resize(executors);
    pool.wanted = std::max<std::size_t>(executors / programs, 1);
  }
}

void ExecutorTable::start_due(Instant now, Actions& actions) {
  for (ProgramIndex program = 0; program < pools_.size(); ++program) {
    Pool& pool = pools_[program];
    for (std::size_t i = 0; i < pool.wanted; ++i) {
      Place& place = pool.places[i];
      if (place.state != State::kAbsent || place.start_at > now) continue;
      place.state = State::kStarting;
      place.program = program;
      place.executor = last_ = ExecutorId{last_.value + 1};
      actions.push_back(StartExecutor{place.executor, program});
    }
  }
}

void ExecutorTable::want(ProgramIndex program, std::size_t jobs) {
  Pool& pool = pools_[program];
  const auto is_coming = [](const Place& place) { return place.state != State::kReady; };
  const auto wanted_end = pool.places.begin() + static_cast<std::ptrdiff_t>(pool.wanted);
  auto coming = static_cast<std::size_t>(std::count_if(pool.places.begin(), wanted_end, is_coming));
  for (; coming * threads_ < jobs && pool.wanted < pool.places.size(); ++coming) pool.wanted += 1;
}

bool ExecutorTable::on_ready(ExecutorId executor, const ExecutorFacts& facts) {
  Place* place = find(executor);
  if (place == nullptr || place->state != State::kStarting) return false;
  place->state = State::kReady;
  place->slots = facts.slots;
  pools_[place->program].failed_starts = 0;
  return true;
}

bool ExecutorTable::on_lost(Instant now, ExecutorId executor) {
  Place* place = find(executor);
  if (place == nullptr) return false;
  if (place->state == State::kStarting) pools_[place->program].failed_starts += 1;
  busy_ -= std::min(place->jobs, place->slots);
  const int losses = place->losses_in_a_row + 1;
  *place = Place{};
  place->losses_in_a_row = losses;
  place->start_at = now + restart_delay(losses);
  return true;
}

void ExecutorTable::on_job_ended(Instant now, ExecutorId executor, Instant started) {
  Place* place = find(executor);
  SHEAF_CHECK(place != nullptr);
  take_from(*place);
  place->losses_in_a_row = 0;
  place->asked_back = false;
  const Duration took = now - std::max(started, std::exchange(place->moved_at, now));
  place->pace = place->pace ? *place->pace + (took - *place->pace) / kPaceJobs : took;
}

void ExecutorTable::on_job_returned(ExecutorId executor) {
  Place* place = find(executor);
  SHEAF_CHECK(place != nullptr);
  take_from(*place);
}

void ExecutorTable::take_from(Place& place) {
  SHEAF_CHECK(place.jobs > 0);
  place.jobs -= 1;
  if (place.jobs < place.slots) busy_ -= 1;
}

std::uint32_t ExecutorTable::Place::ahead_max() const {
  if (!pace || asked_back) return 0;
  if (*pace <= kAheadTime / kAheadMax) return kAheadMax;
  return static_cast<std::uint32_t>(kAheadTime / *pace);
}

void ExecutorTable::end(ExecutorId executor, Actions& actions) {
  Place* place = find(executor);
  if (place == nullptr || place->being_ended) return;
  place->being_ended = true;
  actions.push_back(EndExecutor{executor});
}

std::optional<ExecutorId> ExecutorTable::with_free_slot(ProgramIndex program) const {
  const Place* best = nullptr;
  for (const Place& place : pools_[program].places) {
    if (!place.takes_jobs() || place.jobs >= place.slots) continue;
    if (best == nullptr || place.slots - place.jobs > best->slots - best->jobs) best = &place;
  }
  if (best == nullptr) return std::nullopt;
  return best->executor;
}

std::optional<ExecutorId> ExecutorTable::with_room_ahead(ProgramIndex program) const {
  const Place* best = nullptr;
  for (const Place& place : pools_[program].places) {
    if (!place.takes_jobs() || place.jobs < place.slots || place.jobs - place.slots >= place.ahead_max()) continue;
    if (best == nullptr || place.jobs - place.slots < best->jobs - best->slots) best = &place;
  }
  if (best == nullptr) return std::nullopt;
  return best->executor;
}

void ExecutorTable::give(Instant now, ExecutorId executor, const std::shared_ptr<const RunSetup>& setup, Actions& actions) {
  Place* place = find(executor);
  SHEAF_CHECK(place != nullptr && place->takes_jobs());
  if (place->jobs == 0) place->moved_at = now;
  if (place->jobs < place->slots) busy_ += 1;
  place->jobs += 1;
  auto& open = place->open_runs;
  if (std::find(open.begin(), open.end(), setup) != open.end()) return;
  // Another setup under the same number takes the former one's place.
  std::erase_if(open, [&](const auto& entry) { return entry->run == setup->run; });
  open.push_back(setup);
  if (open.size() > kOpenRunsMax) open.pop_front();
  actions.push_back(OpenRun{executor, setup->run, setup->kind, setup->setup});
}

std::optional<Instant> ExecutorTable::Place::stuck_at() const {
  return jobs > slots && !asked_back ? std::optional(moved_at + kQueuedMax) : std::nullopt;
}

std::vector<ExecutorId> ExecutorTable::take_stuck(Instant now) {
  std::vector<ExecutorId> stuck;
  for (Pool& pool : pools_) {
    for (Place& place : pool.places) {
      const std::optional<Instant> stuck_at = place.stuck_at();
      if (!stuck_at || *stuck_at > now) continue;
      place.asked_back = true;
      stuck.push_back(place.executor);
    }
  }
  return stuck;
}

std::uint32_t ExecutorTable::slots_of(ExecutorId executor) const {
  const Place* place = find(executor);
  return place == nullptr ? 0 : place->slots;
}

std::optional<ProgramIndex> ExecutorTable::program_of(ExecutorId executor) const {
  const Place* place = find(executor);
  return place == nullptr ? std::nullopt : std::optional(place->program);
}

bool ExecutorTable::is_being_ended(ExecutorId executor) const {
  const Place* place = find(executor);
  return place != nullptr && place->being_ended;
}

bool ExecutorTable::is_any_alive(ProgramIndex program) const {
  const auto& places = pools_[program].places;
  return std::any_of(places.begin(), places.end(), [](const Place& place) { return place.state != State::kAbsent; });
}

std::optional<Instant> ExecutorTable::next_deadline() const {
  std::optional<Instant> next;
  const auto consider = [&next](Instant when) { next = std::min(next.value_or(when), when); };
  for (const Pool& pool : pools_) {
    for (std::size_t i = 0; i < pool.places.size(); ++i) {
      const Place& place = pool.places[i];
      if (i < pool.wanted && place.state == State::kAbsent) consider(place.start_at);
      if (const auto stuck_at = place.stuck_at()) consider(*stuck_at);
    }
  }
  return next;
}

ExecutorTable::Place* ExecutorTable::find(ExecutorId executor) {
  return const_cast<Place*>(static_cast<const ExecutorTable*>(this)->find(executor));
}

const ExecutorTable::Place* ExecutorTable::find(ExecutorId executor) const {
  for (const Pool& pool : pools_) {
    for (const Place& place : pool.places) {
      if (place.state != State::kAbsent && place.executor == executor) return &place;
    }
  }
  return nullptr;
}

}  // namespace sheaf::worker
