#include "master/core/run.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/mark.h"

namespace sheaf::master {

namespace {

// Sizes come from other processes. Capped, a window of them cannot overflow a sum.
constexpr std::uint64_t kSizeMax = 1ULL << 40;

// A stage that has credit left is told of more when it has grown by this part of the window, not with every commit.
constexpr std::uint64_t kCreditSteps = 8;

std::uint64_t room(std::uint64_t window, std::uint64_t used) {
  return window > used ? window - used : 0;
}

}  // namespace

IssuedAttempt* OpenJob::find(Attempt attempt) {
  const auto place = std::find_if(attempts.begin(), attempts.end(), [&](const auto& a) { return a.attempt == attempt; });
  return place == attempts.end() ? nullptr : &*place;
}

bool OpenJob::has(Attempt attempt) const {
  return std::any_of(attempts.begin(), attempts.end(), [&](const auto& a) { return a.attempt == attempt; });
}

bool OpenJob::has_live_attempt() const {
  return std::any_of(attempts.begin(), attempts.end(), [](const auto& a) { return a.state == AttemptState::kLive; });
}

bool OpenJob::may_run_beside(Attempt attempt) const {
  return earlier_runs_until || std::any_of(attempts.begin(), attempts.end(), [&](const IssuedAttempt& a) {
           return a.attempt != attempt && (a.state == AttemptState::kLive || a.runs_until);
         });
}

std::optional<Instant> OpenJob::copies_end() const {
  std::optional<Instant> end = earlier_runs_until;
  for (const IssuedAttempt& attempt : attempts) end = std::max(end, attempt.runs_until);
  return end;
}

Run::Run(const RunOpened& opened, const SchedulerConfig& config)
    : options_(opened),
      deliver_window_bytes_(config.deliver_window_bytes),
      deliver_jobs_window_(config.deliver_jobs_window),
      jobs_window_(config.jobs_window),
      spool_jobs_window_(config.spool_jobs_window),
      need_{opened.kind, opened.fingerprint} {
  options_.memory_window_bytes = std::clamp<std::uint64_t>(options_.memory_window_bytes, 1, kSizeMax);
  options_.spool_window_bytes = std::clamp<std::uint64_t>(options_.spool_window_bytes, 1, 1ULL << 60);
  options_.attempts_max = std::max<std::uint32_t>(options_.attempts_max, 1);
}

RunView Run::view() const {
  RunView view = view_;
  view.jobs_fed = jobs_fed_;
  view.bytes_fed = bytes_fed_;
  view.jobs_waiting = waiting_.size() + (is_stopped_ ? 0 : fresh_.size());
  view.jobs_running = open_.size() - waiting_.size() - leased_.size() - committing_;
  view.jobs_leased = leased_.size();
  view.memory_bytes = open_bytes_;
  view.spool_bytes = spool_bytes_;
  view.fingerprint = need_.fingerprint;
  view.stage_attached = stage_attached_;
  view.stopped = is_stopped_;
  if (is_stopped_) view.jobs_running = 0;
  return view;
}

void Run::stop() {
  is_stopped_ = true;
  waiting_.clear();
  leased_.clear();
  for (auto& [key, job] : open_) job.leased_until.reset();
}

bool Run::admits(const KindFingerprints& kinds) const {
  const auto kind = kinds.find(need_.kind);
  if (kind == kinds.end() || (options_.bind_fingerprint && kind->second.empty())) return false;
  return need_.fingerprint.empty() || kind->second == need_.fingerprint;
}

void Run::bind_fingerprint(const std::string& worker_fingerprint) {
  if (options_.bind_fingerprint && need_.fingerprint.empty()) need_.fingerprint = worker_fingerprint;
}

void Run::unbind_fingerprint_if_unused() {
  if (!options_.bind_fingerprint || !options_.fingerprint.empty() || need_.fingerprint.empty()) return;
  // A silent attempt is with somebody who may never be heard again: it does not count.
  if (view_.jobs_committed > 0 || committing_ > 0 || live_attempts_ > 0) return;
  need_.fingerprint.clear();
  SHEAF_MARK("scheduler_unbound_fingerprint");
}

void Run::plan(std::optional<std::uint64_t> jobs, std::optional<std::uint64_t> units) {
  if (jobs) view_.jobs_total = *jobs + jobs_split_off_;
  if (units) view_.units_total = units;
}

FeedVerdict Run::judge_feed(JobKey key) const {
  if (key.sub == 0) {
    if (key.seq < jobs_fed_) return FeedVerdict::kAlready;
    if (key.seq > jobs_fed_ || feed_ended_) return FeedVerdict::kOutOfOrder;
    return jobs_fed_ < jobs_until_ && bytes_fed_ < bytes_until_ ? FeedVerdict::kNext : FeedVerdict::kBeyondCredit;
  }
  const auto parts = missing_.find(key.seq);
  if (parts == missing_.end() || key.sub < parts->second.next) {
    return key.seq < jobs_fed_ ? FeedVerdict::kAlready : FeedVerdict::kOutOfOrder;
  }
  return key.sub == parts->second.next ? FeedVerdict::kNext : FeedVerdict::kOutOfOrder;
}

FeedVerdict Run::feed(const JobFed& job) {
  if (const FeedVerdict verdict = judge_feed(job.key); verdict != FeedVerdict::kNext) return verdict;
  const FreshJob fresh{std::min(job.payload_bytes, kSizeMax), std::min(job.units, kSizeMax)};
  if (job.key.sub == 0) {
    jobs_fed_ += 1;
    bytes_fed_ += fresh.payload_bytes;
    units_fed_ += fresh.units;
    open_bytes_ += fresh.payload_bytes;
    fresh_.push_back(fresh);
  } else {
    const auto parts = missing_.find(job.key.seq);
    parts->second.next += 1;
    if (parts->second.next > parts->second.last) missing_.erase(parts);
    add_open(job.key, OpenJob{.payload_bytes = fresh.payload_bytes, .units = fresh.units});
  }
  return FeedVerdict::kNext;
}

bool Run::end_feed(std::uint64_t jobs) {
  if (jobs != jobs_fed_) return false;
  feed_ended_ = true;
  if (!view_.jobs_total) view_.jobs_total = jobs_fed_ + jobs_split_off_;
  if (!view_.units_total) view_.units_total = units_fed_;
  return true;
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> Run::take_credit() {
  if (is_stopped_ || !stage_attached_ || feed_ended_ || is_spool_full()) return std::nullopt;
  const std::uint64_t bytes = std::max(bytes_until_, bytes_fed_ + room(options_.memory_window_bytes, open_bytes_));
  const std::uint64_t jobs = std::max(jobs_until_, jobs_fed_ + room(jobs_window_, open_jobs()));
  if (is_credit_told_ && bytes == bytes_until_ && jobs == jobs_until_) return std::nullopt;

  const bool stage_is_idle = !is_credit_told_ || bytes_fed_ >= bytes_until_ || jobs_fed_ >= jobs_until_;
  const bool would_go_on = bytes > bytes_fed_ && jobs > jobs_fed_;
  const bool is_worth_a_message =
      bytes - bytes_until_ >= std::max<std::uint64_t>(options_.memory_window_bytes / kCreditSteps, 1) ||
      jobs - jobs_until_ >= std::max<std::uint64_t>(jobs_window_ / kCreditSteps, 1);
  if (!would_go_on || !(stage_is_idle || is_worth_a_message)) return std::nullopt;
  bytes_until_ = bytes;
  jobs_until_ = jobs;
  is_credit_told_ = true;
  return std::pair(bytes, jobs);
}

OpenJob* Run::find_open(JobKey key) {
  const auto place = open_.find(key);
  return place == open_.end() ? nullptr : &place->second;
}

const OpenJob* Run::find_open(JobKey key) const {
  const auto place = open_.find(key);
  return place == open_.end() ? nullptr : &place->second;
}

std::optional<JobKey> Run::next_waiting() const {
  if (waiting_.empty() && (fresh_.empty() || is_stopped_)) return std::nullopt;
  // A job that is leased to a worker which is not heard may be running.
  if (options_.jobs_at_once > 0 && live_attempts_ + leased_.size() >= options_.jobs_at_once) return std::nullopt;
  const JobKey oldest = waiting_.empty() ? first_fresh() : *waiting_.begin();
  if (is_spool_full() && !is_next_to_bind(oldest)) {
    // Every result of a newer job would lie in the spool until the oldest is bound. That one always may run, so the spool
    // drains.
    SHEAF_MARK("scheduler_spool_full");
    return std::nullopt;
  }
  return oldest;
}

bool Run::is_open(JobKey key) const {
  return find_open(key) != nullptr || (key.sub == 0 && key.seq < jobs_fed_ && key >= first_fresh());
}

OpenJob& Run::open_next() {
  if (!waiting_.empty()) return open_.at(*waiting_.begin());
  const JobKey key = first_fresh();
  const FreshJob fresh = fresh_.front();
  fresh_.pop_front();
  open_bytes_ -= fresh.payload_bytes;
  add_open(key, OpenJob{.payload_bytes = fresh.payload_bytes, .units = fresh.units});
  return open_.at(key);
}

std::uint64_t Run::next_waiting_bytes() const {
  return waiting_.empty() ? fresh_.front().payload_bytes : open_.at(*waiting_.begin()).payload_bytes;
}

void Run::add_attempt(JobKey key, const IssuedAttempt& attempt) {
  OpenJob& job = open_.at(key);
  view_.attempts_total += 1;
  if (!job.attempts.empty()) view_.attempts_repeated += 1;
  job.attempts.push_back(attempt);
  live_attempts_ += 1;
  queue_if_idle(key, job);
}

bool Run::set_attempt(JobKey key, Attempt attempt, WorkerId worker, AttemptState state, std::optional<Instant> runs_until) {
  OpenJob& job = open_.at(key);
  IssuedAttempt* issued = job.find(attempt);
  SHEAF_CHECK(issued != nullptr);
  if (issued->state == AttemptState::kLive) live_attempts_ -= 1;
  if (issued->state == AttemptState::kSilent) silent_attempts_ -= 1;
  if (state == AttemptState::kLive) live_attempts_ += 1;
  if (state == AttemptState::kSilent) silent_attempts_ += 1;
  issued->state = state;
  issued->worker = worker;
  issued->runs_until = runs_until;
  unbind_fingerprint_if_unused();
  return queue_if_idle(key, job);
}

IssuedAttempt* Run::find_attempt(JobKey key, Attempt attempt) {
  if (OpenJob* job = find_open(key)) return job->find(attempt);
  const auto committed = committed_.find(key);
  if (committed == committed_.end()) return nullptr;
  for (IssuedAttempt& issued : committed->second.attempts) {
    if (issued.attempt == attempt) return &issued;
  }
  return nullptr;
}

bool Run::end_copy(JobKey key, Attempt attempt) {
  IssuedAttempt* issued = find_attempt(key, attempt);
  if (issued == nullptr || !issued->runs_until) return false;
  issued->runs_until.reset();
  OpenJob* job = find_open(key);
  return job != nullptr && queue_if_idle(key, *job);
}

void Run::extend_copy(JobKey key, Attempt attempt, Instant until) {
  const auto extend = [until](std::optional<Instant>& end) {
    if (end) end = std::max(*end, until);
  };
  if (IssuedAttempt* issued = find_attempt(key, attempt)) {
    extend(issued->runs_until);
  } else if (OpenJob* job = find_open(key)) {
    extend(job->earlier_runs_until);
  } else if (const auto committed = committed_.find(key); committed != committed_.end()) {
    extend(committed->second.earlier_runs_until);
  }
  if (OpenJob* job = find_open(key)) queue_if_idle(key, *job);
}

std::optional<Instant> Run::first_lease_end() const {
  if (leased_.empty()) return std::nullopt;
  return leased_.begin()->first;
}

std::uint64_t Run::end_leases(Instant now) {
  std::uint64_t ended = 0;
  while (!leased_.empty() && leased_.begin()->first <= now) {
    const JobKey key = leased_.begin()->second;
    OpenJob& job = open_.at(key);
    job.earlier_runs_until.reset();
    for (IssuedAttempt& attempt : job.attempts) attempt.runs_until.reset();
    if (queue_if_idle(key, job)) ended += 1;
  }
  return ended;
}

void Run::begin_commit(JobKey key, const Committing& committing) {
  OpenJob& job = open_.at(key);
  SHEAF_CHECK(!job.committing);
  for (const IssuedAttempt& attempt : job.attempts) SHEAF_CHECK(attempt.state == AttemptState::kGone);
  job.committing = committing;
  job.committing->result_bytes = std::min(committing.result_bytes, kSizeMax);
  spool_bytes_ += job.committing->result_bytes;
  committing_ += 1;
  queue_if_idle(key, job);
}

void Run::finish_commit(JobKey key) {
  const auto place = open_.find(key);
  SHEAF_CHECK(place != open_.end() && place->second.committing);
  OpenJob& job = place->second;
  CommittedJob done{.units = job.units,
                    .revision = job.revision,
                    .result_bytes = job.committing->result_bytes,
                    .digest = job.committing->digest,
                    .attempts = std::move(job.attempts),
                    .earlier_runs_until = job.earlier_runs_until};
  view_.jobs_committed += 1;
  view_.units_done += done.units;
  open_bytes_ -= job.payload_bytes;
  committing_ -= 1;
  open_.erase(place);
  committed_.emplace(key, std::move(done));
  undelivered_.insert(key);
}

const CommittedJob* Run::find_committed(JobKey key) const {
  const auto place = committed_.find(key);
  return place == committed_.end() ? nullptr : &place->second;
}

std::optional<JobKey> Run::take_delivery() {
  if (is_stopped_ || !stage_attached_ || undelivered_.empty()) return std::nullopt;
  const JobKey key = *undelivered_.begin();
  if (!options_.traits.any_order && is_behind_a_gap(key)) return std::nullopt;
  CommittedJob& job = committed_.at(key);
  const bool has_room =
      delivered_ == 0 || (delivered_ < deliver_jobs_window_ && delivered_bytes_ + job.result_bytes <= deliver_window_bytes_);
  // After a Redo newer results may fill the stage's window, and none of them can be accepted before this one.
  if (!has_room && !is_next_to_bind(key)) return std::nullopt;
  undelivered_.erase(undelivered_.begin());
  job.is_delivered = true;
  delivered_ += 1;
  delivered_bytes_ += job.result_bytes;
  return key;
}

void Run::accept(JobKey key) {
  const CommittedJob job = take_committed(key);
  view_.jobs_bound += 1;
  view_.units_bound += job.units;
}

void Run::redo(JobKey key, std::uint32_t revision, std::uint64_t payload_bytes) {
  const CommittedJob job = take_committed(key);
  view_.jobs_committed -= 1;
  view_.units_done -= job.units;
  // The attempts so far worked on another payload: whatever still comes of them must not be taken for an answer to this one.
  OpenJob again{.payload_bytes = std::min(payload_bytes, kSizeMax), .units = job.units, .revision = revision};
  again.earlier_runs_until = job.earlier_runs_until;
  for (const IssuedAttempt& attempt : job.attempts) {
    again.earlier_runs_until = std::max(again.earlier_runs_until, attempt.runs_until);
  }
  add_open(key, std::move(again));
  unbind_fingerprint_if_unused();
}

void Run::split(JobKey key, std::uint32_t parts) {
  const CommittedJob job = take_committed(key);
  view_.jobs_committed -= 1;
  view_.units_done -= job.units;
  jobs_split_off_ += parts - 1;
  if (view_.jobs_total) *view_.jobs_total += parts - 1;
  SHEAF_CHECK(key.sub == 0 && missing_.emplace(key.seq, MissingParts{.next = 1, .last = parts}).second);
  unbind_fingerprint_if_unused();
}

std::optional<JobKey> Run::first_missing_part() const {
  if (missing_.empty()) return std::nullopt;
  return JobKey{missing_.begin()->first, missing_.begin()->second.next};
}

std::uint64_t Run::missing_parts() const {
  std::uint64_t parts = 0;
  for (const auto& [seq, missing] : missing_) parts += missing.last - missing.next + 1;
  return parts;
}

bool Run::is_bound() const {
  return feed_ended_ && open_jobs() == 0 && committed_.empty() && missing_.empty();
}

bool Run::take_bound() {
  if (is_stopped_ || !stage_attached_ || bound_told_ || !is_bound()) return false;
  bound_told_ = true;
  return true;
}

void Run::attach_stage() {
  stage_attached_ = true;
  bound_told_ = false;
  is_credit_told_ = false;  // It may be another one; what the former was told still holds.
  for (auto& [key, job] : committed_) {
    if (!job.is_delivered) continue;
    job.is_delivered = false;
    undelivered_.insert(key);
  }
  delivered_ = 0;
  delivered_bytes_ = 0;
}

void Run::lose_stage() {
  stage_attached_ = false;
}

void Run::add_open(JobKey key, OpenJob job) {
  open_bytes_ += job.payload_bytes;
  const auto [place, is_new] = open_.emplace(key, std::move(job));
  SHEAF_CHECK(is_new);
  queue_if_idle(key, place->second);
}

bool Run::queue_if_idle(JobKey key, OpenJob& job) {
  const bool is_idle = !is_stopped_ && !job.committing && !job.has_live_attempt();
  if (job.leased_until) leased_.erase({*job.leased_until, key});
  job.leased_until = is_idle ? job.copies_end() : std::nullopt;
  if (job.leased_until) leased_.emplace(*job.leased_until, key);
  // The queue is ordered by key. So a job that comes back stands before everything newer: the stage waits for this one, and
  // while it waits every newer result occupies the window. At the back, one loss could stall a whole run.
  if (is_idle && !job.leased_until) return waiting_.insert(key).second;
  waiting_.erase(key);
  return false;
}

bool Run::is_spool_full() const {
  return spool_bytes_ >= options_.spool_window_bytes || committed_.size() + committing_ >= spool_jobs_window_;
}

bool Run::is_next_to_bind(JobKey key) const {
  if (is_behind_a_gap(key)) return false;
  return committed_.empty() || key <= committed_.begin()->first;
}

bool Run::is_behind_a_gap(JobKey key) const {
  if (!open_.empty() && open_.begin()->first < key) return true;
  const auto part = first_missing_part();
  return part && *part < key;
}

CommittedJob Run::take_committed(JobKey key) {
  const auto place = committed_.find(key);
  SHEAF_CHECK(place != committed_.end());
  CommittedJob job = std::move(place->second);
  committed_.erase(place);
  spool_bytes_ -= job.result_bytes;
  if (job.is_delivered) {
    delivered_ -= 1;
    delivered_bytes_ -= job.result_bytes;
  } else {
    undelivered_.erase(key);
  }
  return job;
}

}  // namespace sheaf::master
