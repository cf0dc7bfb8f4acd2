#pragma once

#include <cstddef>
#include <deque>

#include "common/wire/message.h"
#include "common/wire/peer_address.h"

namespace sheaf::wire {

/// What is to be said to one peer and is not sent yet: for want of a connection, or of room in ZeroMQ's queue, or because more
/// of it is about to come. One rule for all programs: what cannot be sent now waits, in order, and nothing is left out but what
/// a later message makes pointless. Windows bound how much that can be.
///
/// What is said of one job after the other travels as one message of many jobs, as far as it waits together. So its owner adds
/// what a turn of its loop brings about, and flushes at the end of the turn; and again when there is room after a kFull.
///
/// Pure: no socket.
class Outbox {
 public:
  void add(Message message);
  void clear() {
    waiting_.clear();
    payload_bytes_ = 0;
  }
  bool is_empty() const { return waiting_.empty(); }
  /// Nothing else waits.
  bool holds_only(v1::Envelope::BodyCase kind) const;
  std::size_t size() const { return waiting_.size(); }
  /// Of the payloads that wait.
  std::size_t payload_bytes() const { return payload_bytes_; }

  /// Gives `send` (a SendOutcome(const Message&)) one message after the other, until one is not taken. Returns what came of the
  /// last: kSent when nothing waits any more.
  template <class Send>
  SendOutcome flush(Send send) {
    while (!waiting_.empty()) {
      if (const SendOutcome outcome = send(waiting_.front().message); outcome != SendOutcome::kSent) return outcome;
      payload_bytes_ -= waiting_.front().payload_bytes;
      waiting_.pop_front();
    }
    return SendOutcome::kSent;
  }

 private:
  struct Waiting {
    Message message;
    std::size_t header_bytes = 0;  ///< Of what other jobs can be put to, else 0.
    std::size_t payload_bytes = 0;
  };

  /// Puts the jobs of `added` to those of the last message, if they go together.
  bool join_last(Waiting& added);
  /// Puts `message` in the place of one that it makes pointless, if there is one.
  bool replace(Message& message);

  std::deque<Waiting> waiting_;
  std::size_t payload_bytes_ = 0;
};

}  // namespace sheaf::wire
