#pragma once

/// ZeroMQ (through cppzmq), and the only place that includes it: a socket for the master, one for everybody else, and a way to
/// wait for both. All options of libzmq 4.3.4 that fail open or hang are set here (docs/PROTOCOL.md, "Transport").

#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/net/handshake_watch.h"
#include "common/wire/endpoint.h"
#include "common/wire/message.h"
#include "common/wire/peer_address.h"

namespace sheaf::net {

class Gate;
class Poller;

/// One per process; it outlives its channels. Ending it never waits for messages to peers that are gone.
class Context {
 public:
  Context();

  zmq::context_t& zmq() { return context_; }

 private:
  zmq::context_t context_;
};

/// Whether a living process listens at that socket in the file system; `endpoint` is an ipc:// one. Errors: kCluster when that
/// cannot be found out, as where this user may not enter.
Result<bool> is_listened_to(const wire::Endpoint& endpoint);

/// What has arrived at the master.
struct Incoming {
  wire::PeerAddress from;
  std::string user;  ///< The key with which the sender was let in, to be looked up in the gate; empty without keys.
  Result<wire::Message> message;  ///< Or why it was refused; the sender should be told.
};

/// The master's ROUTER. The thread that made it makes every call.
class RouterChannel {
 public:
  /// `gate`: who may connect; nullptr: everybody who reaches it. Errors: kUsage when the address is in use or cannot be bound,
  /// with the endpoint.
  static Result<RouterChannel> bind(Context& context, const wire::Endpoint& endpoint, const Gate* gate = nullptr);

  /// Never blocks.
  wire::SendOutcome send(const wire::PeerAddress& to, const wire::Message& message);
  /// Never blocks; empty when nothing waits.
  std::optional<Incoming> receive();

  /// The address it listens on: with "tcp://127.0.0.1:*" the port is known only now.
  const std::string& address() const { return address_; }
  zmq::socket_ref zmq() { return socket_; }

 private:
  RouterChannel(zmq::socket_t socket, std::string address) : socket_(std::move(socket)), address_(std::move(address)) {}
  zmq::socket_t socket_;
  std::string address_;
};

/// Everybody else's DEALER: connects, and reconnects by itself. The thread that made it makes every call.
class DealerChannel {
 public:
  /// Succeeds also while nobody listens there. Errors: kUsage for an address that cannot be.
  static Result<DealerChannel> connect(Context& context, const wire::Endpoint& endpoint);

  /// Never blocks. kFull also while there is no connection: it comes about by itself.
  wire::SendOutcome send(const wire::Message& message);
  /// Never blocks; empty when nothing waits. An error is a message of the master that was refused.
  std::optional<Result<wire::Message>> receive();

  /// Of a tcp:// endpoint: how the last attempt to connect has ended.
  Handshake handshake() { return handshakes_ ? handshakes_->last() : Handshake::kNone; }
  std::uint64_t denials() const { return handshakes_ ? handshakes_->denials() : 0; }
  /// Has `poller` wake for it.
  void watch_handshakes(Poller& poller);

  zmq::socket_ref zmq() { return socket_; }

 private:
  DealerChannel(zmq::socket_t socket, std::string address, std::optional<HandshakeWatch> handshakes)
      : socket_(std::move(socket)), address_(std::move(address)), handshakes_(std::move(handshakes)) {}
  void connect_again_if_given_up();

  zmq::socket_t socket_;
  std::string address_;
  std::optional<Instant> connect_again_at_;
  std::optional<HandshakeWatch> handshakes_;  ///< Goes before the socket that it watches.
};

/// Waits for channels and descriptors together.
class Poller {
 public:
  /// Returns the number that is_ready() knows it by.
  std::size_t add(RouterChannel& channel);
  std::size_t add(DealerChannel& channel);
  std::size_t add(Gate& gate);
  std::size_t add(HandshakeWatch& handshakes);
  std::size_t add(int fd);
  /// Watches for writability too, or no longer. Of a DealerChannel: that it has a connection with room in its queue.
  void watch_writable(std::size_t index, bool on);
  void remove(std::size_t index);

  /// Returns when one is ready, after `timeout` at the latest (empty: no limit), or early on a signal.
  void wait(std::optional<Duration> timeout);
  /// Readable, hung up or broken.
  bool is_ready(std::size_t index) const;
  bool is_writable(std::size_t index) const;

 private:
  std::size_t add(const zmq::pollitem_t& item);
  /// One that has been removed watches nothing, until its place is used again.
  std::vector<zmq::pollitem_t> items_;
};

}  // namespace sheaf::net
