#include "worker/core/session.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/base/exit_code.h"
#include "common/base/mark.h"
#include "common/wire/limits.h"
#include "worker/core/limits.h"

namespace sheaf::worker {

namespace {

/// Whether a Hello can say that.
bool is_sensible(const ExecutorFacts& facts) {
  const auto fits = [](const auto& kind) {
    return !kind.first.empty() && kind.first.size() <= wire::kTextBytesMax && kind.second.size() <= wire::kTextBytesMax;
  };
  return facts.slots > 0 && !facts.kinds.empty() && facts.kinds.size() <= kKindsOfAProgramMax &&
         std::all_of(facts.kinds.begin(), facts.kinds.end(), fits);
}

v1::Hello hello_of_worker(const SessionConfig& config, v1::Hello hello) {
  hello.set_role(v1::ROLE_WORKER);
  v1::WorkerHello& worker = *hello.mutable_worker();
  worker.set_slots(config.executors * config.threads);
  worker.set_executors(config.executors);
  worker.set_prefetch(config.prefetch);
  worker.set_bytes_max(config.bytes_max);
  return hello;
}

}  // namespace

WorkerSession::WorkerSession(const SessionConfig& config, v1::Hello hello)
    : config_(config),
      link_(hello_of_worker(config, std::move(hello))),
      executors_(config.programs, config.executors, config.threads),
      queues_(config.programs),
      facts_(config.programs) {
  SHEAF_CHECK(config.programs >= 1 && config.executors >= 1 && config.threads >= 1);
}

void WorkerSession::on_executor_ready(Instant now, ExecutorId executor, const ExecutorFacts& facts, Actions& actions) {
  begin(now, actions);
  if (has_left_ || !executors_.on_ready(executor, facts)) return;
  const ProgramIndex program = *executors_.program_of(executor);
  if (!is_sensible(facts)) {
    executors_.end(executor, actions);
    if (do_without(program)) return drive_link(actions);
    const Error reason{ErrorCode::kFailed, "the executor program does not say what it does", {}, "start the worker again"};
    leave(now, reason, kExitFailed, actions);
    return;
  }
  std::optional<ExecutorFacts>& known = facts_[program];
  if (!known) {
    known = facts;
    make_offer();
  } else if (known->kinds != facts.kinds) {
    // The program was replaced while this worker ran. Its results would differ from those that the fingerprint promises.
    leave(
        now,
        Error{
            ErrorCode::kCluster, "the executor program is not the one this worker started with", {}, "start the worker again"},
        kExitCluster, actions);
    return;
  }
  drive_link(actions);
  settle(actions);
}

void WorkerSession::on_executor_lost(Instant now, ExecutorId executor, const Error& evidence, Actions& actions) {
  begin(now, actions);
  if (has_left_) return;
  const bool was_our_doing = executors_.is_being_ended(executor);
  const std::optional<ProgramIndex> program = executors_.program_of(executor);
  if (!program) return;
  // What was given to it first has begun, one job a slot.
  const std::uint32_t slots = executors_.slots_of(executor);
  executors_.on_lost(now, executor);
  std::vector<Attempt> revoked;
  std::size_t place = 0;
  for (const Attempt attempt : running_on(executor)) {
    HeldJob& held = jobs_.at(attempt);
    const bool has_begun = place++ < slots;
    if (held.has_lapsed) {
      finish(held, v1::OUTCOME_LEASE_ENDED, nullptr, false, actions);
    } else if (held.end_at) {
      revoked.push_back(attempt);
    } else if (!has_begun) {
      SHEAF_MARK("worker_returned_a_job_that_waited_in_a_lost_executor");
      finish(held, v1::OUTCOME_UNSTARTED, nullptr, false, actions);
    } else if (was_our_doing) {
      // It shared the process with a revoked job that would not stop: no suspicion falls on it.
      SHEAF_MARK("worker_returned_a_bystander");
      finish(held, v1::OUTCOME_RETURNED, nullptr, false, actions);
    } else {
      finish(held, v1::OUTCOME_EXECUTOR_LOST, &evidence, false, actions);
    }
  }
  for (const Attempt attempt : revoked) forget(attempt);
  const bool is_hopeless = executors_.failed_starts(*program) >= kFailedStartsMax && !executors_.is_any_alive(*program);
  if (is_hopeless && !do_without(*program)) {
    leave(now, Error{ErrorCode::kFailed, "no executor gets ready: " + evidence.what, evidence.where, evidence.advice},
          kExitFailed, actions);
    return;
  }
  drive_link(actions);  // Without that program there may be nothing left to wait for.
  settle(actions);
}

std::vector<Attempt> WorkerSession::running_on(ExecutorId executor) const {
  std::map<std::uint64_t, Attempt> in_order;
  for (const auto& [attempt, held] : jobs_) {
    if (held.state == HeldJob::State::kRunning && held.executor == executor) in_order.emplace(held.start_number, attempt);
  }
  std::vector<Attempt> running;
  for (const auto& [number, attempt] : in_order) running.push_back(attempt);
  return running;
}

void WorkerSession::on_job_done(Instant now, ExecutorId executor, JobId job, Attempt attempt, Result<JobOutput> output,
                                bool final, Actions& actions) {
  begin(now, actions);
  if (has_left_) return;
  const auto found = jobs_.find(attempt);
  // An executor is not trusted to make sense: what broke in it may have broken its memory.
  if (found == jobs_.end() || found->second.job != job || found->second.state != HeldJob::State::kRunning ||
      found->second.executor != executor) {
    stats_.stale += 1;
    return;
  }
  HeldJob& held = found->second;
  const bool came_back = !output && output.error().code == ErrorCode::kStopped;
  if (came_back) {
    executors_.on_job_returned(executor);
  } else {
    executors_.on_job_ended(now, executor, held.started);
  }
  if (held.has_lapsed && !output) {
    finish(held, v1::OUTCOME_LEASE_ENDED, nullptr, false, actions);
  } else if (held.end_at && !held.has_lapsed) {
    forget(attempt);
  } else if (came_back && held.is_asked_back) {
    finish(held, v1::OUTCOME_UNSTARTED, nullptr, false, actions);
  } else if (output) {
    held.payload = std::move(output->result);
    // Out of another process: what no message can carry is left out, and only the summary is the poorer for it.
    if (output->measures.size() <= wire::kMeasuresBytesMax) held.result.set_measures(std::move(output->measures));
    finish(held, v1::OUTCOME_DONE, nullptr, false, actions);
  } else {
    finish(held, v1::OUTCOME_FAILED, &output.error(), final, actions);
  }
  settle(actions);
}

void WorkerSession::on_time(Instant now, Actions& actions) {
  begin(now, actions);
  if (has_left_) return;
  drive_link(actions);
  executors_.start_due(now, actions);
  for (const Attempt attempt : stopping_) {
    const HeldJob& held = jobs_.at(attempt);
    if (*held.end_at > now) continue;
    SHEAF_MARK("worker_ended_an_executor_over_a_revoked_job");
    executors_.end(held.executor, actions);
  }
  if (const auto due = hand_back_at(); due && *due <= now) hand_back_queued(actions);
  ask_back_stuck(actions);
  settle(actions);
}

std::optional<Instant> WorkerSession::hand_back_at() const {
  if (queued() <= config_.prefetch || !link_.is_welcomed()) return std::nullopt;
  std::optional<Instant> first;
  for (const JobQueue& queue : queues_) {
    if (queue.empty()) continue;
    const Instant queued_at = jobs_.at(queue.first_come()).queued_at;
    first = std::min(first.value_or(queued_at), queued_at);
  }
  return first ? std::optional(*first + kQueuedMax) : std::nullopt;
}

void WorkerSession::hand_back_queued(Actions& actions) {
  SHEAF_MARK("worker_handed_back_what_waited_too_long");
  while (queued() > config_.prefetch) {
    // From the longest queue, what would have been last.
    const auto longest = std::max_element(queues_.begin(), queues_.end(),
                                          [](const JobQueue& a, const JobQueue& b) { return a.size() < b.size(); });
    finish(jobs_.at(longest->last_come()), v1::OUTCOME_UNSTARTED, nullptr, false, actions);
  }
}

std::size_t WorkerSession::queued() const {
  std::size_t jobs = 0;
  for (const JobQueue& queue : queues_) jobs += queue.size();
  return jobs;
}

void WorkerSession::ask_back_stuck(Actions& actions) {
  for (const ExecutorId executor : executors_.take_stuck(now_)) {
    std::size_t place = 0;
    for (const Attempt attempt : running_on(executor)) {
      HeldJob& held = jobs_.at(attempt);
      if (place++ < executors_.slots_of(executor) || held.end_at || held.is_asked_back) continue;
      SHEAF_MARK("worker_asked_for_a_job_back");
      held.is_asked_back = true;
      actions.push_back(AskJobBack{executor, held.job, attempt});
    }
  }
}

std::optional<Instant> WorkerSession::next_deadline() const {
  if (has_left_) return std::nullopt;
  std::optional<Instant> next = executors_.next_deadline();
  const auto consider = [&](std::optional<Instant> candidate) {
    if (candidate && (!next || *candidate < *next)) next = candidate;
  };
  if (has_offer_) consider(link_.next_deadline());
  if (link_.is_welcomed()) consider(lease_.renewal_due());
  consider(lease_.until());
  if (draining_) consider(draining_->until);
  consider(hand_back_at());
  for (const Attempt attempt : stopping_) {
    const HeldJob& held = jobs_.at(attempt);
    if (!executors_.is_being_ended(held.executor)) consider(held.end_at);
  }
  return next;
}

void WorkerSession::drain(Instant now, const Error& reason, int exit_code, Actions& actions) {
  begin(now, actions);
  if (has_left_ || draining_) return;
  draining_ = Draining{now + config_.drain_max, reason, exit_code};
  if (link_.is_welcomed() && !jobs_.empty())
    send_draining(actions);  // First, or the master would give back what is handed back.
  for (auto& [attempt, held] : jobs_) {
    if (held.state == HeldJob::State::kQueued || held.state == HeldJob::State::kReceiving) {
      finish(held, v1::OUTCOME_UNSTARTED, nullptr, false, actions);
    }
  }
  settle(actions);
}

void WorkerSession::send_draining(Actions& actions) {
  wire::Message message;
  message.envelope.mutable_draining();
  send(std::move(message), actions);
}

void WorkerSession::leave(Instant now, const Error& reason, int exit_code, Actions& actions) {
  begin(now, actions);
  if (has_left_) return;
  if (link_.is_welcomed()) {
    if (!draining_) hand_back_leased(actions);
    wire::Message goodbye;
    goodbye.envelope.mutable_goodbye()->set_reason(wire::wire_text(reason.what));
    send(std::move(goodbye), actions);
  }
  actions.push_back(Leave{reason, exit_code});
  has_left_ = true;
}

bool WorkerSession::do_without(ProgramIndex program) {
  if (facts_[program]) return false;  // It has worked, and the master counts on it.
  useless_.insert(program);
  executors_.give_up(program);
  if (useless_.size() == facts_.size()) return false;
  SHEAF_MARK("worker_does_without_a_program");
  make_offer();
  return true;
}

void WorkerSession::make_offer() {
  for (ProgramIndex program = 0; program < facts_.size(); ++program) {
    if (!facts_[program] && !useless_.contains(program)) return;
  }
  has_offer_ = true;
  v1::WorkerHello& worker = *link_.hello().mutable_worker();
  for (ProgramIndex program = 0; program < facts_.size(); ++program) {
    if (!facts_[program]) continue;
    for (const auto& [kind, fingerprint] : facts_[program]->kinds) {
      const bool is_asked_for =
          config_.kinds.empty() || std::find(config_.kinds.begin(), config_.kinds.end(), kind) != config_.kinds.end();
      if (!is_asked_for || !kinds_.emplace(kind, program).second) continue;  // Two programs do it: the first will do.
      v1::OfferedKind& offered = *worker.add_kinds();
      offered.set_name(kind);
      offered.set_fingerprint(fingerprint);
    }
  }
}

void WorkerSession::drive_link(Actions& actions) {
  if (!has_offer_) return;
  if (link_.is_hello_due(now_)) name_held_attempts(actions);
  std::vector<wire::Message> out;
  if (link_.on_time(now_, out) == wire::PeerLink::Event::kLost) on_link_lost(actions);
  for (wire::Message& message : out) actions.push_back(SendMessage{std::move(message)});
  renew_lease(actions);
}

void WorkerSession::on_link_lost(Actions& actions) {
  SHEAF_MARK("worker_lost_the_link");
  actions.push_back(DropUnsent{});
  // What had only half arrived is not named in the next Hello, so the master gives it out again, to us or to another.
  std::erase_if(jobs_, [](const auto& entry) { return entry.second.state == HeldJob::State::kReceiving; });
  // Without a lease there is nothing that the master would have to wait for.
  if (!lease_.until()) give_up_leased(actions);
}

void WorkerSession::say_all_again(Actions& actions) {
  on_link_lost(actions);  // Also after a second Welcome: the master made the first one's transfers void when it said it.
  if (draining_) send_draining(actions);
  for (auto& [attempt, held] : jobs_) {
    if (held.state == HeldJob::State::kFinished) send_result(held, actions);
  }
}

std::optional<ProgramIndex> WorkerSession::next_to_start() const {
  std::optional<ProgramIndex> next;
  Instant since{};
  for (ProgramIndex program = 0; program < queues_.size(); ++program) {
    if (queues_[program].empty() || !may_start_next(program) || !executors_.with_free_slot(program)) continue;
    const Instant queued_at = jobs_.at(queues_[program].first_come()).queued_at;
    if (next && since <= queued_at) continue;
    next = program;
    since = queued_at;
  }
  return next;
}

void WorkerSession::settle(Actions& actions) {
  while (!executors_.is_full()) {
    const std::optional<ProgramIndex> program = next_to_start();
    if (!program) break;
    start(jobs_.at(queues_[*program].next()), *executors_.with_free_slot(*program), actions);
  }
  if (!executors_.is_full()) {
    for (ProgramIndex program = 0; program < queues_.size(); ++program) {
      if (!queues_[program].empty()) executors_.want(program, queues_[program].size());
    }
  }
  start_ahead(actions);
  if (draining_ && (jobs_.empty() || draining_->until <= now_)) {
    if (!jobs_.empty()) SHEAF_MARK("worker_drain_ran_out");
    leave(now_, draining_->reason, draining_->exit_code, actions);
  }
}

void WorkerSession::start_ahead(Actions& actions) {
  const auto has_jobs = [](const JobQueue& queue) { return !queue.empty(); };
  const auto waiting = std::find_if(queues_.begin(), queues_.end(), has_jobs);
  // Jobs of several programs take the slots in turn, so each has to wait until one is free.
  if (waiting == queues_.end() || std::any_of(waiting + 1, queues_.end(), has_jobs)) return;
  const auto program = static_cast<ProgramIndex>(waiting - queues_.begin());
  while (!waiting->empty() && may_start_next(program)) {
    const std::optional<ExecutorId> executor = executors_.with_room_ahead(program);
    if (!executor) return;
    SHEAF_MARK("worker_started_a_job_ahead");
    start(jobs_.at(waiting->next()), *executor, actions);
  }
}

void WorkerSession::start(HeldJob& held, ExecutorId executor, Actions& actions) {
  unqueue(held);
  executors_.give(now_, executor, held.setup, actions);
  held.state = HeldJob::State::kRunning;
  held.executor = executor;
  held.start_number = ++starts_;
  held.started = now_;
  actions.push_back(StartJob{executor, held.job, held.attempt, std::exchange(held.payload, Blob(config_.scratch))});
}

void WorkerSession::enqueue(HeldJob& held) {
  held.state = HeldJob::State::kQueued;
  held.queued_at = now_;
  queues_[kinds_.at(held.setup->kind)].add(held.job, held.attempt);
}

void WorkerSession::unqueue(const HeldJob& held) {
  for (JobQueue& queue : queues_) queue.remove(held.job, held.attempt);  // It may be of no kind that is known here.
}

void WorkerSession::finish(HeldJob& held, v1::Outcome outcome, const Error* fault, bool final, Actions& actions) {
  if (held.state == HeldJob::State::kQueued) unqueue(held);
  held.state = HeldJob::State::kFinished;
  stopping_.erase(held.attempt);
  held.end_at.reset();
  held.download.reset();
  held.parts.clear();
  v1::JobResult& result = held.result;
  *result.mutable_job() = wire::to_wire(held.job);
  *result.mutable_attempt() = wire::to_wire(held.attempt);
  result.set_outcome(outcome);
  if (outcome == v1::OUTCOME_DONE) {
    const bool is_small = held.payload.size() <= kInlinePayloadBytesMax;
    *result.mutable_payload() = wire::payload_ref(held.payload.size(), held.payload.digest(), is_small);
  } else {
    result.clear_payload();
    held.payload = Blob(config_.scratch);
  }
  if (fault != nullptr) *result.mutable_fault() = wire::to_wire(*fault);
  result.set_final(final);
  switch (outcome) {
    case v1::OUTCOME_EXECUTOR_LOST: stats_.executor_lost += 1; break;
    case v1::OUTCOME_LEASE_ENDED: stats_.lapsed += 1; break;
    case v1::OUTCOME_RETURNED:
    case v1::OUTCOME_UNSTARTED: stats_.returned += 1; break;
    default: stats_.done += 1;
  }
  send_result(held, actions);
}

void WorkerSession::send_result(HeldJob& held, Actions& actions) {
  if (!link_.is_welcomed()) return;  // With the next Welcome.
  held.upload.reset();
  wire::Message message;
  *message.envelope.mutable_results()->add_results() = held.result;
  if (held.result.has_payload() && !held.result.payload().inlined()) {
    held.upload.emplace(held.job, held.attempt, held.payload.size());
  } else if (held.result.has_payload()) {
    auto bytes = held.payload.bytes();
    if (!bytes) {
      finish(held, v1::OUTCOME_FAILED, &bytes.error(), false, actions);
      return;
    }
    message.payloads.push_back(std::move(*bytes));
  }
  send(std::move(message), actions);
}

void WorkerSession::send(wire::Message message, Actions& actions) {
  message.envelope.set_epoch(link_.epoch().value);
  link_.on_sent(now_);
  actions.push_back(SendMessage{std::move(message)});
}

void WorkerSession::forget(Attempt attempt) {
  stopping_.erase(attempt);
  jobs_.erase(attempt);
  if (!forgotten_.insert(attempt).second) return;
  forgotten_order_.push_back(attempt);
  if (forgotten_order_.size() > kRememberedAttemptsMax) {
    forgotten_.erase(forgotten_order_.front());
    forgotten_order_.pop_front();
  }
}

bool WorkerSession::was_accepted(Attempt attempt) const {
  return jobs_.contains(attempt) || forgotten_.contains(attempt);
}

}  // namespace sheaf::worker
