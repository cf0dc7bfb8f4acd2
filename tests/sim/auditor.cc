#include "tests/sim/auditor.h"

#include <algorithm>
#include <utility>

namespace sheaf::sim {

const Auditor::Expected& Auditor::expected(Run& run, std::uint64_t seq, std::uint32_t revision) {
  const auto [entry, is_new] = run.expected.try_emplace({seq, revision});
  if (is_new) {
    const Workload& workload = *run.audited.workload;
    const std::string payload = workload.payload(seq, revision);
    const std::string result = result_of(workload.setup(), payload);
    entry->second = {digest_of_text(payload), digest_of_text(result), payload.size(), result.size()};
  }
  return entry->second;
}

// --------------------------------------------------------------------------------------------------------------------------
// sent

void Auditor::on_gone(const wire::PeerAddress& address) {
  if (const auto link = links_.find(address); link != links_.end()) link->second.is_gone = true;
}

void Auditor::on_sent(const master::Hub& hub, const wire::PeerAddress& to, const wire::Message& message) {
  const v1::Envelope& envelope = message.envelope;
  for (const v1::Delivery& delivery : envelope.deliver().results()) on_delivery(hub, delivery);
  if (envelope.has_deliver()) return;
  // Whatever a stage was sent over an earlier link is delivered again.
  if (envelope.has_welcome() && stages_.contains(to)) runs_[stages_.at(to)].with_stage.clear();
  const auto link = links_.find(to);
  if (link == links_.end()) {
    verdict_.require(!envelope.has_assign() && !envelope.has_revoke() && !envelope.has_result_ack(),
                     "work for who is no worker");
    return;
  }
  if (link->second.is_gone) return;
  if (envelope.has_welcome()) {
    on_welcome(link->second);
  } else if (envelope.has_assign()) {
    for (const v1::Assignment& assignment : envelope.assign().jobs()) on_assignment(hub, link->second, assignment);
  } else if (envelope.has_revoke()) {
    for (const v1::JobAttempt& revoked : envelope.revoke().attempts()) {
      link->second.held.erase(wire::from_wire(revoked.attempt()));
    }
  } else if (envelope.has_result_ack()) {
    for (const v1::JobAttempt& answered : envelope.result_ack().attempts()) on_ack(hub, link->second, answered);
  }
}

void Auditor::on_ack(const master::Hub& hub, Link& link, const v1::JobAttempt& answered) {
  // What is acknowledged is forgotten by the worker. So the master must have all of it, unless nobody wants it any more: its
  // run is over, its job is done, or is done again with another payload.
  const Attempt attempt = wire::from_wire(answered.attempt());
  const JobId job = wire::from_wire(answered.job());
  const bool is_over = !hub.scheduler().run(job.run) || hub.scheduler().run(job.run)->stopped;
  const bool is_replaced = attempt_revision_[attempt] < runs_[job.run].revision_asked[job.key.seq];
  if (!is_over && !is_replaced && hub.scheduler().is_open(job) && !link.answered.contains(attempt)) {
    verdict_.fail("attempt " + to_string(attempt) + " was acknowledged before its result had come");
  }
  link.held.erase(attempt);
}

void Auditor::on_assignment(const master::Hub& hub, Link& link, const v1::Assignment& assignment) {
  const JobId job = wire::from_wire(assignment.job());
  const Attempt attempt = wire::from_wire(assignment.attempt());
  const std::string name = "attempt " + to_string(attempt) + " at job " + to_string(job.key);
  Run& run = runs_[job.run];
  const std::optional<master::RunView> view = hub.scheduler().run(job.run);
  if (!view || view->stopped) return verdict_.fail(name + " of a run that is over");
  const auto& kinds = link.greeting.kinds();
  const bool is_offered =
      std::any_of(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.name() == assignment.kind(); });
  if (assignment.kind() != run.audited.kind || !is_offered) verdict_.fail(name + " goes to a worker that does other kinds");

  if (!attempt_bytes_.emplace(attempt, assignment.payload().bytes()).second) verdict_.fail(name + " was issued before");
  const Digest digest = wire::digest_from(assignment.payload());
  bool is_known = false;
  for (std::uint32_t revision = 0; revision <= run.audited.workload->good_revision(job.key.seq); ++revision) {
    if (expected(run, job.key.seq, revision).payload != digest) continue;
    is_known = true;
    attempt_revision_[attempt] = revision;
  }
  if (!is_known) verdict_.fail(name + " has the payload of another job");
  run.payload_bytes_max = std::max(run.payload_bytes_max, assignment.payload().bytes());

  // Credit.
  link.held.emplace(attempt, assignment.payload().bytes());
  std::uint64_t bytes = 0;
  for (const auto& [other, size] : link.held) bytes += size;
  // Each quick answer may give it one more.
  if (link.held.size() > link.greeting.slots() + link.greeting.prefetch() + link.answered.size()) {
    verdict_.fail(name + " is beyond the worker's slots");
  }
  if (link.held.size() > 1 && bytes > link.greeting.bytes_max()) verdict_.fail(name + " is beyond the worker's bytes");
  if (run.audited.binds_fingerprint && view->fingerprint != link.greeting.kinds(0).fingerprint()) {
    verdict_.fail(name + " goes to a worker whose results do not fit");
  }
  // Beyond the spool's window only the job that everything waits for may run.
  if (view->spool_bytes >= config_.spool_window_bytes && job.key.seq != view->jobs_bound) {
    verdict_.fail(name + " was begun although the spool is full");
  }
}

