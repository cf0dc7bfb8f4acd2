// Runs, their clients and their stages.

#include <utility>

#include "common/base/check.h"
#include "common/runtime/log.h"
#include "master/io/hub.h"

namespace sheaf::master {

namespace {

/// 16 bytes that nobody can guess.
std::string make_token(const std::function<std::uint64_t()>& random) {
  std::string token;
  for (int half = 0; half < 2; ++half) {
    const std::uint64_t bits = random();
    for (int shift = 0; shift < 64; shift += 8) token += static_cast<char>((bits >> shift) & 0xFF);
  }
  return token;
}

/// Of the notes that are passed on: with the longest report and fault they still fit into one header.
constexpr std::size_t kUpdateNotesBytesMax = 16 * 1024;

/// The run that a stage's message is about; 0 when that does not stand in it.
std::uint64_t run_named_in(const v1::Envelope& envelope) {
  switch (envelope.body_case()) {
    case v1::Envelope::kRunPlanned: return envelope.run_planned().run();
    case v1::Envelope::kFeed: return envelope.feed().run();
    case v1::Envelope::kFeedEnd: return envelope.feed_end().run();
    case v1::Envelope::kAccept: return envelope.accept().run();
    case v1::Envelope::kRedo: return envelope.redo().job().job().run();
    case v1::Envelope::kSplit: return envelope.split().job().run();
    case v1::Envelope::kPublish: return envelope.publish().run();
    case v1::Envelope::kPublished: return envelope.published().run();
    case v1::Envelope::kStageFailed: return envelope.stage_failed().run();
    default: return 0;
  }
}

Error absent_error(const std::string& who) {
  return Error{ErrorCode::kCluster, who + " was lost", {}, "run the command again"};
}

}  // namespace

HubRun* Hub::find_run(RunId id) {
  const auto entry = runs_.find(id);
  return entry == runs_.end() ? nullptr : &entry->second;
}

Peer* Hub::stage_of(HubRun& run) {
  return run.stage.empty() ? nullptr : peers_.find(run.stage);
}

std::size_t Hub::active_runs() const {
  return runs_.size() - ended_.size();
}

/// Of another key it could only be a guess.
Peer* Hub::client_of(HubRun& run) {
  Peer* client = peers_.find(run.client);
  const bool is_its_own = client != nullptr && client->role == v1::ROLE_CLIENT && client->principal.key == run.owner.key;
  return is_its_own ? client : nullptr;
}

// -------------------------------------------------------------------------------------------------------------------------
// client

void Hub::on_submit(Instant now, Peer& client, const v1::Submit& submit) {
  // Said again after a broken link: the run is there already.
  HubRun* run = nullptr;
  for (auto& [id, known] : runs_) {
    if (client_of(known) == &client && known.tag == submit.tag()) run = &known;
  }
  if (run == nullptr) {
    if (active_runs() >= config_.runs_max) {
      refuse(client.address, v1::REFUSAL_BUSY, "this master has " + std::to_string(config_.runs_max) + " runs already");
      return;
    }
    if (client.principal.role != wire::KeyRole::kEverything && !submit.run().stage_at_client()) {
      return refuse_message(now, wire::PeerAddress(client.address), client.principal, v1::REFUSAL_FORBIDDEN,
                            "a master with keys opens no files: the client cuts and binds (--stage client)");
    }
    HubRun made;
    made.id = RunId{next_run_++};
    made.description = submit.run();
    made.client = client.session;
    made.owner = client.principal;
    made.tag = submit.tag();
    made.token = make_token(random_);
    made.credit.set_run(made.id.value);
    made.view.stage_attached = false;
    run = &runs_.emplace(made.id, std::move(made)).first->second;
    log_info("run_submitted", {{"run", run->id.value}, {"kind", run->description.kind()}, {"label", run->description.label()}});
    audit(AuditEvent::What::kSubmitted, client.principal, client.name,
          "run " + std::to_string(run->id.value) + ": " + run->description.kind() + " " + run->description.label());
  }
  const RunId id = run->id;
  v1::Envelope message = envelope();
  v1::Submitted& submitted = *message.mutable_submitted();
  submitted.set_tag(submit.tag());
  submitted.set_run(id.value);
  if (run->description.stage_at_client()) submitted.set_stage_token(run->token);
  send(now, client, std::move(message));
  if (run->is_over() || run->ending || run->view.stage_attached) {
    update_client(now, *run, true);
    return;
  }

  const v1::RunDescription& description = run->description;
  RunOpened opened;
  opened.run = id;
  opened.kind = description.kind();
  opened.priority = description.priority();
  opened.traits = {.deterministic = description.deterministic(),
                   .second_attempt = description.second_attempt(),
                   .divisible = description.divisible(),
                   .binds_faults = description.binds_faults(),
                   .no_rerun = description.no_rerun(),
                   .any_order = description.any_order()};
  opened.memory_window_bytes = config_.memory_window_bytes;
  opened.spool_window_bytes = config_.spool_window_bytes;
  opened.attempts_max = description.attempts_max();
  opened.jobs_at_once = description.jobs_at_once();
  opened.bind_fingerprint = description.bind_fingerprint();
  apply(now, std::move(opened));
  run->view.stage_attached = true;  // From here on a repeated Submit only asks how it stands.
  run->stage_absent = now;
  if (!run->description.stage_at_client()) {
    if (Status started = stages_.start(id, description.stage_program(), run->token, run->incarnation); !started) {
      end_run(now, *run, v1::RUN_FAILED, started.error());
      finish_run(now, *run);  // There is no stage that could give an output up.
      return;
    }
  }
  update_client(now, *run, true);
}

void Hub::on_cancel(Instant now, Peer& client, const v1::CancelRun& cancel) {
  HubRun* run = find_run(RunId{cancel.run()});
  if (run == nullptr || client_of(*run) != &client) {
    refuse(client.address, v1::REFUSAL_UNKNOWN_RUN, "no run " + std::to_string(cancel.run()) + " of this client");
    return;
  }
  audit(AuditEvent::What::kCancelled, client.principal, client.name, "run " + std::to_string(cancel.run()));
  end_run(now, *run, v1::RUN_CANCELLED, Error{ErrorCode::kStopped, cancel.reason(), {}, {}});
}

void Hub::update_client(Instant now, HubRun& run, bool force) {
  Peer* client = client_of(run);
  if (client == nullptr) return;
  const RunView view = scheduler_.run(run.id).value_or(run.view);
  v1::Envelope message = envelope();
  v1::RunUpdate& update = *message.mutable_run_update();
  update.set_run(run.id.value);
  update.set_state(run.state);
  if (view.units_total) update.set_units_total(*view.units_total);
  update.set_units_done(view.units_done);
  update.set_units_bound(view.units_bound);
  if (view.jobs_total) update.set_jobs_total(*view.jobs_total);
  update.set_jobs_done(view.jobs_committed);
  update.set_attempts_total(view.attempts_total);
  update.set_attempts_lost(view.attempts_lost);
  update.set_attempts_repeated(view.attempts_repeated);
  update.set_workers(static_cast<std::uint32_t>(view.workers));
  update.set_slots(static_cast<std::uint32_t>(view.slots));
  update.set_unfit_workers(static_cast<std::uint32_t>(view.unfit_workers));
  update.set_other_workers(static_cast<std::uint32_t>(view.other_workers));
  update.set_running(static_cast<std::uint32_t>(view.jobs_running));
  std::size_t notes_bytes = 0;
  for (const std::string& note : run.planned.notes()) {
    notes_bytes += note.size();
    if (notes_bytes <= kUpdateNotesBytesMax) update.add_notes(note);
  }
  if (run.fault && run.state == v1::RUN_FAILED) *update.mutable_fault() = wire::to_wire(*run.fault);
  if (run.publish && run.state == v1::RUN_DONE) {
    update.set_output_bytes(run.publish->output_bytes());
    update.set_report(run.publish->report());
  }
  std::string bytes = update.SerializeAsString();
  if (!force && bytes == run.last_update) return;
  run.last_update = std::move(bytes);
  send(now, *client, std::move(message));
}

// --------------------------------------------------------------------------------------------------------------------------
// stage

void Hub::on_stage_message(Instant now, Peer& stage, wire::Message& message) {
  const v1::Envelope& envelope = message.envelope;
  if (run_named_in(envelope) != stage.run.value) {
    refused_messages_ += 1;
    refuse(stage.address, v1::REFUSAL_FORBIDDEN, "a message about another run than this stage's");
    return;
  }
  HubRun* run = find_run(stage.run);
  if (run == nullptr || run->is_over()) return;  // It has been told already.
  // Likewise, but what has its final name has it, whatever was decided while the stage gave it.
  if (run->ending && !envelope.has_published()) return;
  switch (envelope.body_case()) {
    case v1::Envelope::kRunPlanned:
      run->planned = envelope.run_planned();
      if (run->state == v1::RUN_PLANNING) run->state = v1::RUN_WORKING;
      apply(now, RunPlanned{run->id, run->planned.has_jobs() ? std::optional(run->planned.jobs()) : std::nullopt,
                            run->planned.has_units() ? std::optional(run->planned.units()) : std::nullopt});
      update_client(now, *run, true);
      break;
    case v1::Envelope::kFeed: on_feed(now, stage, *run, message); break;
    case v1::Envelope::kFeedEnd: apply(now, FeedEnded{run->id, envelope.feed_end().jobs()}); break;
    case v1::Envelope::kAccept: on_accept(now, stage, *run, envelope.accept()); break;
    case v1::Envelope::kRedo: on_redo(now, stage, *run, message); break;
    case v1::Envelope::kSplit:
      apply(now, SplitAsked{JobId{run->id, wire::from_wire(envelope.split().job()).key}, envelope.split().parts(), {}});
      break;
    case v1::Envelope::kPublish: on_publish(now, stage, *run, envelope.publish()); break;
    case v1::Envelope::kPublished: {
      if (!run->publish) break;
      run->end_state = v1::RUN_DONE;
      run->fault.reset();
      run->ending = now;
      v1::Envelope goodbye = this->envelope();
      goodbye.mutable_goodbye()->set_reason("done");
      send(now, stage, std::move(goodbye));
      finish_run(now, *run);
      break;
    }
    case v1::Envelope::kStageFailed:
      end_run(now, *run, v1::RUN_FAILED, wire::from_wire(envelope.stage_failed().fault()));
      break;
    default: break;
  }
}

void Hub::on_feed(Instant now, Peer& stage, HubRun& run, wire::Message& message) {
  stage.incoming.clear();  // It sends one payload at a time: what it has not finished is void.
  std::size_t frame = 0;
  for (const v1::JobHeader& header : message.envelope.feed().jobs()) {
    const JobId job = wire::from_wire(header.job());
    const v1::PayloadRef& payload = header.payload();
    Bytes bytes = payload.inlined() ? std::move(message.payloads.at(frame++)) : Bytes();
    if (scheduler_.judge_feed(job) != FeedVerdict::kNext) {
      // Fed again by a stage whose link broke, or what no stage of ours does. Nothing is kept of either.
      apply(now, JobFed{job.run, job.key, payload.bytes(), header.units()});
    } else if (!payload.inlined()) {
      start_download(now, stage, {job, Attempt{0, 0}}, payload, header, {});
    } else if (!wire::is_intact(bytes, payload)) {
      on_damaged_job(now, run);
    } else if (auto stored = spool_.store(std::move(bytes), wire::digest_from(payload), memory_bytes_max(run))) {
      take_job(now, run, header, 0, std::move(*stored));
    } else {
      end_run(now, run, v1::RUN_FAILED, stored.error());
    }
    if (run.ending || run.is_over()) return;
  }
  send_credit(now, run);
}

void Hub::on_accept(Instant now, Peer& stage, HubRun& run, const v1::Accept& accept) {
  for (const v1::JobRef& accepted : accept.jobs()) {
    const JobId job = wire::from_wire(accepted);
    run.revisions.erase(job.key);
    // Bound from an earlier delivery: nobody will ask for the rest of this one.
    std::erase_if(stage.outgoing, [&](const auto& entry) { return entry.first.first == job; });
    apply(now, ResultAccepted{job});
  }
}

std::uint64_t Hub::memory_bytes_max(const HubRun& run) const {
  // As long as it is small enough to be sent inlined: the memory window bounds what that adds up to. Beside the credit, nothing
  // does.
  return scheduler_.is_memory_full(run.id) ? 0 : kInlinePayloadBytesMax;
}

void Hub::on_damaged_job(Instant now, HubRun& run) {
  end_run(now, run, v1::RUN_FAILED,
          Error{ErrorCode::kCluster, "a job was damaged on its way to the master", {}, "run the command again"});
}

bool Hub::can_be_redone(const HubRun& run, JobKey key, std::uint32_t revision) const {
  return scheduler_.is_committed({run.id, key}) && revision > run.results.at(key).revision;
}

void Hub::on_redo(Instant now, Peer& stage, HubRun& run, wire::Message& message) {
  const v1::Redo& redo = message.envelope.redo();
  const JobId job{run.id, wire::from_wire(redo.job().job()).key};
  if (!can_be_redone(run, job.key, redo.revision())) return;
  log_warn("job_redone",
           {{"run", run.id.value}, {"job", to_string(job.key)}, {"revision", redo.revision()}, {"reason", redo.reason()}});
  stage.incoming.clear();  // As with a Feed.
  const v1::PayloadRef& payload = redo.job().payload();
  if (!payload.inlined()) {
    start_download(now, stage, {job, Attempt{0, redo.revision()}}, payload, redo.job(), {});
    return;
  }
  if (!wire::is_intact(message.payloads.front(), payload)) return on_damaged_job(now, run);
  auto stored = spool_.store(std::move(message.payloads.front()), wire::digest_from(payload), memory_bytes_max(run));
  if (!stored) {
    end_run(now, run, v1::RUN_FAILED, stored.error());
    return;
  }
  take_job(now, run, redo.job(), redo.revision(), std::move(*stored));
}

void Hub::take_job(Instant now, HubRun& run, const v1::JobHeader& header, std::uint32_t revision, StoredPayload payload) {
  const JobKey key = wire::from_wire(header.job()).key;
  const std::uint64_t bytes = payload.size();
  if (revision == 0) {
    run.jobs.put(key, std::move(payload), header.label());
    if (key.sub == 0) run.credit.set_jobs_received(key.seq + 1);
    apply(now, JobFed{run.id, key, bytes, header.units()});
  } else {
    if (!can_be_redone(run, key, revision)) return;  // Asked for twice while the payload came.
    run.revisions[key] = revision;
    run.jobs.put(key, std::move(payload), header.label());
    apply(now, RedoAsked{JobId{run.id, key}, revision, bytes, "asked for by the stage"});
  }
  // Not wanted: a part that no Split asked for, a Redo beyond the limit. Nothing would release it.
  if (!scheduler_.is_open(JobId{run.id, key})) run.jobs.erase(key);
}

void Hub::on_publish(Instant now, Peer& stage, HubRun& run, const v1::Publish& publish) {
  if (run.state != v1::RUN_FINISHING || publish.incarnation() != run.incarnation) {
    refuse(stage.address, v1::REFUSAL_FORBIDDEN, "not everything is bound, or this stage has been replaced");
    return;
  }
  run.publish = publish;
  v1::Envelope message = envelope();
  message.mutable_publish_granted()->set_run(run.id.value);
  message.mutable_publish_granted()->set_incarnation(run.incarnation);
  send(now, stage, std::move(message));
}

void Hub::send_credit(Instant now, HubRun& run) {
  Peer* stage = stage_of(run);
  if (stage == nullptr) return;
  v1::Envelope message = envelope();
  *message.mutable_feed_credit() = run.credit;
  send(now, *stage, std::move(message));
}

void Hub::deliver(Instant now, JobId job) {
  HubRun* run = find_run(job.run);
  Peer* stage = run == nullptr || run->ending ? nullptr : stage_of(*run);
  if (stage == nullptr) return;
  const auto result = run->results.find(job.key);
  SHEAF_CHECK(result != run->results.end());  // Nothing is delivered that was not committed, or that was released.
  const StoredPayload& payload = result->second.payload;
  const bool inlined = payload.size() <= kInlinePayloadBytesMax;
  v1::Envelope message = envelope();
  v1::Delivery& out = *message.mutable_deliver()->add_results();
  *out.mutable_job() = wire::to_wire(job);
  out.set_revision(result->second.revision);
  out.set_measures(result->second.measures);
  out.set_is_fault(result->second.is_fault);
  *out.mutable_payload() = wire::payload_ref(payload.size(), payload.digest(), inlined);
  if (!inlined) {
    const Attempt attempt{0, result->second.revision};
    send(now, *stage, std::move(message));
    stage->outgoing.insert_or_assign({job, attempt}, Peer::Outgoing{wire::Upload(job, attempt, payload.size()), payload});
    return;
  }
  auto bytes = payload.read_all();
  if (!bytes) {
    end_run(now, *run, v1::RUN_FAILED, bytes.error());
    return;
  }
  send(now, *stage, std::move(message), {std::move(*bytes)});
}

// ------------------------------------------------------------------------------------------------------------------ a run's
// end

void Hub::on_stage_exited(Instant now, RunId id, const std::string& how) {
  HubRun* run = find_run(id);
  if (run == nullptr || run->is_over()) return;
  if (run->ending && !run->publish) {
    finish_run(now, *run);
    return;
  }
  // The end of a process is known at once, and what it said last may still be on its way: why it failed, or that all is
  // published.
  run->stage_exited = now;
  run->stage_exit = how;
  look_before(now + config_.stage_last_words_max);
}

void Hub::watch_run(Instant now, HubRun& run) {
  // A stage or a client whose link broke has as long to come back as it may be silent; a stage has to load and connect first.
  if (run.ending) {
    const bool said_all = run.stage_exited && now - *run.stage_exited >= config_.stage_last_words_max;
    if (said_all || now - *run.ending >= config_.stage_goodbye_max) finish_run(now, run);
    return;
  }
  if (run.stage_exited && now - *run.stage_exited >= config_.stage_last_words_max) {
    end_run(now, run, v1::RUN_FAILED,
            Error{ErrorCode::kFailed,
                  "the process that cuts and binds (" + run.description.stage_program() + ") " + run.stage_exit,
                  {},
                  {}});
    return;
  }
  if (run.client_absent && now - *run.client_absent >= config_.silence_max) {
    end_run(now, run, v1::RUN_CANCELLED, absent_error("the command that started it"));
    return;
  }
  if (run.stage_absent && now - *run.stage_absent >= 2 * config_.silence_max) {
    end_run(now, run, v1::RUN_FAILED,
            absent_error("the process that cuts and binds (" + run.description.stage_program() + ")"));
    return;
  }
  watch_fit(run);
  update_client(now, run, false);
}

std::optional<Instant> Hub::next_look_at(const HubRun& run) const {
  if (run.is_over()) return std::nullopt;
  std::optional<Instant> next;
  const auto consider = [&next](const std::optional<Instant>& since, Duration after) {
    if (since) next = std::min(next.value_or(*since + after), *since + after);
  };
  consider(run.stage_exited, config_.stage_last_words_max);
  if (run.ending) {
    consider(run.ending, config_.stage_goodbye_max);
    return next;
  }
  consider(run.client_absent, config_.silence_max);
  consider(run.stage_absent, 2 * config_.silence_max);
  return next;
}

void Hub::watch_fit(HubRun& run) {
  const auto view = scheduler_.run(run.id);
  if (!view) return;
  const bool has_no_fit = view->jobs_waiting > 0 && view->workers == 0 && view->unfit_workers + view->other_workers > 0;
  if (has_no_fit == run.has_no_fit) return;
  run.has_no_fit = has_no_fit;
  if (has_no_fit) {
    const std::string why =
        view->unfit_workers > 0
            ? "no worker has the libraries and ops of those that began it\" fingerprint=\"" + view->fingerprint
            : "no worker does jobs of its kind\" kind=\"" + run.description.kind();
    log_warn("run_waits", {{"run", run.id.value}, {"workers", view->unfit_workers + view->other_workers}, {"reason", why}});
  } else {
    log_info("run_goes_on", {{"run", run.id.value}});
  }
}

void Hub::end_run(Instant now, HubRun& run, v1::RunState state, std::optional<Error> fault) {
  if (run.ending || run.is_over()) return;
  run.ending = now;
  run.end_state = state;
  run.fault = std::move(fault);
  if (const auto view = scheduler_.run(run.id)) run.view = *view;
  apply(now, RunCancelled{run.id, run.fault ? run.fault->what : "ended"});
  Peer* stage = stage_of(run);
  if (run.stage_exited || (stage == nullptr && run.description.stage_at_client())) {
    // Nobody is there to give the output up; or it may be about to connect, and is then told; the client ends it in any case.
    finish_run(now, run);
    return;
  }
  if (stage == nullptr) return;  // Its process is there and will connect, or its exit is reported.
  v1::Envelope message = envelope();
  message.mutable_goodbye()->set_reason(run.fault ? wire::wire_text(run.fault->what) : "the run is over");
  send(now, *stage, std::move(message));
}

void Hub::finish_run(Instant now, HubRun& run) {
  if (run.is_over()) return;
  SHEAF_CHECK(run.ending);
  if (const auto view = scheduler_.run(run.id)) run.view = *view;
  run.state = run.end_state;
  apply(now, RunEnded{run.id});
  if (run.state != v1::RUN_DONE) stages_.stop(run.id);
  run.jobs.clear();
  run.results.clear();
  run.holders.clear();
  peers_.forget(run.id);
  LogFields ended = {{"run", run.id.value}, {"state", v1::RunState_Name(run.state)}};
  if (run.fault) ended.emplace_back("fault", run.fault->message());
  log_info("run_ended", ended);
  update_client(now, run, true);
  ended_.push_back(run.id);
  if (ended_.size() > config_.ended_runs_max) {
    runs_.erase(ended_.front());
    ended_.pop_front();
  }
}

}  // namespace sheaf::master
