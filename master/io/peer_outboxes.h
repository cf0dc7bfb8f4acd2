#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <vector>

#include "common/base/time.h"
#include "common/wire/outbox.h"
#include "common/wire/peer_address.h"

namespace sheaf::master {

/// How the hub speaks to a peer.
class PeerSender {
 public:
  virtual ~PeerSender() = default;
  /// It need not have gone yet, and whether the peer is still there is not known yet: Hub::on_gone() says so later.
  virtual void send(const wire::PeerAddress& to, wire::Message message) = 0;
  /// The link is over: what still waits for it is not to be sent.
  virtual void forget(const wire::PeerAddress& to) = 0;
};

/// What the hub has said and is not sent yet, by peer. ROUTER sockets never say that there is room again: whoever owns this
/// flushes after each turn of its loop, and every kRetry while something waits.
///
/// Pure: no socket.
class PeerOutboxes final : public PeerSender {
 public:
  static constexpr Duration kRetry = std::chrono::milliseconds(10);
  /// More than all windows together: so many answers wait only for a peer that asks on and on and reads none of them. It is
  /// taken for gone.
  static constexpr std::size_t kWaitingMax = 20'000;
  static constexpr std::size_t kWaitingBytesMax = 2ULL << 30;

  void send(const wire::PeerAddress& to, wire::Message message) override;
  void forget(const wire::PeerAddress& to) override { waiting_.erase(to); }

  using Send = std::function<wire::SendOutcome(const wire::PeerAddress& to, const wire::Message& message)>;
  /// Sends what `send` takes. Returns those that are gone.
  std::vector<wire::PeerAddress> flush(const Send& send);
  bool is_empty() const { return waiting_.empty(); }

 private:
  std::map<wire::PeerAddress, wire::Outbox> waiting_;  ///< None of them is empty.
};

}  // namespace sheaf::master
