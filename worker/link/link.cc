#include "worker/link/link.h"

#include <algorithm>
#include <csignal>
#include <utility>
#include <variant>

#include "common/base/exit_code.h"
#include "common/net/hello.h"
#include "common/runtime/clock.h"
#include "common/runtime/lifeline.h"
#include "common/runtime/log.h"

namespace sheaf::worker {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

// Then executors and signals get their turn.
constexpr int kMessagesPerTurn = 64;
constexpr Duration kInsecureReminder = minutes(1);
constexpr Duration kMissingMasterReminder = minutes(1);
/// How long a worker that has served a master is denied before it believes it.
constexpr Duration kDenialMax = minutes(1);
/// A message costs every process on its way a turn, however many results it holds, and those of short jobs come in numbers.
constexpr Duration kResultsPause = milliseconds(20);

}  // namespace

Link::Link(const LinkConfig& config, Spawner spawner, SignalFd signals, Fd lifeline, net::DealerChannel channel,
           PayloadReader& payloads, PartWriter& parts)
    : config_(config),
      signals_(std::move(signals)),
      lifeline_(std::move(lifeline)),
      channel_(std::move(channel)),
      parts_(parts),
      channel_index_(poller_.add(channel_)),
      signals_index_(poller_.add(signals_.fd())),
      parts_index_(poller_.add(parts.fd())),
      executors_(std::move(spawner), config.executors, poller_, payloads),
      session_(config.session, net::hello_of_this_process()) {
  if (lifeline_.is_open()) lifeline_index_ = poller_.add(lifeline_.get());
  channel_.watch_handshakes(poller_);
}

Departure Link::run() {
  missing_said_at_ = now();
  while (true) {
    const Instant turn = now();
    if (poller_.is_ready(signals_index_)) on_signals(turn);
    if (lifeline_index_ && poller_.is_ready(*lifeline_index_) && is_parent_gone(lifeline_)) {
      leave(turn, Error{ErrorCode::kStopped, "the process that started this worker is gone", {}, {}}, kExitFailed);
    }
    // Before anything runs out: after a pause of our own, what has arrived counts.
    on_master(turn);
    on_handshake(turn);
    on_parts(turn);
    on_executors(now());  // What they say may be newer than the turn: that a lease is over, say.
    session_.on_time(turn, actions_);
    perform_actions();
    flush(turn);
    if (departure_) break;
    say_what_changed(turn);
    if (Status status = executors_.flush(); !status) leave(turn, status.error(), kExitFailed);
    poller_.watch_writable(channel_index_, !outbox_.is_empty() && !results_wait_until_);
    poller_.wait(wait_at_most(now()));
  }
  return *departure_;
}

void Link::flush(Instant now) {
  results_wait_until_.reset();
  if (outbox_.is_empty()) return;
  // With a free slot there may be somebody who waits for just these.
  const bool may_wait = session_.is_full() && outbox_.holds_only(v1::Envelope::kResults);
  if (may_wait && now < flushed_at_ + kResultsPause) {
    results_wait_until_ = flushed_at_ + kResultsPause;
    return;
  }
  flushed_at_ = now;
  outbox_.flush([this](const wire::Message& message) { return channel_.send(message); });
}

void Link::on_signals(Instant now) {
  while (const int signal = signals_.take()) {
    const bool is_interrupt = signal == SIGINT;
    const char* name = is_interrupt ? "SIGINT" : signal == SIGHUP ? "SIGHUP" : "SIGTERM";
    const Error reason{ErrorCode::kStopped, std::string("stopped by ") + name, {}, {}};
    const int exit_code = exit_code_of_signal(is_interrupt ? SIGINT : SIGTERM);
    if (is_interrupt || is_draining_) {
      leave(now, reason, exit_code);
    } else {
      is_draining_ = true;
      log_info("draining", {{"held", session_.held()}});
      session_.drain(now, reason, exit_code, actions_);
    }
  }
}

void Link::on_master(Instant now) {
  for (int i = 0; i < kMessagesPerTurn; ++i) {
    std::optional<Result<wire::Message>> message = channel_.receive();
    if (!message) return;
    if (!*message) {
      complaints_.add(now, "message_refused", {{"reason", message->error().what}});
      continue;
    }
    const v1::Envelope& envelope = (*message)->envelope;
    if (envelope.has_refused() && envelope.refused().reason() != v1::REFUSAL_HELLO_FIRST) {
      complaints_.add(now, "refused_by_master", {{"reason", envelope.refused().text()}});
    }
    session_.on_message(now, std::move(**message), actions_);
  }
}