void Auditor::on_delivery(const master::Hub& hub, const v1::Delivery& delivery) {
  const JobId job = wire::from_wire(delivery.job());
  Run& run = runs_[job.run];
  const Expected& wanted = expected(run, job.key.seq, delivery.revision());
  if (wire::digest_from(delivery.payload()) != wanted.result || delivery.payload().bytes() != wanted.result_bytes) {
    verdict_.fail("what is delivered for job " + to_string(job.key) + " is not the result of revision " +
                  std::to_string(delivery.revision()));
  }
  // The window, beyond which there is only the one that everything waits for.
  run.with_stage[job.key.seq] = wanted.result_bytes;
  std::uint64_t bytes = 0;
  for (const auto& [seq, size] : run.with_stage) bytes += size;
  const bool is_next = job.key.seq == hub.scheduler().run(job.run)->jobs_bound;
  if (!is_next && run.with_stage.size() > config_.scheduler.deliver_jobs_window)
    verdict_.fail("too many results are delivered");
  if (!is_next && run.with_stage.size() > 1 && bytes > config_.scheduler.deliver_window_bytes) {
    verdict_.fail("too many bytes of results are delivered");
  }
}

// -----------------------------------------------------------------------------------------------------------------------
// arrived

void Auditor::on_welcome(Link& link) {
  link.held.clear();
  for (const v1::JobAttempt& running : link.greeting.running()) {
    const Attempt attempt = wire::from_wire(running.attempt());
    link.held.emplace(attempt, attempt_bytes_[attempt]);
  }
}

void Auditor::on_arrived(const wire::PeerAddress& from, const wire::Message& message) {
  const v1::Envelope& envelope = message.envelope;
  if (envelope.has_hello() && envelope.hello().has_worker()) {
    Link& link = links_[from];
    if (link.is_gone) link = Link{};
    link.greeting = envelope.hello().worker();
    return;
  }
  if (envelope.has_hello() && envelope.hello().has_stage()) stages_[from] = RunId{envelope.hello().stage().run()};
  if (stages_.contains(from)) return on_stage_message(runs_[stages_.at(from)], envelope);
  const auto link = links_.find(from);
  if (link == links_.end()) return;
  heard_fingerprint_ = link->second.greeting.kinds(0).fingerprint();
  if (envelope.has_results()) {
    for (const v1::JobResult& result : envelope.results().results()) on_result(link->second, result);
  } else if (envelope.has_part() && envelope.part().last()) {
    const Attempt attempt = wire::from_wire(envelope.part().transfer().attempt());
    link->second.answered.insert(attempt);
    link->second.held.erase(attempt);
  }
}

void Auditor::on_stage_message(Run& run, const v1::Envelope& envelope) {
  for (const v1::JobRef& job : envelope.accept().jobs()) run.with_stage.erase(job.seq());
  if (!envelope.has_redo()) return;
  const std::uint64_t seq = envelope.redo().job().job().seq();
  run.with_stage.erase(seq);
  run.revision_asked[seq] = std::max(run.revision_asked[seq], envelope.redo().revision());
}

void Auditor::on_result(Link& link, const v1::JobResult& result) {
  const JobId job = wire::from_wire(result.job());
  const Attempt attempt = wire::from_wire(result.attempt());
  if (result.outcome() == v1::OUTCOME_DONE && !result.payload().inlined()) return;  // The last part decides.
  link.answered.insert(attempt);
  link.held.erase(attempt);
  Run& run = runs_[job.run];
  Reports& reports = run.reports[job.key];
  if (result.outcome() == v1::OUTCOME_FAILED) reports.failed += 1;
  if (result.outcome() == v1::OUTCOME_EXECUTOR_LOST) reports.executor_lost += 1;
  run.may_fail = run.may_fail || result.final() || reports.failed >= run.audited.attempts_max ||
                 reports.executor_lost >= config_.scheduler.strikes_max;
}

bool Auditor::may_fail(RunId run) const {
  const auto entry = runs_.find(run);
  return entry != runs_.end() && entry->second.may_fail;
}

// -----------------------------------------------------------------------------------------------------------------------
// windows

void Auditor::check_windows(const master::Hub& hub) {
  hub.check_invariants();
  for (auto& [id, run] : runs_) {
    const std::optional<master::RunView> view = hub.scheduler().run(id);
    if (!view) continue;
    // The last job that is fed may exceed the window, and so may one that is asked for again.
    for (; run.jobs_measured < view->jobs_fed; ++run.jobs_measured) {
      for (std::uint32_t revision = 0; revision <= run.audited.workload->good_revision(run.jobs_measured); ++revision) {
        run.payload_bytes_max = std::max(run.payload_bytes_max, expected(run, run.jobs_measured, revision).payload_bytes);
      }
    }
    if (view->memory_bytes > config_.memory_window_bytes + 2 * run.payload_bytes_max) {
      verdict_.fail("run " + std::to_string(id.value) + " holds " + std::to_string(view->memory_bytes) + " bytes of jobs");
    }
    if (view->jobs_committed > run.audited.workload->jobs || view->units_done > run.audited.workload->units_total()) {
      verdict_.fail("run " + std::to_string(id.value) + " has committed more than it has");
    }
    if (run.audited.binds_fingerprint) check_fingerprint(run, *view);
  }
}

void Auditor::check_fingerprint(Run& run, const master::RunView& view) {
  // The simulated disk is done at once: what is committed now came with the message that was just worked on.
  if (view.jobs_committed > run.committed) {
    if (run.committed == 0) run.committed_by = heard_fingerprint_;
    if (heard_fingerprint_ != run.committed_by) verdict_.fail("results of different builds are bound together");
  }
  run.committed = view.jobs_committed;
  if (run.committed > 0 && view.fingerprint != run.committed_by) verdict_.fail("a run with results goes to another build");
}

}  // namespace sheaf::sim
