#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/wire/message.h"
#include "common/wire/peer_link.h"

namespace sheaf::client {

/// How long a client waits for a master, and whether it begins a second time with it.
struct SessionLimits {
  Duration welcome_max = std::chrono::seconds(5);     ///< For its first answer.
  Duration reconnect_max = std::chrono::seconds(30);  ///< For its next one, once it has fallen silent.
  Duration cancel_max = std::chrono::seconds(6);      ///< For its word that the run is cancelled: its stage has five.
  /// From the beginning, when the master was started anew. Not what has read and written what it cannot read and write again.
  bool may_begin_again = true;
};

/// What the client's own stage has to show to the master.
struct StageTicket {
  std::uint64_t run = 0;
  std::string token;
};

/// One run, from the client's side of the wire: submits it, follows it to its end, cancels it when asked to.
///
/// Pure: no socket and no clock. The owner gives it every message, sends what it appends to `out`, and calls it at
/// next_deadline().
class RunSession {
 public:
  /// `hello`: what this process says of itself. `endpoint`: for messages. `now`: when the waiting begins.
  RunSession(v1::Hello hello, v1::RunDescription run, std::string endpoint, SessionLimits limits, Instant now);

  void on_message(Instant now, const wire::Message& message, std::vector<wire::Message>& out);
  void on_time(Instant now, std::vector<wire::Message>& out);
  std::optional<Instant> next_deadline() const;

  /// Asks the master to cancel the run, and ends when it says so, or cannot. Ends at once while the run is not known to the
  /// master.
  void cancel(Instant now, const std::string& reason, std::vector<wire::Message>& out);
  /// Ends now, with `error`; tells the master if it can be told. Does nothing when it has ended already.
  void give_up(Error error, std::vector<wire::Message>& out);

  bool has_ended() const { return ended_; }
  /// Of an ended session: nothing when the run is done.
  const std::optional<Error>& error() const { return error_; }
  /// Of an ended session: the run was stopped because cancel() asked for it.
  bool was_cancelled() const { return cancelled_; }

  bool is_connected() const { return link_.is_welcomed(); }
  std::uint64_t run() const { return run_; }
  const v1::RunUpdate& update() const { return update_; }

  /// A ticket that has come since the last call; empty when none has. With a stage at the client, each one wants a new stage.
  std::optional<StageTicket> take_ticket();
  /// Sentences for people that have come up since the last call.
  std::vector<std::string> take_notices();

 private:
  void on_welcomed(Instant now, std::vector<wire::Message>& out);
  void on_lost(Instant now);
  void on_submitted(const v1::Submitted& submitted, std::vector<wire::Message>& out);
  void on_update(const v1::RunUpdate& update);
  void on_refused(const v1::Refused& refused);
  void send_cancel(std::vector<wire::Message>& out);
  void end(std::optional<Error> error);

  wire::PeerLink link_;
  v1::RunDescription description_;
  std::string endpoint_;
  SessionLimits limits_;
  Instant wait_deadline_;  ///< For a welcome; only while not welcomed.
  bool was_welcomed_ = false;

  std::uint64_t run_ = 0;
  std::string token_;
  v1::RunUpdate update_;
  std::optional<StageTicket> ticket_;
  std::vector<std::string> notices_;

  std::optional<Instant> cancel_deadline_;
  std::string cancel_reason_;
  bool ended_ = false;
  bool cancelled_ = false;
  std::optional<Error> error_;
};

}  // namespace sheaf::client
