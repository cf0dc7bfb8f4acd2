#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/net/channel.h"
#include "common/runtime/complaints.h"
#include "common/runtime/signals.h"
#include "common/wire/outbox.h"
#include "worker/core/session.h"
#include "worker/link/executors.h"
#include "worker/link/part_writer.h"

namespace sheaf::worker {

struct LinkConfig {
  wire::Endpoint endpoint;
  SessionConfig session;
  std::vector<ExecutorProgram> executors;
  bool is_insecure = false;  ///< TCP without keys: said every minute.
};

/// How a worker's life ended.
struct Departure {
  Error reason;
  int exit_code = 0;
};

/// The one loop of a worker: the socket to the master, the executors, the signals, the clock, all brought to a WorkerSession,
/// whose actions it carries out. Never touches what is in a payload.
///
/// The thread that makes it makes every call.
class Link {
 public:
  /// `lifeline`: closed when whoever started this worker is gone; not open without one.
  Link(const LinkConfig& config, Spawner spawner, SignalFd signals, Fd lifeline, net::DealerChannel channel,
       PayloadReader& payloads, PartWriter& parts);

  /// Works until told to leave, by the session, a signal or the lifeline. By then the executors may still live: they end when
  /// the spawner does, and that when this object is gone.
  Departure run();

 private:
  void on_signals(Instant now);
  void on_handshake(Instant now);
  void on_master(Instant now);
  void on_parts(Instant now);
  void on_executors(Instant now);
  void perform_actions();
  /// Sends what waits. While all slots are busy, results that come soon after others wait a little, and go together.
  void flush(Instant now);
  void perform(SendMessage action);
  void perform(DropUnsent action);
  void perform(KeepPart action) { parts_.post(std::move(action)); }
  void perform(Leave action);
  template <class ExecutorAction>
  void perform(ExecutorAction action) {
    executors_.perform(std::move(action));
  }
  void say_what_changed(Instant now);
  void leave(Instant now, const Error& reason, int exit_code) { session_.leave(now, reason, exit_code, actions_); }
  Duration wait_at_most(Instant now) const;

  LinkConfig config_;
  SignalFd signals_;
  Fd lifeline_;
  net::DealerChannel channel_;
  PartWriter& parts_;
  net::Poller poller_;
  std::size_t channel_index_;
  std::size_t signals_index_;
  std::size_t parts_index_;
  std::optional<std::size_t> lifeline_index_;
  Executors executors_;
  Complaints complaints_;
  WorkerSession session_;
  Actions actions_;
  wire::Outbox outbox_;
  Instant flushed_at_{};
  std::optional<Instant> results_wait_until_;
  bool is_draining_ = false;
  bool was_welcomed_ = false;
  bool was_ever_welcomed_ = false;
  std::uint64_t denials_ = 0;
  net::Handshake handshake_ = net::Handshake::kNone;
  std::optional<Instant> denied_since_;
  std::set<ProgramIndex> said_useless_;
  Instant insecure_said_at_{};
  Instant missing_said_at_{};
  std::optional<Departure> departure_;
};

}  // namespace sheaf::worker
