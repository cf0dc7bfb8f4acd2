#include "common/wire/peer_link.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/version.h"
#include "common/wire/limits.h"

namespace sheaf::wire {

PeerLink::PeerLink(v1::Hello hello) : hello_(std::move(hello)) {
  hello_.set_protocol(kProtocolVersion);
  hello_.set_version(kVersion);
}

PeerLink::Event PeerLink::on_message(Instant now, const v1::Envelope& envelope) {
  if (state_ == State::kRefused) return Event::kHandled;
  last_heard_ = now;
  if (envelope.has_welcome()) {
    welcome_ = envelope.welcome();
    epoch_ = Epoch{welcome_.epoch()};
    heartbeat_interval_ = std::chrono::milliseconds(welcome_.heartbeat_interval_ms());
    silence_max_ = std::chrono::milliseconds(welcome_.silence_max_ms());
    hello_.set_known_epoch(welcome_.epoch());
    hello_sent_.reset();
    state_ = State::kWelcomed;
    return Event::kWelcomed;
  }
  if (envelope.has_heartbeat()) return Event::kHandled;
  if (!envelope.has_refused())
    return is_welcomed() ? Event::kNone : Event::kHandled;  // Of an earlier link: it was said too late.
  switch (envelope.refused().reason()) {
    case v1::REFUSAL_HELLO_FIRST: {
      const bool was_welcomed = is_welcomed();
      if (was_welcomed) greet_again();
      return was_welcomed ? Event::kLost : Event::kHandled;
    }
    case v1::REFUSAL_PROTOCOL:
    case v1::REFUSAL_FORBIDDEN:
      refusal_ = envelope.refused();
      state_ = State::kRefused;
      return Event::kRefused;
    default: return Event::kNone;
  }
}

PeerLink::Event PeerLink::on_time(Instant now, std::vector<Message>& out) {
  if (state_ == State::kRefused) return Event::kNone;
  Event event = Event::kNone;
  if (is_master_silent(now)) {
    greet_again();
    event = Event::kLost;
  }
  if (is_hello_due(now)) {
    Message hello;
    *hello.envelope.mutable_hello() = hello_;
    out.push_back(std::move(hello));
    hello_sent_ = now;
    last_sent_ = now;
  } else if (is_welcomed() && now - last_sent_ >= heartbeat_interval_) {
    Message heartbeat;
    heartbeat.envelope = envelope();
    heartbeat.envelope.mutable_heartbeat();
    out.push_back(std::move(heartbeat));
    last_sent_ = now;
  }
  return event;
}

bool PeerLink::is_hello_due(Instant now) const {
  if (state_ == State::kHello) return !hello_sent_ || now - *hello_sent_ >= kHelloRetry;
  return is_master_silent(now);
}

void PeerLink::on_sent(Instant now) {
  last_sent_ = now;
}

std::optional<Instant> PeerLink::next_deadline() const {
  switch (state_) {
    case State::kHello: return hello_sent_ ? *hello_sent_ + kHelloRetry : Instant{};
    case State::kWelcomed: return std::min(last_sent_ + heartbeat_interval_, last_heard_ + silence_max_);
    case State::kRefused: break;
  }
  return std::nullopt;
}

v1::Envelope PeerLink::envelope() const {
  v1::Envelope envelope;
  envelope.set_epoch(epoch_.value);
  return envelope;
}

void PeerLink::greet_again() {
  state_ = State::kHello;
  hello_sent_.reset();
}

}  // namespace sheaf::wire
