#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/wire/message.h"
#include "common/wire/peer_link.h"

namespace sheaf::client {

/// What a master has answered to somebody who looks on.
struct MasterAnswer {
  v1::Welcome welcome;
  Duration took{};  ///< From the first hello to the welcome, the way to the master included.
  std::vector<v1::WorkerInfo> workers;
  std::uint64_t runs = 0;
  std::uint64_t refused_messages = 0;
};

/// Looks at a master, once: whether it answers, and, where that is wanted, who is there.
///
/// Pure: no socket and no clock. The owner gives it every message, sends what it appends to `out`, and calls it at
/// next_deadline().
class ObserverSession {
 public:
  /// `hello`: what this process says of itself. It gives up at `deadline`.
  ObserverSession(v1::Hello hello, bool wants_workers, std::string endpoint, Instant deadline);

  void on_message(Instant now, const wire::Message& message, std::vector<wire::Message>& out);
  void on_time(Instant now, std::vector<wire::Message>& out);
  Instant next_deadline() const;

  bool has_ended() const { return ended_; }
  /// Of an ended session: nothing when it has its answer.
  const std::optional<Error>& error() const { return error_; }
  const MasterAnswer& answer() const { return answer_; }

 private:
  void ask(std::uint64_t after, std::vector<wire::Message>& out);
  void end(std::vector<wire::Message>& out);
  void fail(Error error);

  wire::PeerLink link_;
  bool wants_workers_;
  std::string endpoint_;
  Instant deadline_;
  std::optional<Instant> greeted_;
  MasterAnswer answer_;
  bool ended_ = false;
  std::optional<Error> error_;
};

}  // namespace sheaf::client
