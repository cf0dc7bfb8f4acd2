#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/time.h"
#include "common/wire/message.h"

namespace sheaf::wire {

/// One side of the link to the master, as workers, stages and clients share it: hello until welcomed, heartbeats when there is
/// nothing else to say, noticing that the master is silent, hello again when it was started anew.
///
/// Pure: no socket and no clock. The owner gives it every message first, sends what it appends to `out`, and calls it at
/// next_deadline().
class PeerLink {
 public:
  enum class Event {
    kNone,      ///< The message is the owner's to handle, or there is nothing to do.
    kHandled,   ///< The message was the link's own business.
    kWelcomed,  ///< New on this link: everything that is not acknowledged must be said again.
    kLost,      ///< The master is silent, or does not know this link; a Hello is on its way.
    kRefused,   ///< For good: refusal() says why. Nothing more will be sent.
  };

  /// `hello`: role, session, host, pid and the part of the role; protocol, version and epoch are filled in.
  explicit PeerLink(v1::Hello hello);

  /// What the next Hello will say: the owner brings it up to date (running attempts) before on_time() sends it.
  v1::Hello& hello() { return hello_; }
  bool is_hello_due(Instant now) const;

  /// Takes a message that has arrived at `now`.
  Event on_message(Instant now, const v1::Envelope& envelope);
  /// Sends hello or heartbeat when one is due, and notices silence. Call it at the start and whenever next_deadline() has come.
  Event on_time(Instant now, std::vector<Message>& out);
  /// Something else was sent: no heartbeat is needed for a while.
  void on_sent(Instant now);

  /// When on_time() has something to do; empty after kRefused.
  std::optional<Instant> next_deadline() const;

  bool is_welcomed() const { return state_ == State::kWelcomed; }
  Epoch epoch() const { return epoch_; }
  const v1::Welcome& welcome() const { return welcome_; }
  /// After kRefused: reason and text.
  const v1::Refused& refusal() const { return refusal_; }
  /// An envelope that carries the epoch of this link.
  v1::Envelope envelope() const;

 private:
  enum class State { kHello, kWelcomed, kRefused };

  void greet_again();
  bool is_master_silent(Instant now) const { return is_welcomed() && now - last_heard_ >= silence_max_; }

  v1::Hello hello_;
  State state_ = State::kHello;
  Epoch epoch_;
  v1::Welcome welcome_;
  v1::Refused refusal_;
  std::optional<Instant> hello_sent_;
  Instant last_heard_{};
  Instant last_sent_{};
  Duration heartbeat_interval_{};
  Duration silence_max_{};
};

}  // namespace sheaf::wire
