#include "tests/sim/network.h"

#include <algorithm>
#include <utility>

#include "common/base/mark.h"

namespace sheaf::sim {

bool Network::Queue::take_one(std::uint64_t room) {
  read += 1;
  const bool was_full = is_full(room);
  // Half of the room at a time, as ZeroMQ does.
  if (2 * (read - known_to_be_read) >= room || read == sent) known_to_be_read = read;
  return was_full && !is_full(room);
}

bool Network::is_whole(const wire::PeerAddress& address) const {
  const auto entry = connections_.find(address);
  return entry != connections_.end() && entry->second->is_whole;
}

Instant Network::arrival(Instant& last, Instant held) {
  const Instant when = timeline_.now() + latency_ + random_.duration(Duration(0), jitter_);
  last = std::max({when, last, held});
  return last;
}

wire::SendOutcome Network::send_from_master(const wire::PeerAddress& to, const wire::Message& message) {
  const auto entry = connections_.find(to);
  if (entry == connections_.end()) return wire::SendOutcome::kGone;
  const std::shared_ptr<Connection> connection = entry->second;
  if (!connection->is_whole) {
    if (timeline_.now() < connection->noticed_by_master) return wire::SendOutcome::kSent;
    connections_.erase(entry);
    return wire::SendOutcome::kGone;
  }
  if (connection->to_port.is_full(room_)) return wire::SendOutcome::kFull;
  connection->to_port.sent += 1;
  std::vector<Bytes> frames = wire::encode(message);
  trace_.message(timeline_.now(), "master >> " + connection->port->owner_.name(), frames);
  const Instant when = arrival(connection->last_to_port, connection->held_to_port);
  timeline_.at(when, [this, connection, frames = std::move(frames)]() mutable {
    if (!connection->is_whole) return;
    Port& port = *connection->port;
    port.owner_.post([this, connection, &port, frames = std::move(frames)] {
      // What waits inside a process that is stopped goes with its connection, too.
      if (port.connection_ != connection) return;
      trace_.message(timeline_.now(), port.owner_.name() + " <<", frames);
      connection->to_port.take_one(room_);
      port.on_message_(wire::decode(frames));
    });
  });
  return wire::SendOutcome::kSent;
}

wire::SendOutcome Network::send_from_port(const std::shared_ptr<Connection>& connection, const wire::Message& message) {
  if (!connection->is_whole) return wire::SendOutcome::kSent;  // It has not noticed yet.
  if (connection->to_master.is_full(room_)) {
    SHEAF_MARK("sim_peer_waits_for_a_full_master");
    return wire::SendOutcome::kFull;
  }
  connection->to_master.sent += 1;
  std::vector<Bytes> frames = wire::encode(message);
  trace_.message(timeline_.now(), connection->port->owner_.name() + " >> master", frames);
  const Instant when = arrival(connection->last_to_master, connection->held_to_master);
  timeline_.at(when, [this, connection, frames = std::move(frames)]() mutable {
    if (!connection->is_whole) return;
    trace_.message(timeline_.now(), "master << " + connection->port->owner_.name(), frames);
    master_(connection->address, wire::decode(std::move(frames)));
  });
  return wire::SendOutcome::kSent;
}

void Network::taken_by_master(const wire::PeerAddress& from) {
  const auto entry = connections_.find(from);
  if (entry == connections_.end() || !entry->second->to_master.take_one(room_)) return;
  const std::shared_ptr<Connection>& connection = entry->second;
  Port& port = *connection->port;
  if (port.connection_ == connection) port.owner_.post([&port] { port.on_writable_(); });
}

void Port::open() {
  if (is_closed_) return;
  connection_ = std::make_shared<Network::Connection>();
  connection_->address = "address-" + std::to_string(network_.next_address_++);
  connection_->port = this;
  network_.connections_.emplace(connection_->address, connection_);
  owner_.post([this] { on_writable_(); });
}

wire::SendOutcome Port::send(const wire::Message& message) {
  return connection_ ? network_.send_from_port(connection_, message) : wire::SendOutcome::kFull;
}

void Port::break_connection(Duration down, Duration until_master_notices, Duration until_port_notices) {
  if (is_closed_ || !connection_ || !connection_->is_whole) return;
  connection_->is_whole = false;
  connection_->noticed_by_master = network_.timeline_.now() + until_master_notices;
  const std::uint64_t mine = ++breaks_;
  network_.timeline_.after(std::min(down, until_port_notices), [this, mine] {
    if (breaks_ == mine && !is_closed_) connection_.reset();
  });
  network_.timeline_.after(down, [this, mine] {
    if (breaks_ == mine) open();
  });
}

void Port::hold(bool to_master, Duration how_long) {
  if (!connection_) return;
  Instant& held = to_master ? connection_->held_to_master : connection_->held_to_port;
  held = std::max(held, network_.timeline_.now() + how_long);
}

void Port::release() {
  if (!connection_) return;
  connection_->held_to_master = Instant{};
  connection_->held_to_port = Instant{};
}

void Port::close(bool is_orderly) {
  if (is_closed_) return;
  is_closed_ = true;
  if (!connection_) return;
  const std::shared_ptr<Network::Connection> connection = std::exchange(connection_, nullptr);
  const auto cut = [&network = network_, connection] {
    connection->is_whole = false;
    connection->noticed_by_master = network.timeline_.now();
  };
  if (is_orderly) {
    network_.timeline_.at(connection->last_to_master, cut);
  } else {
    cut();
  }
}

}  // namespace sheaf::sim
