#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/wire/message.h"
#include "common/wire/peer_address.h"
#include "tests/sim/process.h"
#include "tests/sim/random.h"
#include "tests/sim/timeline.h"
#include "tests/sim/trace.h"

namespace sheaf::sim {

class Port;

/// A network as ZeroMQ over TCP shows it: on one connection messages keep their order and none is lost; a connection that
/// breaks takes with it what was under way both ways, and whoever connects again is a stranger to the master. Each side notices
/// in its own time.
///
/// A connection also has room for so many messages only, each way: who sends more than the other side has read is told that it
/// is full. As ZeroMQ does, the sender learns only now and then of what was read.
///
/// Every message goes through the real codec.
class Network {
 public:
  Network(Timeline& timeline, Random random, Trace& trace) : timeline_(timeline), random_(random), trace_(trace) {}

  /// Of a new connection to the master; `latency` is what every message takes, `jitter` what it takes beyond that at most.
  void set_pace(Duration latency, Duration jitter) { latency_ = latency, jitter_ = jitter; }
  /// Messages that a new connection takes before somebody has read them.
  void set_room(std::uint64_t messages) { room_ = messages; }
  /// Who takes the messages that reach the master.
  void set_master(std::function<void(wire::PeerAddress, Result<wire::Message>)> master) { master_ = std::move(master); }

  /// The master's ROUTER.
  wire::SendOutcome send_from_master(const wire::PeerAddress& to, const wire::Message& message);
  /// The master has read one message that came from there.
  void taken_by_master(const wire::PeerAddress& from);
  /// Whether who has that connection could still be reached over it.
  bool is_whole(const wire::PeerAddress& address) const;

 private:
  friend class Port;

  /// One way of a connection.
  struct Queue {
    std::uint64_t sent = 0;
    std::uint64_t read = 0;
    std::uint64_t known_to_be_read = 0;  ///< By the sender.
    bool is_full(std::uint64_t room) const { return sent - known_to_be_read >= room; }
    /// True when that makes room in a queue that was full.
    bool take_one(std::uint64_t room);
  };

  struct Connection {
    wire::PeerAddress address;
    Port* port = nullptr;
    bool is_whole = true;         ///< False: what is under way is lost.
    Instant noticed_by_master{};  ///< When it is broken.
    Instant last_to_master{};     ///< When the message sent last arrives: none overtakes it.
    Instant last_to_port{};
    Instant held_to_master{};  ///< Nothing arrives before.
    Instant held_to_port{};
    Queue to_master;
    Queue to_port;
  };

  wire::SendOutcome send_from_port(const std::shared_ptr<Connection>& connection, const wire::Message& message);
  Instant arrival(Instant& last, Instant held);

  Timeline& timeline_;
  Random random_;
  Trace& trace_;
  Duration latency_ = std::chrono::microseconds(200);
  Duration jitter_ = std::chrono::milliseconds(1);
  std::uint64_t room_ = 10'000;
  std::function<void(wire::PeerAddress, Result<wire::Message>)> master_;
  std::map<wire::PeerAddress, std::shared_ptr<Connection>> connections_;
  std::uint64_t next_address_ = 1;
};

/// A process's DEALER. It belongs to the process and ends with it.
class Port {
 public:
  /// Both are inputs of `owner`. `on_writable`: there is a connection, or room in it again.
  Port(Network& network, Process& owner, std::function<void(Result<wire::Message>)> on_message,
       std::function<void()> on_writable)
      : network_(network), owner_(owner), on_message_(std::move(on_message)), on_writable_(std::move(on_writable)) {}
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  void open();
  /// kFull also while there is no connection that the process knows of.
  wire::SendOutcome send(const wire::Message& message);

  // Faults.
  /// The connection is lost, and another one is there after `down`.
  void break_connection(Duration down, Duration until_master_notices, Duration until_port_notices);
  /// Nothing arrives for a while, but nothing is lost.
  void hold(bool to_master, Duration how_long);
  /// The process is gone. `is_orderly`: what it has sent still arrives.
  void close(bool is_orderly);
  bool is_open() const { return connection_ != nullptr; }
  /// What is held comes now.
  void release();

 private:
  friend class Network;

  Network& network_;
  Process& owner_;
  std::function<void(Result<wire::Message>)> on_message_;
  std::function<void()> on_writable_;
  std::shared_ptr<Network::Connection> connection_;  ///< What the process takes for its connection.
  std::uint64_t breaks_ = 0;
  bool is_closed_ = false;
};

}  // namespace sheaf::sim
