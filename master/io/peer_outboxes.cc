#include "master/io/peer_outboxes.h"

#include <utility>

#include "common/base/mark.h"

namespace sheaf::master {

void PeerOutboxes::send(const wire::PeerAddress& to, wire::Message message) {
  waiting_[to].add(std::move(message));
}

std::vector<wire::PeerAddress> PeerOutboxes::flush(const Send& send) {
  std::vector<wire::PeerAddress> gone;
  for (auto entry = waiting_.begin(); entry != waiting_.end();) {
    const wire::PeerAddress& to = entry->first;
    const wire::SendOutcome outcome = entry->second.flush([&](const wire::Message& message) { return send(to, message); });
    const bool is_too_much = entry->second.size() > kWaitingMax || entry->second.payload_bytes() > kWaitingBytesMax;
    if (outcome == wire::SendOutcome::kFull) SHEAF_MARK("master_waits_for_a_full_peer");
    const bool is_gone = outcome == wire::SendOutcome::kGone || is_too_much;
    if (is_gone) gone.push_back(to);
    entry = is_gone || outcome == wire::SendOutcome::kSent ? waiting_.erase(entry) : std::next(entry);
  }
  return gone;
}

}  // namespace sheaf::master
