// Whose key a peer has shown, and what follows from it.

#include <utility>
#include <vector>

#include "common/runtime/log.h"
#include "master/io/hub.h"

namespace sheaf::master {

void Hub::on_stranger(Instant now, const wire::PeerAddress& from, const wire::Principal& who) {
  refuse_message(now, from, who, v1::REFUSAL_FORBIDDEN, "this key opens nothing here any more");
  if (peers_.find(from) == nullptr) return;
  lose(now, from, false);
  refuse(from, v1::REFUSAL_FORBIDDEN, "this key opens nothing here any more");  // The one before went with the link.
}

void Hub::on_keys_changed(Instant now, const std::function<const wire::Principal*(const std::string&)>& find) {
  std::vector<RunId> ids;
  for (const auto& [id, run] : runs_) ids.push_back(id);
  for (const RunId id : ids) {
    HubRun* run = find_run(id);
    if (run == nullptr || run->is_over() || run->owner.role == wire::KeyRole::kEverything) continue;
    const wire::Principal* owner = find(run->owner.key);
    if (owner != nullptr && may_be(owner->role, v1::ROLE_CLIENT)) continue;
    audit(AuditEvent::What::kCancelled, run->owner, {}, "run " + std::to_string(id.value) + ": its key was revoked");
    end_run(now, *run, v1::RUN_CANCELLED, Error{ErrorCode::kStopped, "the key that has submitted it was revoked", {}, {}});
  }
  for (const wire::PeerAddress& address : peers_.addresses()) {
    Peer* peer = peers_.find(address);
    if (peer == nullptr || peer->principal.role == wire::KeyRole::kEverything) continue;
    const wire::Principal* now_is = find(peer->principal.key);
    if (now_is != nullptr && may_be(now_is->role, peer->role)) {
      peer->principal = *now_is;
      continue;
    }
    log_warn("key_revoked", {{"peer", peer->name}, {"key", peer->principal.name}});
    audit(AuditEvent::What::kRevoked, peer->principal, peer->name, "was connected");
    const std::string text = "the key \"" + peer->principal.name + "\" was revoked";
    lose(now, address, false);
    refuse(address, v1::REFUSAL_FORBIDDEN, text);  // After that: what is still to be sent goes with the link.
  }
}

bool Hub::may_answer(const wire::Principal& who, JobId job, Attempt attempt) const {
  if (who.role == wire::KeyRole::kEverything) return true;
  const auto run = runs_.find(job.run);
  if (run == runs_.end()) return true;
  const auto holders = run->second.holders.find(job.key);
  if (holders == run->second.holders.end()) return true;  // Not given to anybody, or accepted.
  const auto holder = holders->second.find(attempt);
  return holder != holders->second.end() && holder->second == who.key;
}

void Hub::refuse_answer(Instant now, const Peer& worker, JobId job, Attempt attempt) {
  const std::string text = "an answer about job " + to_string(job.key) + " of run " + std::to_string(job.run.value) +
                           ", which another key was given";
  refused_messages_ += 1;
  complaints_.add(now, "message_refused", {{"peer", worker.name}, {"key", worker.principal.name}, {"reason", text}});
  audit(AuditEvent::What::kRefused, worker.principal, worker.name, text);
  ack(now, worker.worker, job, attempt);  // It may forget it.
}

void Hub::refuse_message(Instant now, const wire::PeerAddress& from, const wire::Principal& who, v1::RefusalReason reason,
                         const std::string& text) {
  const Peer* peer = peers_.find(from);
  const std::string name = peer != nullptr ? peer->name : "unknown";
  refused_messages_ += 1;
  complaints_.add(now, "message_refused", {{"peer", name}, {"key", who.name}, {"reason", text}});
  audit(AuditEvent::What::kRefused, who, name, text);
  refuse(from, reason, text);
}

void Hub::audit(AuditEvent::What what, const wire::Principal& who, const std::string& peer, const std::string& detail) {
  if (audit_ != nullptr) audit_->record({what, who, peer, detail});
}

}  // namespace sheaf::master
