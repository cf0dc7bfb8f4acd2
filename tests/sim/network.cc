#include "tests/sim/network.h"

#include <algorithm>
#include <utility>

namespace sheaf::sim {

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
  std::vector<std::string> frames = wire::encode(message);
  trace_.message(timeline_.now(), "master >> " + connection->port->owner_.name(), frames);
  const Instant when = arrival(connection->last_to_port, connection->held_to_port);
  timeline_.at(when, [this, connection, frames = std::move(frames)]() mutable {
    if (!connection->is_whole) return;
    Port& port = *connection->port;
    port.owner_.post([this, connection, &port, frames = std::move(frames)] {
      // What waits inside a process that is stopped goes with its connection, too.
      if (port.connection_ != connection) return;
      trace_.message(timeline_.now(), port.owner_.name() + " <<", frames);
      port.on_message_(wire::decode(frames));
    });
  });
  return wire::SendOutcome::kSent;
}

void Network::send_from_port(const std::shared_ptr<Connection>& connection, const wire::Message& message) {
  if (!connection->is_whole) return;  // It has not noticed yet.
  std::vector<std::string> frames = wire::encode(message);
  trace_.message(timeline_.now(), connection->port->owner_.name() + " >> master", frames);
  const Instant when = arrival(connection->last_to_master, connection->held_to_master);
  timeline_.at(when, [this, connection, frames = std::move(frames)]() mutable {
    if (!connection->is_whole) return;
    trace_.message(timeline_.now(), "master << " + connection->port->owner_.name(), frames);
    master_(connection->address, wire::decode(std::move(frames)));
  });
}

void Port::open() {
  if (is_closed_) return;
  connection_ = std::make_shared<Network::Connection>();
  connection_->address = "address-" + std::to_string(network_.next_address_++);
  connection_->port = this;
  network_.connections_.emplace(connection_->address, connection_);
  owner_.post([this] { on_open_(); });
}

bool Port::send(const wire::Message& message) {
  if (!connection_) return false;
  network_.send_from_port(connection_, message);
  return true;
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
