#include "master/io/peers.h"

#include "common/base/check.h"

namespace sheaf::master {

Peer* PeerTable::find(const wire::PeerAddress& address) {
  const auto entry = peers_.find(address);
  return entry == peers_.end() ? nullptr : &entry->second;
}

Peer* PeerTable::find(SessionId session) {
  const auto entry = by_session_.find(session);
  return entry == by_session_.end() ? nullptr : find(entry->second);
}

Peer* PeerTable::find(WorkerId worker) {
  const auto entry = by_worker_.find(worker);
  return entry == by_worker_.end() ? nullptr : find(entry->second);
}

Peer& PeerTable::add(Peer peer) {
  SHEAF_CHECK(!by_session_.contains(peer.session));
  by_session_.emplace(peer.session, peer.address);
  if (peer.role == v1::ROLE_WORKER) by_worker_.emplace(peer.worker, peer.address);
  const wire::PeerAddress address = peer.address;
  const auto [entry, added] = peers_.emplace(address, std::move(peer));
  SHEAF_CHECK(added);
  return entry->second;
}

void PeerTable::remove(const wire::PeerAddress& address) {
  const auto entry = peers_.find(address);
  if (entry == peers_.end()) return;
  by_session_.erase(entry->second.session);
  by_worker_.erase(entry->second.worker);
  peers_.erase(entry);
}

void PeerTable::forget(RunId run) {
  for (auto& [address, peer] : peers_) peer.runs_set_up.erase(run);
}

std::vector<wire::PeerAddress> PeerTable::addresses() const {
  std::vector<wire::PeerAddress> all;
  all.reserve(peers_.size());
  for (const auto& [address, peer] : peers_) all.push_back(address);
  return all;
}

bool may_send(v1::Role role, v1::Envelope::BodyCase body) {
  switch (body) {
    case v1::Envelope::kHello:
    case v1::Envelope::kHeartbeat:
    case v1::Envelope::kGoodbye: return true;
    case v1::Envelope::kSubmit:
    case v1::Envelope::kCancelRun: return role == v1::ROLE_CLIENT;
    case v1::Envelope::kAskWorkers: return role == v1::ROLE_OBSERVER;
    case v1::Envelope::kRunPlanned:
    case v1::Envelope::kFeed:
    case v1::Envelope::kFeedEnd:
    case v1::Envelope::kAccept:
    case v1::Envelope::kRedo:
    case v1::Envelope::kSplit:
    case v1::Envelope::kPublish:
    case v1::Envelope::kPublished:
    case v1::Envelope::kStageFailed: return role == v1::ROLE_STAGE;
    case v1::Envelope::kResults:
    case v1::Envelope::kRenewLease:
    case v1::Envelope::kDraining: return role == v1::ROLE_WORKER;
    case v1::Envelope::kPart:
    case v1::Envelope::kPartCredit: return role == v1::ROLE_STAGE || role == v1::ROLE_WORKER;
    default: return false;  // What only the master says.
  }
}

bool may_be(wire::KeyRole key, v1::Role role) {
  switch (key) {
    case wire::KeyRole::kNobody: return false;
    case wire::KeyRole::kEverything: return true;
    case wire::KeyRole::kWorker: return role == v1::ROLE_WORKER || role == v1::ROLE_OBSERVER;
    case wire::KeyRole::kClient:
    case wire::KeyRole::kAdmin: return role != v1::ROLE_WORKER;
    case wire::KeyRole::kObserver: return role == v1::ROLE_OBSERVER;
  }
  return false;
}

bool may_see_others(wire::KeyRole key) {
  return key != wire::KeyRole::kWorker && key != wire::KeyRole::kNobody;
}

}  // namespace sheaf::master
