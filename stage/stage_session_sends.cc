// The half of StageSession that says something to the master: the plan, jobs within the credit, accepts, the end.

#include <utility>

#include "common/wire/limits.h"
#include "stage/stage_session.h"

namespace sheaf::stage {

namespace {

/// Of the notes that are passed on: with the longest setup they still fit into one header.
constexpr std::size_t kPlanNotesBytesMax = 16 * 1024;

/// A kind may have made a large payload in memory.
bool travels_inlined(const Blob& payload) {
  return payload.is_in_memory() && payload.size() <= kInlinePayloadBytesMax;
}

}  // namespace

void StageSession::send_planned(Instant now, std::vector<StageAction>& actions) {
  v1::Envelope message = envelope();
  v1::RunPlanned& planned = *message.mutable_run_planned();
  planned.set_run(run_.value);
  planned.set_setup(plan_->setup);
  if (plan_->jobs) planned.set_jobs(*plan_->jobs);
  if (plan_->units) planned.set_units(*plan_->units);
  std::size_t notes_bytes = 0;
  for (const std::string& note : plan_->notes) {
    std::string text = wire::wire_text(note);
    notes_bytes += text.size();
    if (notes_bytes > kPlanNotesBytesMax || planned.notes_size() == static_cast<int>(wire::kRepeatedMax)) break;
    planned.add_notes(std::move(text));
  }
  send(now, std::move(message), {}, actions);
}

void StageSession::send_job(Instant now, Fed& fed, std::vector<StageAction>& actions) {
  v1::Envelope message = envelope();
  v1::Feed& feed = *message.mutable_feed();
  feed.set_run(run_.value);
  v1::JobHeader& header = *feed.add_jobs();
  *header.mutable_job() = wire::to_wire(JobId{run_, fed.job.key});
  header.set_units(fed.job.units);
  header.set_label(wire::wire_text(fed.job.label));
  const Blob& payload = fed.job.payload;
  *header.mutable_payload() = wire::payload_ref(payload.size(), payload.digest(), travels_inlined(payload));
  if (travels_inlined(payload)) {
    send(now, std::move(message), {payload.memory()}, actions);
  } else {
    send(now, std::move(message), {}, actions);
    upload_.emplace(JobId{run_, fed.job.key}, revision_attempt(0), payload.size());
  }
}

void StageSession::pump_parts(Instant now, std::vector<StageAction>& actions) {
  while (const auto range = upload_->next()) {
    const JobKey key = upload_->job().key;
    const auto redone = redo_.find(key);
    const Blob& payload = redone != redo_.end() ? redone->second.job.payload : fed_.at(key.seq - received_).job.payload;
    auto bytes = payload.read(range->offset, range->size);
    if (!bytes) {
      fail(now, bytes.error(), actions);
      return;
    }
    v1::Envelope message = envelope();
    *message.mutable_part() = upload_->take(*range);
    send(now, std::move(message), {std::move(*bytes)}, actions);
  }
  if (upload_->is_done()) upload_.reset();
}

void StageSession::pump_feed(Instant now, std::vector<StageAction>& actions) {
  if (!link_.is_welcomed() || !credit_heard_ || phase_ != Phase::kWorking) return;
  if (upload_) pump_parts(now, actions);
  // The stage waits for what is done again, so it goes before new jobs.
  for (auto& [key, again] : redo_) {
    if (upload_) break;
    if (!again.is_sent) send_redo(now, again, actions);
  }
  while (!upload_ && phase_ == Phase::kWorking && feed_next_ < received_ + fed_.size()) {
    Fed& next = fed_[feed_next_ - received_];
    if (feed_next_ >= jobs_until_ || next.bytes_before >= bytes_until_) break;  // It was asked for before its size was known.
    send_job(now, next, actions);
    feed_next_ += 1;
  }
  if (cut_all_ && !upload_ && !end_sent_ && feed_next_ == cut_ && phase_ == Phase::kWorking) {
    end_sent_ = true;
    v1::Envelope message = envelope();
    message.mutable_feed_end()->set_run(run_.value);
    message.mutable_feed_end()->set_jobs(cut_);
    send(now, std::move(message), {}, actions);
  }
}

void StageSession::send_redo(Instant now, Fed& again, std::vector<StageAction>& actions) {
  again.is_sent = true;
  v1::Envelope message = envelope();
  v1::Redo& redo = *message.mutable_redo();
  *redo.mutable_job()->mutable_job() = wire::to_wire(JobId{run_, again.job.key});
  redo.set_revision(again.revision);
  redo.set_reason(wire::wire_text(again.job.label));
  const Blob& payload = again.job.payload;
  *redo.mutable_job()->mutable_payload() = wire::payload_ref(payload.size(), payload.digest(), travels_inlined(payload));
  if (travels_inlined(payload)) {
    send(now, std::move(message), {payload.memory()}, actions);
  } else {
    send(now, std::move(message), {}, actions);
    upload_.emplace(JobId{run_, again.job.key}, revision_attempt(again.revision), payload.size());
  }
}

void StageSession::send_publish(Instant now, std::vector<StageAction>& actions) {
  v1::Envelope message = envelope();
  v1::Publish& publish = *message.mutable_publish();
  publish.set_run(run_.value);
  publish.set_incarnation(incarnation_);
  publish.set_units(report_->units);
  publish.set_output_bytes(report_->output_bytes);
  publish.set_report(report_->details);
  send(now, std::move(message), {}, actions);
}

void StageSession::send_published(Instant now, std::vector<StageAction>& actions) {
  v1::Envelope message = envelope();
  message.mutable_published()->set_run(run_.value);
  send(now, std::move(message), {}, actions);
}

void StageSession::send_accept(Instant now, JobKey key, std::vector<StageAction>& actions) {
  v1::Envelope message = envelope();
  message.mutable_accept()->set_run(run_.value);
  *message.mutable_accept()->add_jobs() = wire::to_wire(JobId{run_, key});
  send(now, std::move(message), {}, actions);
}

void StageSession::send_failed(Instant now, std::vector<StageAction>& actions) {
  v1::Envelope message = envelope();
  message.mutable_stage_failed()->set_run(run_.value);
  *message.mutable_stage_failed()->mutable_fault() = wire::to_wire(*failure_);
  send(now, std::move(message), {}, actions);
}

}  // namespace sheaf::stage
