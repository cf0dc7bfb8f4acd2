#pragma once

/// ZeroMQ, and the only headers of it that sheaf has: a socket for the master, one for everybody else, and a way to wait for
/// both. All options of libzmq 4.3.4 that fail open or hang are set here (docs/PROTOCOL.md, "Transport").

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/wire/endpoint.h"
#include "common/wire/message.h"
#include "common/wire/peer_address.h"

namespace sheaf::net {

/// One per process; it outlives its channels. Ending it never waits for messages to peers that are gone.
class Context {
 public:
  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void* handle() const { return handle_; }

 private:
  void* handle_;
};

/// What has arrived at the master.
struct Incoming {
  wire::PeerAddress from;
  Result<wire::Message> message;  ///< Or why it was refused; the sender should be told.
};

/// The master's ROUTER. The thread that made it makes every call.
class RouterChannel {
 public:
  /// Errors: kUsage when the address is in use or cannot be bound, with the endpoint.
  static Result<RouterChannel> bind(Context& context, const wire::Endpoint& endpoint);

  /// Never blocks.
  wire::SendOutcome send(const wire::PeerAddress& to, const wire::Message& message);
  /// Never blocks; empty when nothing waits.
  std::optional<Incoming> receive();

  /// The address it listens on: with "tcp://127.0.0.1:*" the port is known only now.
  const std::string& address() const { return address_; }
  void* handle() const { return socket_.get(); }

 private:
  struct Closer {
    void operator()(void* socket) const;
  };
  friend class DealerChannel;
  RouterChannel() = default;
  std::unique_ptr<void, Closer> socket_;
  std::string address_;
};

/// Everybody else's DEALER: connects, and reconnects by itself. The thread that made it makes every call.
class DealerChannel {
 public:
  /// Succeeds also while nobody listens there. Errors: kUsage for an address that cannot be.
  static Result<DealerChannel> connect(Context& context, const wire::Endpoint& endpoint);

  /// Never blocks. False while there is no connection or its queue is full; nothing was sent.
  bool send(const wire::Message& message);
  /// Never blocks; empty when nothing waits. An error is a message of the master that was refused.
  std::optional<Result<wire::Message>> receive();

  void* handle() const { return socket_.get(); }

 private:
  DealerChannel() = default;
  std::unique_ptr<void, RouterChannel::Closer> socket_;
};

/// Waits for channels and descriptors together.
class Poller {
 public:
  /// Returns the number that is_ready() knows it by.
  std::size_t add(const RouterChannel& channel);
  std::size_t add(const DealerChannel& channel);
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
  struct Item {
    void* socket = nullptr;
    int fd = -1;
    short events = 0;
    short revents = 0;
    bool used = false;
  };
  std::size_t add(Item item);
  std::vector<Item> items_;
};

}  // namespace sheaf::net