void Link::on_handshake(Instant now) {
  const net::Handshake before = std::exchange(handshake_, channel_.handshake());
  const bool has_failed = handshake_ == net::Handshake::kDenied || handshake_ == net::Handshake::kFailed;
  if (!has_failed) denied_since_.reset();
  if (!has_failed) return;
  const Error error = net::handshake_error(handshake_, config_.endpoint);
  if (handshake_ != before) log_warn("handshake_failed", {{"reason", error.message()}});
  if (std::exchange(denials_, channel_.denials()) == channel_.denials()) return;
  // Whoever once was welcomed does not believe the first one: it may come from somebody who has taken the master's place for a
  // moment.
  if (!denied_since_) denied_since_ = now;
  if (!was_ever_welcomed_ || now - *denied_since_ >= kDenialMax) leave(now, error, kExitCluster);
}

void Link::on_parts(Instant now) {
  if (!poller_.is_ready(parts_index_)) return;
  for (KeptPart& part : parts_.take_done()) {
    session_.on_part_kept(now, part.number, part.attempt, std::move(part.payload), actions_);
  }
}

void Link::on_executors(Instant now) {
  std::vector<ExecutorEvent> events;
  const Status status = executors_.read(events);
  for (ExecutorEvent& event : events) {
    if (const auto* ready = std::get_if<ExecutorIsReady>(&event)) {
      session_.on_executor_ready(now, ready->executor, ready->facts, actions_);
    } else if (const auto* lost = std::get_if<ExecutorWasLost>(&event)) {
      log_warn("executor_lost", {{"executor", lost->executor.value}, {"reason", lost->evidence.message()}});
      session_.on_executor_lost(now, lost->executor, lost->evidence, actions_);
    } else if (auto* done = std::get_if<JobWasDone>(&event)) {
      session_.on_job_done(now, done->executor, done->job, done->attempt, std::move(done->output), done->final, actions_);
    }
  }
  if (!status) leave(now, status.error(), kExitFailed);
}

void Link::perform_actions() {
  for (Action& action : std::exchange(actions_, {})) {
    std::visit([this](auto& each) { perform(std::move(each)); }, action);
  }
}

void Link::perform(SendMessage action) {
  outbox_.add(std::move(action.message));
}

void Link::perform(DropUnsent) {
  outbox_.clear();
}

void Link::perform(Leave action) {
  departure_ = Departure{std::move(action.reason), action.exit_code};
}

void Link::say_what_changed(Instant now) {
  for (const ProgramIndex program : session_.useless_programs()) {
    if (said_useless_.insert(program).second)
      log_warn("does_without", {{"executor_program", config_.executors.at(program).path}});
  }
  const bool is_welcomed = session_.link().is_welcomed();
  if (is_welcomed && !was_welcomed_) {
    log_info("welcomed", {{"master", config_.endpoint.address},
                          {"epoch", session_.link().epoch().value},
                          {"worker", session_.link().welcome().peer()}});
  } else if (!is_welcomed && was_welcomed_) {
    log_warn("master_lost", {{"master", config_.endpoint.address}, {"held", session_.held()}});
    missing_said_at_ = now;
  } else if (!is_welcomed && now - missing_said_at_ >= kMissingMasterReminder) {
    missing_said_at_ = now;
    log_warn("waiting_for_master", {{"master", config_.endpoint.address}});
  }
  was_welcomed_ = is_welcomed;
  was_ever_welcomed_ = was_ever_welcomed_ || is_welcomed;
  if (config_.is_insecure && (insecure_said_at_ == Instant{} || now - insecure_said_at_ >= kInsecureReminder)) {
    insecure_said_at_ = now;
    log_warn("insecure", {{"master", config_.endpoint.address},
                          {"reason", "no keys: whoever reaches that address sees and changes everything"}});
  }
}

Duration Link::wait_at_most(Instant now) const {
  if (!actions_.empty()) return Duration::zero();
  Duration wait = kMissingMasterReminder;
  if (const std::optional<Instant> deadline = session_.next_deadline()) wait = std::min(wait, *deadline - now);
  if (results_wait_until_) wait = std::min(wait, *results_wait_until_ - now);
  return std::max(wait, Duration::zero());
}

}  // namespace sheaf::worker
