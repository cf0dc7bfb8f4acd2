#include "client/run_session.h"

#include <algorithm>
#include <utility>

namespace sheaf::client {

namespace {

constexpr std::uint64_t kTag = 1;  // One run a session.

v1::Hello hello_of_client(v1::Hello hello) {
  hello.set_role(v1::ROLE_CLIENT);
  return hello;
}

}  // namespace

RunSession::RunSession(v1::Hello hello, v1::RunDescription run, std::string endpoint, SessionLimits limits, Instant now)
    : link_(hello_of_client(std::move(hello))),
      description_(std::move(run)),
      endpoint_(std::move(endpoint)),
      limits_(limits),
      wait_deadline_(now + limits.welcome_max) {}

void RunSession::on_message(Instant now, const wire::Message& message, std::vector<wire::Message>& out) {
  if (ended_) return;
  const v1::Envelope& envelope = message.envelope;
  switch (link_.on_message(now, envelope)) {
    case wire::PeerLink::Event::kWelcomed: on_welcomed(now, out); return;
    case wire::PeerLink::Event::kLost: on_lost(now); return;
    case wire::PeerLink::Event::kRefused: on_refused(link_.refusal()); return;
    case wire::PeerLink::Event::kHandled: return;
    case wire::PeerLink::Event::kNone: break;
  }
  switch (envelope.body_case()) {
    case v1::Envelope::kSubmitted: on_submitted(envelope.submitted(), out); break;
    case v1::Envelope::kRunUpdate: on_update(envelope.run_update()); break;
    case v1::Envelope::kRefused: on_refused(envelope.refused()); break;
    case v1::Envelope::kGoodbye:
      end(Error{ErrorCode::kCluster, "the master has left: " + envelope.goodbye().reason(), endpoint_, "start the run again"});
      break;
    default: break;  // Nothing else is for a client; the master may say more one day.
  }
}

void RunSession::on_time(Instant now, std::vector<wire::Message>& out) {
  if (ended_) return;
  if (link_.on_time(now, out) == wire::PeerLink::Event::kLost) on_lost(now);
  if (cancel_deadline_ && now >= *cancel_deadline_) {
    end(std::nullopt);
    cancelled_ = true;
  } else if (!link_.is_welcomed() && now >= wait_deadline_) {
    if (was_welcomed_) {
      end(Error{ErrorCode::kCluster, "the master has been silent for too long", endpoint_, "see whether it still runs"});
    } else {
      end(Error{ErrorCode::kCluster, "no master answers there", endpoint_,
                "see whether sheaf-master runs, or leave --master out for a private cluster"});
    }
  }
}

std::optional<Instant> RunSession::next_deadline() const {
  if (ended_) return std::nullopt;
  std::optional<Instant> next = link_.next_deadline();
  const auto consider = [&](Instant deadline) { next = next ? std::min(*next, deadline) : deadline; };
  if (!link_.is_welcomed()) consider(wait_deadline_);
  if (cancel_deadline_) consider(*cancel_deadline_);
  return next;
}

void RunSession::cancel(Instant now, const std::string& reason, std::vector<wire::Message>& out) {
  if (ended_ || cancel_deadline_) return;
  cancel_reason_ = reason;
  cancel_deadline_ = now + limits_.cancel_max;
  // Without a number the run cannot be named. A Submit that is on its way dies with this session's goodbye or silence.
  if (run_ == 0 || !link_.is_welcomed()) {
    end(std::nullopt);
    cancelled_ = true;
    return;
  }
  send_cancel(out);
}

void RunSession::give_up(Error error, std::vector<wire::Message>& out) {
  if (ended_) return;
  if (run_ != 0 && link_.is_welcomed()) {
    cancel_reason_ = error.message();
    send_cancel(out);
  }
  end(std::move(error));
}

std::optional<StageTicket> RunSession::take_ticket() {
  std::optional<StageTicket> ticket = std::move(ticket_);
  ticket_.reset();
  return ticket;
}

std::vector<std::string> RunSession::take_notices() {
  return std::exchange(notices_, {});
}

void RunSession::on_welcomed(Instant now, std::vector<wire::Message>& out) {
  if (was_welcomed_) notices_.push_back(endpoint_ + ": the master is back");
  was_welcomed_ = true;
  wire::Message submit;
  submit.envelope = link_.envelope();
  submit.envelope.mutable_submit()->set_tag(kTag);
  *submit.envelope.mutable_submit()->mutable_run() = description_;
  out.push_back(std::move(submit));
  link_.on_sent(now);
}

void RunSession::on_lost(Instant now) {
  wait_deadline_ = now + limits_.reconnect_max;
  notices_.push_back(endpoint_ + ": the master is silent; waiting for it");
}

void RunSession::on_submitted(const v1::Submitted& submitted, std::vector<wire::Message>& out) {
  if (submitted.tag() != kTag) return;
  const bool is_same = submitted.run() == run_ && submitted.stage_token() == token_;
  if (is_same) return;
  const bool is_second = run_ != 0;
  run_ = submitted.run();
  if (is_second && !limits_.may_begin_again) {
    return give_up(Error{ErrorCode::kCluster, "the master was started anew and knows nothing of this run", endpoint_,
                         "what is done is done: see how far it came, and run the rest"},
                   out);
  }
  if (is_second) notices_.push_back(endpoint_ + ": the master knows nothing of this run any more; it starts again");
  token_ = submitted.stage_token();
  update_.Clear();
  if (!token_.empty()) ticket_ = StageTicket{run_, token_};
}

void RunSession::on_update(const v1::RunUpdate& update) {
  if (update.run() != run_) return;
  update_ = update;
  switch (update.state()) {
    case v1::RUN_DONE: end(std::nullopt); break;  // Also after a cancel: it came too late, and the output is there.
    case v1::RUN_FAILED:
      end(update.has_fault() ? wire::from_wire(update.fault()) : Error{ErrorCode::kFailed, "the run failed", {}, {}});
      break;
    case v1::RUN_CANCELLED:
      cancelled_ = cancel_deadline_.has_value();
      if (cancelled_) {
        end(std::nullopt);
      } else {
        end(Error{ErrorCode::kFailed, "somebody else has cancelled the run", {}, {}});
      }
      break;
    default: break;
  }
}

void RunSession::on_refused(const v1::Refused& refused) {
  if (refused.reason() == v1::REFUSAL_UNKNOWN_RUN && cancel_deadline_) {
    end(std::nullopt);
    cancelled_ = true;
    return;
  }
  const bool is_version = refused.reason() == v1::REFUSAL_PROTOCOL;
  end(Error{ErrorCode::kCluster, refused.text().empty() ? "the master refuses" : refused.text(), endpoint_,
            is_version ? "use the same version of sheaf on both sides" : ""});
}

void RunSession::send_cancel(std::vector<wire::Message>& out) {
  wire::Message message;
  message.envelope = link_.envelope();
  message.envelope.mutable_cancel_run()->set_run(run_);
  message.envelope.mutable_cancel_run()->set_reason(wire::wire_text(cancel_reason_));
  out.push_back(std::move(message));
}

void RunSession::end(std::optional<Error> error) {
  ended_ = true;
  error_ = std::move(error);
}

}  // namespace sheaf::client
