// Workers, their answers, and large payloads on their way.

#include <utility>

#include "common/base/check.h"
#include "common/runtime/log.h"
#include "master/io/hub.h"

namespace sheaf::master {

void Hub::assign(Instant now, const Assign& action) {
  Peer* worker = peers_.find(action.worker);
  HubRun* run = find_run(action.job.run);
  if (worker == nullptr || run == nullptr) return;  // Its link has just broken; the scheduler will hear of it.
  if (run->ending) return;                          // By an action of the same step: the scheduler is about to be told.
  const std::optional<StoredPayload> payload = run->jobs.find(action.job.key);
  SHEAF_CHECK(payload.has_value());  // Nothing is assigned that is not fed, or that was released.
  const bool inlined = payload->size() <= kInlinePayloadBytesMax;

  v1::Envelope message = envelope();
  v1::Assignment& assignment = *message.mutable_assign()->add_jobs();
  *assignment.mutable_job() = wire::to_wire(action.job);
  *assignment.mutable_attempt() = wire::to_wire(action.attempt);
  assignment.set_kind(run->description.kind());
  const v1::RunDescription& description = run->description;
  assignment.set_is_leased(!description.deterministic() && !description.second_attempt());
  if (worker->runs_set_up.insert(action.job.run).second) assignment.set_setup(run->planned.setup());
  *assignment.mutable_payload() = wire::payload_ref(payload->size(), payload->digest(), inlined);
  const wire::Principal& who = worker->principal;
  if (who.role != wire::KeyRole::kEverything) run->holders[action.job.key].emplace(action.attempt, who.key);
  if (!inlined) {
    const TransferKey key{action.job, action.attempt};
    worker->outgoing.insert_or_assign(key, Peer::Outgoing{wire::Upload(action.job, action.attempt, payload->size()), *payload});
    send(now, *worker, std::move(message));
    return;
  }
  auto bytes = payload->read_all();
  if (!bytes) {
    end_run(now, *run, v1::RUN_FAILED, bytes.error());
    return;
  }
  send(now, *worker, std::move(message), {std::move(*bytes)});
}

void Hub::revoke(Instant now, const Revoke& action) {
  Peer* worker = peers_.find(action.worker);
  if (worker == nullptr) return;
  worker->outgoing.erase({action.job, action.attempt});
  worker->incoming.erase({action.job, action.attempt});
  v1::Envelope message = envelope();
  *message.mutable_revoke()->add_attempts() = wire::to_wire(action.job, action.attempt);
  send(now, *worker, std::move(message));
}

void Hub::ack(Instant now, WorkerId worker, JobId job, Attempt attempt) {
  Peer* peer = peers_.find(worker);
  if (peer == nullptr) return;
  v1::Envelope message = envelope();
  *message.mutable_result_ack()->add_attempts() = wire::to_wire(job, attempt);
  send(now, *peer, std::move(message));
}

void Hub::commit(const Commit& action) {
  const auto arrived = arrived_.find({action.worker, {action.job, action.attempt}});
  SHEAF_CHECK(arrived != arrived_.end());  // The scheduler commits only what a JobDone has just reported.
  HubRun* run = find_run(action.job.run);
  SHEAF_CHECK(run != nullptr);
  run->results.insert_or_assign(action.job.key,
                                HubRun::Committed{std::move(arrived->second.payload), run->revision_of(action.job.key),
                                                  std::move(arrived->second.measures)});
  arrived_.erase(arrived);
}

void Hub::commit_fault(Instant now, const CommitFault& action) {
  HubRun* run = find_run(action.job.run);
  SHEAF_CHECK(run != nullptr);
  Error error{ErrorCode::kFailed, action.reason, {}, {}};
  if (run->last_job_fault && run->last_job_fault->what == action.reason) error = *run->last_job_fault;
  log_warn("job_given_up", {{"run", action.job.run.value}, {"job", to_string(action.job.key)}, {"reason", error.message()}});
  const std::string bytes = wire::to_wire(error).SerializeAsString();
  const Digest digest = digest_of(std::as_bytes(std::span(bytes)));
  auto stored = spool_.store(Bytes::copy_of(bytes), digest);
  if (!stored) return end_run(now, *run, v1::RUN_FAILED, stored.error());
  run->results.insert_or_assign(action.job.key,
                                HubRun::Committed{std::move(*stored), run->revision_of(action.job.key), {}, true});
}

void Hub::on_results(Instant now, Peer& worker, wire::Message& message) {
  std::size_t frame = 0;
  for (const v1::JobResult& result : message.envelope.results().results()) {
    const bool has_bytes = result.has_payload() && result.payload().inlined();
    on_result(now, worker, result, has_bytes ? std::move(message.payloads.at(frame++)) : Bytes());
  }
}

void Hub::on_result(Instant now, Peer& worker, const v1::JobResult& result, Bytes bytes) {
  const JobId job = wire::from_wire(result.job());
  const Attempt attempt = wire::from_wire(result.attempt());
  if (!may_answer(worker.principal, job, attempt)) return refuse_answer(now, worker, job, attempt);
  worker.incoming.erase({job, attempt});  // It begins anew, or takes back what it has announced.
  if (result.outcome() == v1::OUTCOME_DONE) {
    const Digest announced = wire::digest_from(result.payload());
    if (!scheduler_.wants(worker.worker, job, attempt)) {
      // Late, or never asked for: what it says of itself is all that is looked at.
      apply(now, JobDone{worker.worker, job, attempt, announced, result.payload().bytes()});
      return;
    }
    if (!result.payload().inlined()) {
      start_download(now, worker, {job, attempt}, result.payload(), {}, result.measures());
      return;
    }
    if (!wire::is_intact(bytes, result.payload())) {
      damages_.add(now, "result_damaged", {{"worker", worker.worker.value}, {"job", to_string(job.key)}});
      apply(now, JobFailed{worker.worker, job, attempt, FailureKind::kRefused, true, "its result was damaged on the way"});
      return;
    }
    auto stored = spool_.store(std::move(bytes), announced);
    if (stored) {
      on_result_whole(now, worker.worker, {job, attempt}, {std::move(*stored), result.measures()});
    } else {
      on_result_not_kept(now, worker.worker, {job, attempt}, stored.error());
    }
    return;
  }
  JobFailed failed{worker.worker, job, attempt, FailureKind::kRefused, !result.final(), "handed back by the worker"};
  // Handed back perhaps because the worker no longer has the run's setup: it comes again with the next job.
  if (result.outcome() == v1::OUTCOME_UNSTARTED) {
    failed.kind = FailureKind::kUnstarted;
  } else if (result.outcome() == v1::OUTCOME_LEASE_ENDED) {
    failed.kind = FailureKind::kLeaseEnded;
  } else if (result.outcome() == v1::OUTCOME_RETURNED) {
    worker.runs_set_up.erase(job.run);
    if (result.has_fault()) failed.reason += ": " + wire::from_wire(result.fault()).message();
  } else {
    const Error error = wire::from_wire(result.fault());
    failed.kind = result.outcome() == v1::OUTCOME_FAILED ? FailureKind::kJob : FailureKind::kExecutorLost;
    failed.reason = error.what;
    log_warn(
        "job_failed",
        {{"run", job.run.value}, {"job", to_string(job.key)}, {"worker", worker.worker.value}, {"reason", error.message()}});
    if (HubRun* run = find_run(job.run)) run->last_job_fault = error;
  }
  apply(now, std::move(failed));
}

void Hub::on_result_not_kept(Instant now, WorkerId worker, TransferKey key, const Error& error) {
  if (HubRun* run = find_run(key.first.run)) end_run(now, *run, v1::RUN_FAILED, error);
  // For the acknowledgement: the worker must not keep for ever what nobody takes.
  apply(now, JobFailed{worker, key.first, key.second, FailureKind::kRefused, true, error.what});
}

void Hub::on_result_whole(Instant now, WorkerId worker, TransferKey key, ArrivedResult result) {
  SHEAF_CHECK(!applying_);  // Else the scheduler would be asked after the result is gone from here again.
  const Digest digest = result.payload.digest();
  const std::uint64_t bytes = result.payload.size();
  arrived_.insert_or_assign({worker, key}, std::move(result));
  apply(now, JobDone{worker, key.first, key.second, digest, bytes});
  // Normally gone by now; a scheduler that wants neither Commit nor DropResult (an unknown worker, say) must not keep it here.
  arrived_.erase({worker, key});
}

void Hub::start_download(Instant now, Peer& peer, TransferKey key, const v1::PayloadRef& announced, v1::JobHeader job,
                         std::string measures) {
  auto room = spool_.reserve(announced.bytes(), wire::digest_from(announced));
  if (!room) {
    if (peer.role == v1::ROLE_WORKER) {
      on_result_not_kept(now, peer.worker, key, room.error());
    } else if (HubRun* run = find_run(key.first.run)) {
      end_run(now, *run, v1::RUN_FAILED, room.error());
    }
    return;
  }
  Peer::Incoming incoming{wire::Download(key.first, key.second, announced), std::move(*room), std::move(job),
                          std::move(measures)};
  const auto entry = peer.incoming.insert_or_assign(key, std::move(incoming)).first;
  v1::Envelope message = envelope();
  if (const auto credit = entry->second.progress.grant()) {
    *message.mutable_part_credit() = *credit;
    send(now, peer, std::move(message));
  }
}

void Hub::on_part(Instant now, Peer& peer, const v1::Part& part, std::string_view bytes) {
  const TransferKey key{wire::from_wire(part.transfer().job()), wire::from_wire(part.transfer().attempt())};
  const auto entry = peer.incoming.find(key);
  if (entry == peer.incoming.end()) return;  // Revoked, or of a run that is over.
  Peer::Incoming& incoming = entry->second;
  if (peer.role == v1::ROLE_WORKER && !scheduler_.wants(peer.worker, key.first, key.second)) {
    // Another attempt was quicker.
    const JobDone late{peer.worker, key.first, key.second, incoming.payload.digest(), incoming.payload.size()};
    peer.incoming.erase(entry);
    apply(now, late);
    return;
  }
  const std::uint64_t offset = incoming.progress.received();
  const wire::Download::Taken taken = incoming.progress.take(part, bytes);
  if (taken == wire::Download::Taken::kRefused) {
    damages_.add(now, "payload_damaged", {{"peer", peer.name}, {"job", to_string(key.first.key)}});
    peer.incoming.erase(entry);
    HubRun* run = find_run(key.first.run);
    if (peer.role == v1::ROLE_WORKER) {
      apply(now,
            JobFailed{peer.worker, key.first, key.second, FailureKind::kRefused, true, "its result was damaged on the way"});
    } else if (run != nullptr) {
      on_damaged_job(now, *run);
    }
    return;
  }
  if (Status status = incoming.payload.write(offset, bytes); !status) {
    peer.incoming.erase(entry);
    if (peer.role == v1::ROLE_WORKER) {
      on_result_not_kept(now, peer.worker, key, status.error());
    } else if (HubRun* run = find_run(key.first.run)) {
      end_run(now, *run, v1::RUN_FAILED, status.error());
    }
    return;
  }
  if (taken == wire::Download::Taken::kMore) {
    if (const auto credit = incoming.progress.grant()) {
      v1::Envelope message = envelope();
      *message.mutable_part_credit() = *credit;
      send(now, peer, std::move(message));
    }
    return;
  }
  Peer::Incoming whole = std::move(incoming);
  peer.incoming.erase(entry);
  if (peer.role == v1::ROLE_WORKER) {
    on_result_whole(now, peer.worker, key, {std::move(whole.payload), std::move(whole.measures)});
  } else if (HubRun* run = find_run(key.first.run); run != nullptr && !run->ending && !run->is_over()) {
    take_job(now, *run, whole.job, static_cast<std::uint32_t>(key.second.n), std::move(whole.payload));
    send_credit(now, *run);
  }
}

void Hub::on_part_credit(Instant now, Peer& peer, const v1::PartCredit& credit) {
  const TransferKey key{wire::from_wire(credit.transfer().job()), wire::from_wire(credit.transfer().attempt())};
  const auto entry = peer.outgoing.find(key);
  if (entry == peer.outgoing.end()) return;
  Peer::Outgoing& outgoing = entry->second;
  outgoing.progress.grant(credit.until());
  while (const auto range = outgoing.progress.next()) {
    auto bytes = outgoing.payload.read(range->offset, range->size);
    if (!bytes) {
      if (HubRun* run = find_run(key.first.run)) end_run(now, *run, v1::RUN_FAILED, bytes.error());
      return;
    }
    v1::Envelope message = envelope();
    *message.mutable_part() = outgoing.progress.take(*range);
    send(now, peer, std::move(message), {std::move(*bytes)});
  }
  if (outgoing.progress.is_done()) peer.outgoing.erase(entry);
}

}  // namespace sheaf::master
