#include "master/io/hub.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/base/mark.h"
#include "common/base/overload.h"
#include "common/base/version.h"
#include "common/runtime/log.h"

namespace sheaf::master {

namespace {

// What the scheduler lets out fits the windows that both ends of the wire count on.
constexpr SchedulerConfig kDefaults;
static_assert(kDefaults.jobs_window <= wire::kFedJobsMax && kDefaults.deliver_jobs_window <= wire::kDeliveredJobsMax &&
              kDefaults.worker_jobs_max <= wire::kHeldJobsMax);
static_assert(kDefaults.lease == wire::kLease && kDefaults.revoked_max >= 2 * wire::kCancelGrace);

/// Of the name by which a peer is known here: as long as those that there are, and no more for logs and audit.
constexpr std::size_t kHostBytesMax = 256;

/// Says that its sender is there, and nothing else.
bool is_sign_of_life(const v1::Envelope& envelope) {
  return envelope.has_heartbeat() || envelope.has_renew_lease();
}

}  // namespace

Hub::Hub(const HubConfig& config, PeerSender& sender, StageLauncher& stages, Spool& spool,
         std::function<std::uint64_t()> random, Audit* audit)
    : config_(config),
      sender_(sender),
      stages_(stages),
      spool_(spool),
      random_(std::move(random)),
      audit_(audit),
      scheduler_(config.scheduler) {}

// --------------------------------------------------------------------------------------------------------------------------
// input

void Hub::on_message(Instant now, const wire::PeerAddress& from, Result<wire::Message> message, const wire::Principal& who) {
  Peer* peer = peers_.find(from);
  if (peer != nullptr) peer->last_heard = now;
  if (peer == nullptr || !message || !is_sign_of_life(message->envelope)) look_before(now + config_.update_interval);
  if (!message) return refuse_message(now, from, who, v1::REFUSAL_MALFORMED, message.error().what);
  const v1::Envelope& envelope = message->envelope;
  if (envelope.has_hello()) {
    on_hello(now, from, envelope.hello(), who);
  } else if (peer == nullptr || envelope.epoch() != config_.scheduler.epoch) {
    refuse(from, v1::REFUSAL_HELLO_FIRST, "this master does not know this connection");
  } else if (!may_be(who.role, peer->role)) {
    on_stranger(now, from, who);
  } else if (!may_send(peer->role, envelope.body_case())) {
    refuse_message(now, from, who, v1::REFUSAL_FORBIDDEN, "a message that a " + v1::Role_Name(peer->role) + " may not send");
  } else {
    peer->has_only_greeted = false;
    dispatch(now, *peer, *message);
  }
}

void Hub::dispatch(Instant now, Peer& peer, wire::Message& message) {
  const v1::Envelope& envelope = message.envelope;
  if (peer.role == v1::ROLE_WORKER) apply(now, WorkerHeard{peer.worker});
  switch (envelope.body_case()) {
    case v1::Envelope::kHeartbeat: break;
    case v1::Envelope::kGoodbye: lose(now, wire::PeerAddress(peer.address), true); break;
    case v1::Envelope::kSubmit: on_submit(now, peer, envelope.submit()); break;
    case v1::Envelope::kCancelRun: on_cancel(now, peer, envelope.cancel_run()); break;
    case v1::Envelope::kAskWorkers: on_ask_workers(now, peer, envelope.ask_workers()); break;
    case v1::Envelope::kResults: on_results(now, peer, message); break;
    case v1::Envelope::kDraining: apply(now, WorkerDraining{peer.worker}); break;
    case v1::Envelope::kRenewLease: renew_lease(now, peer, envelope.renew_lease()); break;
    case v1::Envelope::kPart: on_part(now, peer, envelope.part(), message.payloads.front()); break;
    case v1::Envelope::kPartCredit: on_part_credit(now, peer, envelope.part_credit()); break;
    default: on_stage_message(now, peer, message); break;
  }
}

void Hub::on_time(Instant now) {
  // Nobody can come back to a master that is away: as long as it was late, nobody's absence lasted.
  if (next_look_ && now - *next_look_ > config_.silence_max / 2) {
    for (auto& [id, run] : runs_) {
      for (std::optional<Instant>* since : {&run.stage_absent, &run.client_absent, &run.ending}) {
        if (*since) *since = std::min(now, **since + (now - *next_look_));
      }
    }
  }
  apply(now, TimePassed{});
  for (const wire::PeerAddress& address : peers_.addresses()) {
    Peer* peer = peers_.find(address);
    if (peer == nullptr) continue;
    // A silent worker is the scheduler's affair: it may come back with what it holds.
    if (peer->role != v1::ROLE_WORKER && now - peer->last_heard >= config_.silence_max) {
      log_warn("peer_silent", {{"peer", peer->name}, {"silent_ms", milliseconds(now - peer->last_heard)}});
      lose(now, address, false);
    } else if (now - peer->last_sent >= config_.heartbeat_interval) {
      v1::Envelope message = envelope();
      message.mutable_heartbeat();
      send(now, *peer, std::move(message));  // Also how a lost link is noticed: ZeroMQ says that there is no such peer.
    }
  }
  std::vector<RunId> ids;
  for (const auto& [id, run] : runs_) {
    if (!run.is_over()) ids.push_back(id);
  }
  for (const RunId id : ids) {
    if (HubRun* run = find_run(id)) watch_run(now, *run);
  }
  next_look_ = next_look_without_input(now);
}

std::optional<Instant> Hub::next_look_without_input(Instant now) const {
  std::optional<Instant> next = scheduler_.next_deadline();
  const auto consider = [&next](Instant when) { next = std::min(next.value_or(when), when); };
  for (const auto& [address, peer] : peers_.all()) {
    consider(peer.last_sent + config_.heartbeat_interval);
    if (peer.role != v1::ROLE_WORKER) consider(peer.last_heard + config_.silence_max);
  }
  for (const auto& [id, run] : runs_) {
    if (const auto when = next_look_at(run)) consider(*when);
  }
  // Thousands of peers are not looked at one by one, each at its own time.
  return next ? std::optional(std::max(*next, now + config_.update_interval)) : std::nullopt;
}

void Hub::shut_down(Instant now, const std::string& reason) {
  for (const wire::PeerAddress& address : peers_.addresses()) {
    v1::Envelope message = envelope();
    message.mutable_goodbye()->set_reason(reason);
    if (Peer* peer = peers_.find(address)) send(now, *peer, std::move(message));
  }
}

// --------------------------------------------------------------------------------------------------------------------------
// links

void Hub::on_hello(Instant now, const wire::PeerAddress& from, const v1::Hello& hello, const wire::Principal& who) {
  if (hello.protocol() != wire::kProtocolVersion) {
    refuse(from, v1::REFUSAL_PROTOCOL,
           "this master speaks protocol " + std::to_string(wire::kProtocolVersion) + " (sheaf " + kVersion +
               "), the other side " + std::to_string(hello.protocol()) + " (sheaf " + hello.version() +
               "): use the same version on both");
    return;
  }
  if (!may_be(who.role, hello.role())) {
    return refuse_message(now, from, who, v1::REFUSAL_FORBIDDEN,
                          "the key \"" + who.name + "\" is not for a " + v1::Role_Name(hello.role()));
  }
  // Said again because the Welcome takes its time, or because we did: one Welcome will do. Each further one would hand out jobs
  // anew. After a silence it is meant: somebody who was stopped when he had just been welcomed is greeting anew.
  if (Peer* old = peers_.find(from); old != nullptr && old->has_only_greeted && now - old->greeted < config_.silence_max &&
                                     old->session == wire::from_wire(hello.session())) {
    SHEAF_MARK("hub_ignored_a_repeated_hello");
    if (old->role == v1::ROLE_WORKER) apply(now, WorkerHeard{old->worker});
    return;
  }
  // A process that connects anew, or says hello again on a link that we still know: the old link is over.
  if (Peer* old = peers_.find(wire::from_wire(hello.session()))) {
    if (old->principal.key != who.key) {
      return refuse_message(now, from, who, v1::REFUSAL_FORBIDDEN, "the session of somebody else");
    }
    lose(now, wire::PeerAddress(old->address), false);
  }
  if (Peer* old = peers_.find(from)) lose(now, wire::PeerAddress(old->address), false);
  if (peers_.size() >= config_.peers_max) {
    refuse(from, v1::REFUSAL_BUSY, "this master has " + std::to_string(config_.peers_max) + " connections already");
    return;
  }
  Peer peer;
  peer.address = from;
  peer.principal = who;
  peer.role = hello.role();
  peer.session = wire::from_wire(hello.session());
  peer.host = wire::wire_text(hello.host().substr(0, kHostBytesMax));
  peer.name = peer.host + ":" + std::to_string(hello.pid());
  peer.pid = hello.pid();
  peer.version = hello.version();
  peer.executors = hello.worker().executors();
  peer.greeted = now;
  peer.last_heard = now;
  peer.last_sent = now;
  switch (hello.role()) {
    case v1::ROLE_WORKER: welcome_worker(now, std::move(peer), hello); break;
    case v1::ROLE_STAGE: welcome_stage(now, std::move(peer), hello.stage()); break;
    default: welcome_client(now, std::move(peer)); break;
  }
  const Peer* welcomed = peers_.find(from);
  if (welcomed != nullptr) audit(AuditEvent::What::kJoined, who, welcomed->name, v1::Role_Name(hello.role()));
}

v1::Welcome Hub::make_welcome() const {
  v1::Welcome welcome;
  welcome.set_protocol(wire::kProtocolVersion);
  welcome.set_version(kVersion);
  welcome.set_epoch(config_.scheduler.epoch);
  welcome.set_heartbeat_interval_ms(static_cast<std::uint64_t>(milliseconds(config_.heartbeat_interval)));
  welcome.set_silence_max_ms(static_cast<std::uint64_t>(milliseconds(config_.silence_max)));
  return welcome;
}

void Hub::renew_lease(Instant now, Peer& worker, const v1::RenewLease& asked) {
  v1::Envelope message = envelope();
  message.mutable_lease_renewed()->set_mark(asked.mark());
  send(now, worker, std::move(message));
}

void Hub::welcome_worker(Instant now, Peer peer, const v1::Hello& hello) {
  peer.worker = WorkerId{next_worker_++};
  const v1::WorkerHello& worker = hello.worker();
  log_info("worker_joined", {{"worker", peer.worker.value},
                             {"peer", peer.name},
                             {"key", peer.principal.name},
                             {"slots", worker.slots()},
                             {"running", worker.running_size()}});
  WorkerJoined joined;
  joined.worker = peer.worker;
  joined.slots = worker.slots();
  joined.prefetch = worker.prefetch();
  joined.bytes_max = worker.bytes_max();
  joined.kinds.clear();
  for (const v1::OfferedKind& kind : worker.kinds()) joined.kinds.emplace(kind.name(), kind.fingerprint());
  for (const v1::JobAttempt& running : worker.running()) {
    const JobId job = wire::from_wire(running.job());
    const Attempt attempt = wire::from_wire(running.attempt());
    if (may_answer(peer.principal, job, attempt)) {
      joined.running.push_back({job, attempt});
    } else {
      refuse_answer(now, peer, job, attempt);
    }
  }
  Peer& added = peers_.add(std::move(peer));
  v1::Envelope message = envelope();
  *message.mutable_welcome() = make_welcome();
  message.mutable_welcome()->set_peer(added.worker.value);
  message.mutable_welcome()->set_lease_ms(static_cast<std::uint64_t>(milliseconds(config_.scheduler.lease)));
  message.mutable_welcome()->set_lease_mark(worker.lease_mark());
  send(now, added, std::move(message));
  apply(now, std::move(joined));
}

void Hub::welcome_stage(Instant now, Peer peer, const v1::StageHello& hello) {
  HubRun* run = find_run(RunId{hello.run()});
  if (run == nullptr || run->token != hello.token() || run->incarnation != hello.incarnation() ||
      run->owner.key != peer.principal.key) {
    return refuse_message(now, wire::PeerAddress(peer.address), peer.principal, v1::REFUSAL_FORBIDDEN,
                          "this is not the stage of run " + std::to_string(hello.run()));
  }
  // Another process with the same token takes the place of the one that is here: a run has one stage.
  if (!run->stage.empty()) lose(now, wire::PeerAddress(run->stage), false);
  peer.run = run->id;
  run->stage = peer.address;
  run->stage_absent.reset();
  Peer& added = peers_.add(std::move(peer));
  v1::Envelope message = envelope();
  *message.mutable_welcome() = make_welcome();
  *message.mutable_welcome()->mutable_run() = run->description;
  send(now, added, std::move(message));
  if (run->is_over() || run->ending) {
    v1::Envelope goodbye = envelope();
    goodbye.mutable_goodbye()->set_reason(run->fault ? wire::wire_text(run->fault->what) : "the run is over");
    send(now, added, std::move(goodbye));
    return;
  }
  send_credit(now, *run);
  apply(now, StageAttached{run->id});
}

void Hub::welcome_client(Instant now, Peer peer) {
  Peer& added = peers_.add(std::move(peer));
  v1::Envelope message = envelope();
  *message.mutable_welcome() = make_welcome();
  send(now, added, std::move(message));
  for (auto& [id, run] : runs_) {
    if (client_of(run) == &added) run.client_absent.reset();
  }
}

void Hub::lose(Instant now, const wire::PeerAddress& address, bool graceful) {
  Peer* peer = peers_.find(address);
  if (peer == nullptr) return;
  const v1::Role role = peer->role;
  const WorkerId worker = peer->worker;
  const RunId run_id = peer->run;
  const SessionId session = peer->session;
  const std::string name = peer->name;
  const wire::Principal who = peer->principal;
  audit(AuditEvent::What::kLeft, who, name, graceful ? "said goodbye" : "its connection has ended");
  peers_.remove(address);
  if (!graceful) sender_.forget(address);  // Who says goodbye may still be there to hear ours.
  look_before(now + config_.update_interval);
  if (role == v1::ROLE_WORKER) {
    const LogFields fields = {{"worker", worker.value}, {"peer", name}};
    if (graceful) {
      log_info("worker_left", fields);
    } else {
      log_warn("worker_lost", fields);
    }
    std::erase_if(arrived_, [&](const auto& entry) { return entry.first.first == worker; });
    if (graceful) {
      apply(now, WorkerLeft{worker});
    } else {
      apply(now, WorkerLost{worker});
    }
  } else if (role == v1::ROLE_STAGE) {
    HubRun* run = find_run(run_id);
    if (run == nullptr || run->stage != address) return;
    run->stage.clear();
    run->stage_absent = now;
    if (run->is_over()) return;
    apply(now, StageLost{run_id});
    // Of a child of ours the exit is reported; of another's, that its link is gone is all that we shall hear.
    if (run->ending && (graceful || run->description.stage_at_client())) finish_run(now, *run);
  } else if (role == v1::ROLE_CLIENT) {
    for (auto& [id, run] : runs_) {
      const bool is_its_own = run.client == session && run.owner.key == who.key;
      if (is_its_own && !run.is_over()) run.client_absent = graceful ? now - config_.silence_max : now;
    }
  }
}

void Hub::send(Instant now, Peer& peer, v1::Envelope message, std::vector<Bytes> payloads) {
  peer.last_sent = now;
  sender_.send(peer.address, wire::Message{std::move(message), std::move(payloads)});
}

void Hub::refuse(const wire::PeerAddress& to, v1::RefusalReason reason, std::string text) {
  wire::Message message;
  message.envelope = envelope();
  message.envelope.mutable_refused()->set_reason(reason);
  message.envelope.mutable_refused()->set_text(wire::wire_text(std::move(text)));
  sender_.send(to, std::move(message));
}

v1::Envelope Hub::envelope() const {
  v1::Envelope envelope;
  envelope.set_epoch(config_.scheduler.epoch);
  return envelope;
}

// ----------------------------------------------------------------------------------------------------------------------
// scheduler

void Hub::apply(Instant now, Event event) {
  events_.push_back(std::move(event));
  if (applying_) return;
  applying_ = true;
  std::vector<Action> actions;
  while (!events_.empty()) {
    const Event next = std::move(events_.front());
    events_.pop_front();
    actions.clear();
    scheduler_.step(now, next, actions);
    for (const Action& action : actions) carry_out(now, action);
  }
  applying_ = false;
}

void Hub::carry_out(Instant now, const Action& action) {
  std::visit(Overload{
                 [&](const Assign& a) { assign(now, a); },
                 [&](const Revoke& a) { revoke(now, a); },
                 [&](const Commit& a) {
                   commit(a);
                   // At once: there is no journal, so nothing is more durable later. The scheduler takes the two for two steps.
                   apply(now, CommitDone{a.job, a.attempt});
                 },
                 [&](const CommitFault& a) {
                   commit_fault(now, a);
                   apply(now, CommitDone{a.job, a.attempt});
                 },
                 [&](const AckResult& a) { ack(now, a.worker, a.job, a.attempt); },
                 [&](const DropResult& a) {
                   arrived_.erase({a.worker, {a.job, a.attempt}});
                 },
                 [&](const Deliver& a) { deliver(now, a.job); },
                 [&](const ReleasePayload& a) {
                   if (HubRun* run = find_run(a.job.run)) run->jobs.erase(a.job.key);
                 },
                 [&](const ReleaseResult& a) {
                   if (HubRun* run = find_run(a.job.run)) {
                     run->results.erase(a.job.key);
                     run->holders.erase(a.job.key);
                   }
                 },
                 [&](const AskFeed& a) {
                   HubRun* run = find_run(a.run);
                   if (run == nullptr) return;
                   run->credit.set_bytes_until(a.bytes_until);
                   run->credit.set_jobs_until(a.jobs_until);
                   send_credit(now, *run);
                 },
                 [&](const ExpireWorker& a) {
                   log_warn("worker_silent", {{"worker", a.worker.value}, {"silent_ms", milliseconds(a.silent)}});
                 },
                 [&](const RunBound& a) {
                   HubRun* run = find_run(a.run);
                   if (run == nullptr) return;
                   run->state = v1::RUN_FINISHING;
                   if (Peer* stage = stage_of(*run)) {
                     v1::Envelope message = envelope();
                     message.mutable_all_bound()->set_run(a.run.value);
                     send(now, *stage, std::move(message));
                   }
                 },
                 [&](const RunFailed& a) {
                   HubRun* run = find_run(a.job.run);
                   if (run == nullptr) return;
                   // The last fault that was reported need not be the one that ends the run.
                   Error error{ErrorCode::kFailed, a.reason, {}, {}};
                   if (run->last_job_fault && run->last_job_fault->what == a.reason) error = *run->last_job_fault;
                   if (a.tries > 1) error.what += " (" + std::to_string(a.tries) + " tries)";
                   if (error.where.empty()) {
                     const std::string label = run->jobs.label(a.job.key);
                     error.where = label.empty() ? "job " + to_string(a.job.key) : label;
                   }
                   end_run(now, *run, v1::RUN_FAILED, std::move(error));
                 },
                 [&](const Alarm& a) {
                   log_error("results_differ", {{"run", a.job.run.value},
                                                {"job", to_string(a.job.key)},
                                                {"committed", a.committed.hex()},
                                                {"other", a.other.hex()}});
                 },
             },
             action);
}

void Hub::check_invariants() const {
  scheduler_.check_invariants();
  SHEAF_CHECK(arrived_.empty() && events_.empty());
  for (const auto& [id, run] : runs_) {
    if (run.is_over()) SHEAF_CHECK(run.jobs.empty() && run.results.empty());
    if (run.ending) continue;  // All of it goes at the end.
    for (const JobKey key : run.jobs.keys()) SHEAF_CHECK(scheduler_.is_open({id, key}));
    for (const auto& [key, result] : run.results) SHEAF_CHECK(run.stage.empty() || scheduler_.is_committed({id, key}));
  }
  for (const auto& [address, peer] : peers_.all()) {
    for (const RunId id : peer.runs_set_up) SHEAF_CHECK(!runs_.at(id).is_over());
  }
}

}  // namespace sheaf::master
