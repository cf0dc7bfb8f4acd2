#include "client/ask_master.h"

#include <utility>

#include "common/net/channel.h"
#include "common/net/hello.h"
#include "common/runtime/clock.h"
#include "common/wire/outbox.h"

namespace sheaf::client {

Result<MasterAnswer> ask_master(const wire::Endpoint& endpoint, Duration wait, bool wants_workers) {
  // Neither is ever taken down: see run_client.cc.
  auto* context = new net::Context;
  auto connected = net::DealerChannel::connect(*context, endpoint);
  if (!connected) return propagate(connected);
  auto* channel = new net::DealerChannel(std::move(*connected));

  ObserverSession session(net::hello_of_this_process(), wants_workers, endpoint.address, now() + wait);
  net::Poller poller;
  const std::size_t index = poller.add(*channel);
  channel->watch_handshakes(poller);
  wire::Outbox outbox;
  while (true) {
    std::vector<wire::Message> out;
    session.on_time(now(), out);
    while (const auto message = channel->receive()) {
      if (*message) session.on_message(now(), **message, out);
    }
    for (wire::Message& message : out) outbox.add(std::move(message));
    outbox.flush([&](const wire::Message& message) { return channel->send(message); });
    const net::Handshake handshake = channel->handshake();
    if (handshake == net::Handshake::kDenied) return tl::unexpected(net::handshake_error(handshake, endpoint));
    if (session.has_ended()) {
      if (!session.error()) return session.answer();
      const bool was_heard = session.answer().welcome.epoch() != 0;
      if (was_heard) return tl::unexpected(*session.error());
      return tl::unexpected(net::no_connection_error(handshake, endpoint, *session.error()));
    }
    poller.watch_writable(index, !outbox.is_empty());
    poller.wait(std::max(Duration::zero(), session.next_deadline() - now()));
  }
}

}  // namespace sheaf::client
