#include "common/net/outbox.h"

#include <utility>

namespace sheaf::net {

void Outbox::add(wire::Message message) {
  // A hello begins a new link: what waits belongs to the one before. And whoever cannot take the last message gains nothing by
  // a heartbeat.
  if (message.envelope.has_hello()) waiting_.clear();
  if (message.envelope.has_heartbeat() && !waiting_.empty()) return;
  waiting_.push_back(std::move(message));
}

void Outbox::send(DealerChannel& channel) {
  while (!waiting_.empty() && channel.send(waiting_.front())) waiting_.pop_front();
}

}  // namespace sheaf::net
