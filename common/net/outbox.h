#pragma once

#include <deque>

#include "common/net/channel.h"

namespace sheaf::net {

/// What is to be said to the master and waits: for a connection, or for room in ZeroMQ's queue. In order, and nothing is left
/// out but what a new link makes pointless.
///
/// Its owner watches the channel for writability while something waits: then a connection that comes about wakes it.
class Outbox {
 public:
  void add(wire::Message message);
  void clear() { waiting_.clear(); }
  bool is_empty() const { return waiting_.empty(); }

  /// Sends what the channel takes.
  void send(DealerChannel& channel);

 private:
  std::deque<wire::Message> waiting_;  ///< Bounded by what a session says before it hears an answer.
};

}  // namespace sheaf::net
