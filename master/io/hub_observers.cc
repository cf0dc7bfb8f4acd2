// Those who look on.

#include "master/io/hub.h"

namespace sheaf::master {

namespace {

/// So that the longest answer fits into a header.
constexpr int kWorkersPerAnswer = 32;
constexpr int kKindsMax = 16;
constexpr std::size_t kTextBytesMax = 256;

std::string cut(const std::string& text, std::size_t bytes_max = kTextBytesMax) {
  return wire::wire_text(text.substr(0, bytes_max));
}

}  // namespace

void Hub::on_ask_workers(Instant now, Peer& observer, const v1::AskWorkers& asked) {
  if (!may_see_others(observer.principal.role)) {
    return refuse_message(now, wire::PeerAddress(observer.address), observer.principal, v1::REFUSAL_FORBIDDEN,
                          "a key for workers does not show who else is there");
  }
  v1::Envelope message = envelope();
  v1::Workers& answer = *message.mutable_workers();
  answer.set_runs(active_runs());
  answer.set_refused_messages(refused_messages_);
  const auto& workers = peers_.workers();
  for (auto entry = workers.upper_bound(WorkerId{asked.after()}); entry != workers.end(); ++entry) {
    if (answer.workers_size() == kWorkersPerAnswer) {
      answer.set_has_more(true);
      break;
    }
    const auto view = scheduler_.worker(entry->first);
    const Peer* peer = peers_.find(entry->first);
    if (!view || peer == nullptr) continue;
    v1::WorkerInfo& info = *answer.add_workers();
    info.set_worker(entry->first.value);
    info.set_host(cut(peer->host));
    info.set_pid(peer->pid);
    info.set_version(cut(peer->version));
    info.set_key(cut(peer->principal.name));
    info.set_slots(view->slots);
    info.set_executors(peer->executors);
    for (const std::string& kind : view->kinds) {
      if (info.kinds_size() < kKindsMax) info.add_kinds(cut(kind, 64));
    }
    info.set_jobs(static_cast<std::uint32_t>(view->held));
    info.set_heard_ms(static_cast<std::uint64_t>(milliseconds(now - view->heard)));
    info.set_is_draining(view->draining);
    info.set_is_silent(view->expired);
  }
  send(now, observer, std::move(message));
}

}  // namespace sheaf::master
