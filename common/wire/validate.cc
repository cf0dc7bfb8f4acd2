#include "common/wire/validate.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "common/base/result.h"
#include "common/wire/limits.h"

namespace sheaf::wire {

namespace {

using Fault = std::optional<std::string>;

/// Collects what is wrong with one message; only the first fault is kept, since later ones often follow from it.
class Checker {
 public:
  explicit Checker(std::span<const std::size_t> payload_sizes) : sizes_(payload_sizes) {}

  void require(bool condition, std::string_view otherwise) {
    if (!condition && !fault_) fault_ = std::string(otherwise);
  }
  void text(std::string_view value, std::string_view name) {
    require(value.size() <= kTextBytesMax, std::string(name) + " is longer than " + std::to_string(kTextBytesMax) + " bytes");
  }
  void blob(std::string_view value, std::size_t max, std::string_view name) {
    require(value.size() <= max, std::string(name) + " is longer than " + std::to_string(max) + " bytes");
  }
  void count(int size, std::string_view name) {
    require(size >= 0 && static_cast<std::size_t>(size) <= kRepeatedMax,
            std::string(name) + " has more than " + std::to_string(kRepeatedMax) + " entries");
  }
  void run(std::uint64_t value) { require(value != 0, "a run of number 0"); }
  void job(bool present, const v1::JobRef& value) {
    require(present, "no job is named");
    if (present) run(value.run());
  }
  void attempt(bool present) { require(present, "no attempt is named"); }
  void job_attempt(const v1::JobAttempt& value) {
    job(value.has_job(), value.job());
    attempt(value.has_attempt());
  }
  void fault(const v1::Fault& value) {
    require(value.code() <= static_cast<std::uint32_t>(ErrorCode::kOutputClosed), "an error of an unknown code");
    text(value.what(), "an error's text");
    text(value.where(), "an error's place");
    text(value.advice(), "an error's advice");
  }
  /// An inlined payload is the next frame, which must have the size that is said.
  void payload(bool present, const v1::PayloadRef& value) {
    require(present, "no payload is described");
    if (!present) return;
    require(value.bytes() <= kPayloadBytesMax, "a payload beyond the limit of one payload");
    // Nothing would ever be sent of it, so its receiver would wait for ever.
    require(value.inlined() || value.bytes() > 0, "an empty payload that is not inlined");
    if (!value.inlined()) return;
    require(value.bytes() <= kInlinePayloadBytesMax, "an inlined payload that is too large to be one");
    require(next_ < sizes_.size(), "a payload frame is missing");
    if (next_ < sizes_.size()) require(sizes_[next_] == value.bytes(), "a payload frame has another size than its header says");
    ++next_;
  }
  /// A frame that belongs to the message by its kind.
  std::size_t frame(std::string_view otherwise) {
    require(next_ < sizes_.size(), otherwise);
    return next_ < sizes_.size() ? sizes_[next_++] : 0;
  }

  Fault finish() {
    require(next_ >= sizes_.size(), "more payload frames than the header names");
    return std::move(fault_);
  }

 private:
  static constexpr std::uint64_t kPayloadBytesMax = std::uint64_t{1} << 40;

