// The half of WorkerSession that reads what the master says. Every message has passed validate(), but what it says may be late,
// or about something that is no longer held.

#include <algorithm>
#include <utility>

#include "common/base/exit_code.h"
#include "common/base/mark.h"
#include "common/wire/limits.h"
#include "worker/core/limits.h"
#include "worker/core/session.h"

namespace sheaf::worker {

void WorkerSession::on_message(Instant now, wire::Message message, Actions& actions) {
  begin(now, actions);
  if (has_left_ || !has_offer_) return;
  switch (link_.on_message(now, message.envelope)) {
    case wire::PeerLink::Event::kHandled: return;
    case wire::PeerLink::Event::kLost:
      on_link_lost(actions);
      drive_link(actions);
      return;
    case wire::PeerLink::Event::kRefused:
      leave(now, Error{ErrorCode::kCluster, "the master refused this worker: " + link_.refusal().text(), {}, {}}, kExitCluster,
            actions);
      return;
    case wire::PeerLink::Event::kWelcomed:
      say_all_again(actions);
      lease_.set_length(std::chrono::milliseconds(link_.welcome().lease_ms()));
      give_up_unknown(link_.welcome(), actions);
      on_lease_mark(link_.welcome().lease_mark(), actions);
      break;
    case wire::PeerLink::Event::kNone: break;
  }
  const v1::Envelope& envelope = message.envelope;
  switch (envelope.body_case()) {
    case v1::Envelope::kAssign: {
      std::size_t next_payload = 0;
      for (const v1::Assignment& assignment : envelope.assign().jobs()) {
        Bytes payload;
        if (assignment.payload().inlined()) payload = std::move(message.payloads[next_payload++]);
        on_assignment(assignment, std::move(payload), actions);
      }
      break;
    }
    case v1::Envelope::kResultAck:
      for (const v1::JobAttempt& answered : envelope.result_ack().attempts()) on_result_ack(answered);
      break;
    case v1::Envelope::kRevoke:
      for (const v1::JobAttempt& revoked : envelope.revoke().attempts()) on_revoke(revoked, actions);
      break;
    case v1::Envelope::kLeaseRenewed: on_lease_mark(envelope.lease_renewed().mark(), actions); break;
    case v1::Envelope::kPart: on_part(envelope.part(), std::move(message.payloads[0]), actions); break;
    case v1::Envelope::kPartCredit: on_part_credit(envelope.part_credit(), actions); break;
    default: break;  // Not for workers, or only for the log.
  }
  settle(actions);
}

void WorkerSession::on_assignment(const v1::Assignment& assignment, Bytes payload, Actions& actions) {
  HeldJob held;
  held.job = wire::from_wire(assignment.job());
  held.attempt = wire::from_wire(assignment.attempt());
  held.is_leased = assignment.is_leased();
  held.came_at = now_;
  // The setup counts even if the job does not: it comes only once.
  held.setup = setups_.use(held.job.run, assignment.kind(), assignment.has_setup() ? &assignment.setup() : nullptr);
  if (was_accepted(held.attempt)) {
    SHEAF_MARK("worker_ignored_a_repeated_attempt");
    stats_.repeated += 1;
    return;
  }
  stats_.accepted += 1;
  accept(assignment, std::move(held), std::move(payload), actions);
}

void WorkerSession::accept(const v1::Assignment& assignment, HeldJob accepted, Bytes payload, Actions& actions) {
  const Attempt attempt = accepted.attempt;
  HeldJob& held = jobs_.emplace(attempt, std::move(accepted)).first->second;
  if (draining_) {
    finish(held, v1::OUTCOME_UNSTARTED, nullptr, false, actions);
    return;
  }
  if (held.setup == nullptr) {
    stats_.unknown_runs += 1;
    finish(held, v1::OUTCOME_RETURNED, nullptr, false, actions);
    return;
  }
  const std::string& kind = held.setup->kind;
  if (!kinds_.contains(kind)) {
    // No fault of the job: others may do it.
    const Error fault{ErrorCode::kCluster, "this worker does no jobs of the kind \"" + kind + "\"", {}, {}};
    finish(held, v1::OUTCOME_RETURNED, &fault, false, actions);
    return;
  }
  const v1::PayloadRef& announced = assignment.payload();
  if (!announced.inlined() && announced.bytes() > 0) {
    held.state = HeldJob::State::kReceiving;
    held.payload = Blob(config_.scratch);
    held.download.emplace(held.job, attempt, announced);
    ask_for_more(held, actions);
    return;
  }
  held.payload = Blob::of(std::move(payload));
  if (held.payload.size() == announced.bytes() && held.payload.digest() == wire::digest_from(announced)) {
    enqueue(held);
  } else {
    return_damaged(held, actions);
  }
}

void WorkerSession::on_result_ack(const v1::JobAttempt& answered) {
  HeldJob* held = find(answered.job(), answered.attempt());
  if (held == nullptr || held->state != HeldJob::State::kFinished) return;  // One that was said twice.
  forget(held->attempt);
}

void WorkerSession::on_revoke(const v1::JobAttempt& revoked, Actions& actions) {
  HeldJob* held = find(revoked.job(), revoked.attempt());
  if (held == nullptr) return;
  stats_.revoked += 1;
  if (held->state != HeldJob::State::kRunning) {
    if (held->state == HeldJob::State::kQueued) unqueue(*held);
    forget(held->attempt);
    return;
  }
  if (held->end_at) return;
  held->end_at = now_ + wire::kCancelGrace;
  stopping_.insert(held->attempt);
  actions.push_back(CancelJob{held->executor, held->job, held->attempt});
}

void WorkerSession::on_part(const v1::Part& part, Bytes bytes, Actions& actions) {
  HeldJob* held = find(part.transfer().job(), part.transfer().attempt());
  if (held == nullptr || held->state != HeldJob::State::kReceiving) {
    stats_.stale += 1;
    return;
  }
  const wire::Download::Taken taken = held->download->take(part, bytes);
  if (taken == wire::Download::Taken::kRefused) {
    return_damaged(*held, actions);
    return;
  }
  held->is_whole = taken == wire::Download::Taken::kWhole;
  held->parts.push_back(std::move(bytes));
  if (!held->kept_by) keep_next_part(*held, actions);
}

void WorkerSession::keep_next_part(HeldJob& held, Actions& actions) {
  held.kept_by = ++parts_kept_;
  actions.push_back(
      KeepPart{*held.kept_by, held.attempt, std::exchange(held.payload, Blob(config_.scratch)), std::move(held.parts.front())});
  held.parts.pop_front();
}

void WorkerSession::on_part_kept(Instant now, std::uint64_t number, Attempt attempt, Result<Blob> payload, Actions& actions) {
  begin(now, actions);
  const auto found = jobs_.find(attempt);
  if (has_left_ || found == jobs_.end() || found->second.kept_by != number) return;  // Revoked, or begun again on a new link.
  HeldJob& held = found->second;
  held.kept_by.reset();
  if (held.state != HeldJob::State::kReceiving) return;  // Handed back in the meantime.
  if (!payload) {
    finish(held, v1::OUTCOME_RETURNED, &payload.error(), false, actions);  // Its own disk is no fault of the job.
    return;
  }
  held.payload = std::move(*payload);
  if (!held.parts.empty()) {
    keep_next_part(held, actions);
  } else if (!held.is_whole) {
    ask_for_more(held, actions);  // Only now: a slow disk must not fill the memory.
  } else {
    held.download.reset();
    enqueue(held);
    settle(actions);
  }
}

void WorkerSession::on_part_credit(const v1::PartCredit& credit, Actions& actions) {
  HeldJob* held = find(credit.transfer().job(), credit.transfer().attempt());
  if (held == nullptr || !held->upload) {
    stats_.stale += 1;
    return;
  }
  held->upload->grant(credit.until());
  while (const std::optional<wire::Upload::Range> range = held->upload->next()) {
    auto bytes = held->payload.read(range->offset, range->size);
    if (!bytes) {
      finish(*held, v1::OUTCOME_RETURNED, &bytes.error(), false, actions);
      return;
    }
    wire::Message message;
    *message.envelope.mutable_part() = held->upload->take(*range);
    message.payloads.push_back(std::move(*bytes));
    send(std::move(message), actions);
  }
}

void WorkerSession::ask_for_more(HeldJob& held, Actions& actions) {
  std::optional<v1::PartCredit> credit = held.download->grant();
  if (!credit) return;
  wire::Message message;
  *message.envelope.mutable_part_credit() = std::move(*credit);
  send(std::move(message), actions);
}

void WorkerSession::return_damaged(HeldJob& held, Actions& actions) {
  // Damaged on its way: it is never worked on, and it is nobody's failure.
  SHEAF_MARK("worker_returned_a_damaged_payload");
  stats_.damaged += 1;
  finish(held, v1::OUTCOME_RETURNED, nullptr, false, actions);
}

HeldJob* WorkerSession::find(const v1::JobRef& job, const v1::AttemptRef& attempt) {
  const auto found = jobs_.find(wire::from_wire(attempt));
  return found != jobs_.end() && found->second.job == wire::from_wire(job) ? &found->second : nullptr;
}

}  // namespace sheaf::worker