  std::span<const std::size_t> sizes_;
  std::size_t next_ = 0;
  Fault fault_;
};

/// A name that can mean nothing but a program of ours beside the one that starts it.
bool is_stage_program(std::string_view name) {
  constexpr std::string_view kPrefix = "sheaf-stage-";
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return name.size() > kPrefix.size() && name.size() <= 64 && name.starts_with(kPrefix) &&
         std::all_of(name.begin(), name.end(), is_plain);
}

void check(Checker& c, const v1::Hello& hello) {
  c.text(hello.version(), "a version");
  c.text(hello.host(), "a host name");
  c.require(hello.has_session() && (hello.session().high() != 0 || hello.session().low() != 0), "a hello without a session");
  if (hello.protocol() != kProtocolVersion) return;  // What else it says is of that protocol; it is told which one to speak.
  c.require(hello.role() >= v1::ROLE_WORKER && hello.role() <= v1::ROLE_OBSERVER, "a hello of an unknown role");
  c.require(hello.has_worker() == (hello.role() == v1::ROLE_WORKER), "a hello whose role and content disagree");
  c.require(hello.has_stage() == (hello.role() == v1::ROLE_STAGE), "a hello whose role and content disagree");
  if (hello.has_worker()) {
    const v1::WorkerHello& worker = hello.worker();
    c.require(worker.slots() >= 1 && worker.slots() <= kSlotsMax, "a worker with no slots, or too many");
    c.require(worker.executors() >= 1 && worker.executors() <= kSlotsMax, "a worker with no executors, or too many");
    c.require(worker.prefetch() <= kSlotsMax, "a worker that wants too many jobs ahead");
    c.require(worker.kinds_size() >= 1, "a worker that does nothing");
    c.count(worker.kinds_size(), "a worker's list of kinds");
    std::set<std::string> kinds;
    for (const v1::OfferedKind& kind : worker.kinds()) {
      c.require(!kind.name().empty(), "a kind without a name");
      c.text(kind.name(), "a kind");
      c.text(kind.fingerprint(), "a fingerprint");
      c.require(kinds.insert(kind.name()).second, "a worker that offers a kind twice");
    }
    c.require(static_cast<std::uint32_t>(worker.running_size()) <= 2 * kSlotsMax, "a worker that runs too many attempts");
    for (const v1::JobAttempt& running : worker.running()) c.job_attempt(running);
    c.count(worker.labels_size(), "a worker's list of labels");
    for (const std::string& label : worker.labels()) c.text(label, "a label");
  }
  if (hello.has_stage()) {
    c.run(hello.stage().run());
    c.require(hello.stage().token().size() == 16, "a token that is not 16 bytes long");
  }
}

void check(Checker& c, const v1::RunDescription& run) {
  c.require(!run.kind().empty(), "a run of no kind");
  c.text(run.kind(), "a kind");
  c.blob(run.request(), kSetupBytesMax, "a request");
  c.require(run.priority() >= -100 && run.priority() <= 100, "a priority beyond -100..100");
  c.require(run.attempts_max() >= 1 && run.attempts_max() <= 1000, "a number of attempts beyond 1..1000");
  c.text(run.label(), "a label");
  c.require(is_stage_program(run.stage_program()), "a run whose stage is not named sheaf-stage-...");
}

void check(Checker& c, const v1::Welcome& welcome) {
  c.text(welcome.version(), "a version");
  c.require(welcome.epoch() != 0, "a welcome without an epoch");
  c.require(welcome.heartbeat_interval_ms() >= 1 && welcome.silence_max_ms() > welcome.heartbeat_interval_ms() &&
                welcome.silence_max_ms() <= 86'400'000,
            "a welcome whose limits make no sense");
  const bool is_worker = welcome.peer() != 0;
  c.require(!is_worker || (welcome.lease_ms() >= kRenewalsPerLease && welcome.lease_ms() <= 86'400'000),
            "a welcome whose lease makes no sense");
  if (welcome.has_run()) check(c, welcome.run());
}

void check(Checker& c, const v1::Refused& refused) {
  c.text(refused.text(), "a refusal's text");
}
void check(Checker&, const v1::Heartbeat&) {}
void check(Checker&, const v1::Draining&) {}
void check(Checker& c, const v1::Goodbye& goodbye) {
  c.text(goodbye.reason(), "a reason");
}

void check(Checker& c, const v1::Submit& submit) {
  c.require(submit.has_run(), "a submission of no run");
  check(c, submit.run());
}
void check(Checker& c, const v1::Workers& workers) {
  c.count(workers.workers_size(), "a list of workers");
  for (const v1::WorkerInfo& worker : workers.workers()) {
    c.require(worker.worker() != 0, "a worker of number 0");
    c.text(worker.host(), "a host name");
    c.text(worker.version(), "a version");
    c.text(worker.key(), "the name of a key");
    c.count(worker.kinds_size(), "a worker's list of kinds");
    for (const std::string& kind : worker.kinds()) c.text(kind, "a kind");
  }
}
void check(Checker& c, const v1::Submitted& submitted) {
  c.run(submitted.run());
  c.require(submitted.stage_token().empty() || submitted.stage_token().size() == 16, "a token that is not 16 bytes long");
}
void check(Checker& c, const v1::RunUpdate& update) {
  c.run(update.run());
  c.require(update.state() >= v1::RUN_PLANNING && update.state() <= v1::RUN_CANCELLED, "an update of an unknown state");
  c.count(update.notes_size(), "a list of notes");
  for (const std::string& note : update.notes()) c.text(note, "a note");
  if (update.has_fault()) c.fault(update.fault());
  c.blob(update.report(), kSetupBytesMax, "a report");
}
void check(Checker& c, const v1::CancelRun& cancel) {
  c.run(cancel.run());
  c.text(cancel.reason(), "a reason");
}

void check(Checker& c, const v1::RunPlanned& planned) {
  c.run(planned.run());
  c.blob(planned.setup(), kSetupBytesMax, "a setup");
  c.count(planned.notes_size(), "a list of notes");
  for (const std::string& note : planned.notes()) c.text(note, "a note");
}
void check(Checker& c, const v1::JobHeader& job) {
  c.job(job.has_job(), job.job());
  c.text(job.label(), "a label");
  c.payload(job.has_payload(), job.payload());
}
void check(Checker& c, const v1::Feed& feed) {
  c.run(feed.run());
  c.require(feed.jobs_size() >= 1, "a feed of no jobs");
  c.count(feed.jobs_size(), "a feed");
  for (const v1::JobHeader& job : feed.jobs()) {
    check(c, job);
    c.require(job.job().run() == feed.run(), "a feed with a job of another run");
  }
}
void check(Checker& c, const v1::FeedCredit& credit) {
  c.run(credit.run());
}
void check(Checker& c, const v1::FeedEnd& end) {
  c.run(end.run());
}
void check(Checker& c, const v1::Deliver& deliver) {
  c.require(deliver.results_size() >= 1, "a delivery of no results");
  c.count(deliver.results_size(), "a delivery");
  for (const v1::Delivery& result : deliver.results()) {
    c.job(result.has_job(), result.job());
    c.payload(result.has_payload(), result.payload());
    c.blob(result.measures(), kMeasuresBytesMax, "measures");
  }
}
void check(Checker& c, const v1::Accept& accept) {
  c.run(accept.run());
  c.require(accept.jobs_size() >= 1, "an accept of no jobs");
  c.count(accept.jobs_size(), "an accept");
  for (const v1::JobRef& job : accept.jobs()) c.require(job.run() == accept.run(), "an accept with a job of another run");
}
void check(Checker& c, const v1::Redo& redo) {
  c.require(redo.has_job(), "a redo of no job");
  check(c, redo.job());
  c.require(redo.revision() >= 1, "a redo of revision 0");
  c.text(redo.reason(), "a reason");
}
void check(Checker& c, const v1::Split& split) {
  c.job(split.has_job(), split.job());
  c.require(split.parts() >= 2 && split.parts() <= kRepeatedMax, "a split into too few or too many parts");
}
void check(Checker& c, const v1::AllBound& bound) {
  c.run(bound.run());
}
void check(Checker& c, const v1::Publish& publish) {
  c.run(publish.run());
  c.blob(publish.report(), kSetupBytesMax, "a report");
}
void check(Checker& c, const v1::PublishGranted& granted) {
  c.run(granted.run());
}
void check(Checker& c, const v1::Published& published) {
  c.run(published.run());
}
void check(Checker& c, const v1::StageFailed& failed) {
  c.run(failed.run());
  c.require(failed.has_fault(), "a failure without a reason");
  c.fault(failed.fault());
}

void check(Checker& c, const v1::Assign& assign) {
  c.require(assign.jobs_size() >= 1, "an assignment of no jobs");
  c.count(assign.jobs_size(), "an assignment");
  for (const v1::Assignment& job : assign.jobs()) {
    c.job(job.has_job(), job.job());
    c.attempt(job.has_attempt());
    c.text(job.kind(), "a kind");
    c.blob(job.setup(), kSetupBytesMax, "a setup");
    c.payload(job.has_payload(), job.payload());
  }
}
void check_result(Checker& c, const v1::JobResult& result) {
  c.job(result.has_job(), result.job());
  c.attempt(result.has_attempt());
  c.require(result.outcome() >= v1::OUTCOME_DONE && result.outcome() <= v1::OUTCOME_LEASE_ENDED,
            "a result of an unknown outcome");
  const bool done = result.outcome() == v1::OUTCOME_DONE;
  const bool failed = result.outcome() == v1::OUTCOME_FAILED || result.outcome() == v1::OUTCOME_EXECUTOR_LOST;
  if (done) c.payload(result.has_payload(), result.payload());
  c.blob(result.measures(), kMeasuresBytesMax, "measures");
  c.require(done || !result.has_payload(), "a failed result with a payload");
  c.require(!failed || result.has_fault(), "a failure without a reason");
  if (result.has_fault()) c.fault(result.fault());
}
void check(Checker& c, const v1::JobResults& results) {
  c.require(results.results_size() >= 1, "results of no jobs");
  c.count(results.results_size(), "a list of results");
  for (const v1::JobResult& result : results.results()) check_result(c, result);
}
void check(Checker& c, const v1::ResultAck& ack) {
  c.require(ack.attempts_size() >= 1, "an acknowledgement of no attempts");
  c.count(ack.attempts_size(), "an acknowledgement");
  for (const v1::JobAttempt& attempt : ack.attempts()) c.job_attempt(attempt);
}
void check(Checker& c, const v1::Revoke& revoke) {
  c.require(revoke.attempts_size() >= 1, "a revocation of no attempts");
  c.count(revoke.attempts_size(), "a revocation");
  for (const v1::JobAttempt& attempt : revoke.attempts()) c.job_attempt(attempt);
}

void check(Checker&, const v1::RenewLease&) {}
void check(Checker&, const v1::LeaseRenewed&) {}

void check(Checker& c, bool present, const v1::TransferRef& transfer) {
  c.require(present, "no transfer is named");
  c.job(transfer.has_job(), transfer.job());
  c.attempt(transfer.has_attempt());
}
void check(Checker& c, const v1::Part& part) {
  check(c, part.has_transfer(), part.transfer());
  const std::size_t size = c.frame("a part without its bytes");
  c.require(size >= 1 && size <= kPartBytesMax, "a part that is empty or too large");
}
void check(Checker& c, const v1::PartCredit& credit) {
  check(c, credit.has_transfer(), credit.transfer());
}

}  // namespace

std::optional<std::string> validate(const v1::Envelope& envelope, std::span<const std::size_t> payload_sizes) {
  Checker c(payload_sizes);
  switch (envelope.body_case()) {
    case v1::Envelope::kHello: check(c, envelope.hello()); break;
    case v1::Envelope::kWelcome: check(c, envelope.welcome()); break;
    case v1::Envelope::kRefused: check(c, envelope.refused()); break;
    case v1::Envelope::kHeartbeat: check(c, envelope.heartbeat()); break;
    case v1::Envelope::kGoodbye: check(c, envelope.goodbye()); break;
    case v1::Envelope::kDraining: check(c, envelope.draining()); break;
    case v1::Envelope::kSubmit: check(c, envelope.submit()); break;
    case v1::Envelope::kSubmitted: check(c, envelope.submitted()); break;
    case v1::Envelope::kRunUpdate: check(c, envelope.run_update()); break;
    case v1::Envelope::kCancelRun: check(c, envelope.cancel_run()); break;
    case v1::Envelope::kAskWorkers: break;
    case v1::Envelope::kWorkers: check(c, envelope.workers()); break;
    case v1::Envelope::kRunPlanned: check(c, envelope.run_planned()); break;
    case v1::Envelope::kFeed: check(c, envelope.feed()); break;
    case v1::Envelope::kFeedCredit: check(c, envelope.feed_credit()); break;
    case v1::Envelope::kFeedEnd: check(c, envelope.feed_end()); break;
    case v1::Envelope::kDeliver: check(c, envelope.deliver()); break;
    case v1::Envelope::kAccept: check(c, envelope.accept()); break;
    case v1::Envelope::kRedo: check(c, envelope.redo()); break;
    case v1::Envelope::kSplit: check(c, envelope.split()); break;
    case v1::Envelope::kAllBound: check(c, envelope.all_bound()); break;
    case v1::Envelope::kPublish: check(c, envelope.publish()); break;
    case v1::Envelope::kPublishGranted: check(c, envelope.publish_granted()); break;
    case v1::Envelope::kPublished: check(c, envelope.published()); break;
    case v1::Envelope::kStageFailed: check(c, envelope.stage_failed()); break;
    case v1::Envelope::kAssign: check(c, envelope.assign()); break;
    case v1::Envelope::kResults: check(c, envelope.results()); break;
    case v1::Envelope::kResultAck: check(c, envelope.result_ack()); break;
    case v1::Envelope::kRevoke: check(c, envelope.revoke()); break;
    case v1::Envelope::kRenewLease: check(c, envelope.renew_lease()); break;
    case v1::Envelope::kLeaseRenewed: check(c, envelope.lease_renewed()); break;
    case v1::Envelope::kPart: check(c, envelope.part()); break;
    case v1::Envelope::kPartCredit: check(c, envelope.part_credit()); break;
    case v1::Envelope::BODY_NOT_SET: return "a message of an unknown kind";
  }
  return c.finish();
}

}  // namespace sheaf::wire
