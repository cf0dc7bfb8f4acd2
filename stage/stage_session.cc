#include "stage/stage_session.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "common/wire/limits.h"

namespace sheaf::stage {

namespace {

v1::Hello hello_of_stage(const v1::StageHello& identity, v1::Hello hello) {
  hello.set_role(v1::ROLE_STAGE);
  *hello.mutable_stage() = identity;
  return hello;
}

/// How long a stage that has failed waits for the master to have heard why.
constexpr Duration kFarewellMax = std::chrono::seconds(2);

/// Jobs that the source is asked for and has not answered. It need not be more than what it makes while the loop takes a turn.
constexpr std::uint64_t kJobsAskedMax = 64;

/// Of results that are given to the sink in one call: the master hears only then that they are bound.
constexpr std::size_t kResultsBoundAtOnceMax = 64;
constexpr std::uint64_t kBytesBoundAtOnceMax = 256 * 1024;

Error damaged_result() {
  return Error{ErrorCode::kCluster, "a result was damaged on its way to the stage", {}, "run the command again"};
}

}  // namespace

StageSession::StageSession(const v1::StageHello& identity, v1::Hello hello, std::string scratch)
    : link_(hello_of_stage(identity, std::move(hello))),
      run_{identity.run()},
      incarnation_(identity.incarnation()),
      scratch_(std::move(scratch)) {}

void StageSession::send(Instant now, v1::Envelope envelope, std::vector<Bytes> payloads, std::vector<StageAction>& actions) {
  link_.on_sent(now);
  actions.push_back(Send{wire::Message{std::move(envelope), std::move(payloads)}});
}

// -------------------------------------------------------------------------------------------------------------------------
// inputs

void StageSession::on_message(Instant now, wire::Message message, std::vector<StageAction>& actions) {
  if (phase_ == Phase::kLeft) return;
  const v1::Envelope& envelope = message.envelope;
  switch (link_.on_message(now, envelope)) {
    case wire::PeerLink::Event::kHandled: return;
    case wire::PeerLink::Event::kWelcomed: on_welcome(now, actions); return;
    case wire::PeerLink::Event::kRefused: stop(now, "the master refused it: " + link_.refusal().text(), actions); return;
    case wire::PeerLink::Event::kLost: on_time(now, actions); return;
    case wire::PeerLink::Event::kNone: break;
  }
  switch (envelope.body_case()) {
    case v1::Envelope::kFeedCredit: on_feed_credit(envelope.feed_credit()); break;
    case v1::Envelope::kDeliver: on_deliver(now, envelope.deliver(), message.payloads, actions); break;
    case v1::Envelope::kPart: on_part(now, envelope.part(), message.payloads.front(), actions); break;
    case v1::Envelope::kPartCredit:
      if (upload_ && upload_->is_for(envelope.part_credit().transfer())) upload_->grant(envelope.part_credit().until());
      break;
    case v1::Envelope::kAllBound: all_bound_ = true; break;
    case v1::Envelope::kPublishGranted: granted_ = envelope.publish_granted().incarnation() == incarnation_; break;
    case v1::Envelope::kGoodbye:
      if (phase_ == Phase::kPublished) {
        leave(0, "done", actions);
      } else {
        give_up(now, envelope.goodbye().reason(), actions);
      }
      return;
    case v1::Envelope::kRefused: stop(now, "the master refused a message: " + envelope.refused().text(), actions); return;
    default: break;  // Not for a stage; the master's business.
  }
  pump_feed(now, actions);
  work(now, actions);
}

void StageSession::on_time(Instant now, std::vector<StageAction>& actions) {
  if (phase_ == Phase::kLeft) return;
  std::vector<wire::Message> out;
  link_.on_time(now, out);
  for (wire::Message& message : out) actions.push_back(Send{std::move(message)});
  if (leave_by_ && now >= *leave_by_) leave(1, failure_->message(), actions);
}

std::optional<Instant> StageSession::next_deadline() const {
  const std::optional<Instant> link = link_.next_deadline();
  return leave_by_ && (!link || *leave_by_ < *link) ? leave_by_ : link;
}

void StageSession::stop(Instant now, const std::string& reason, std::vector<StageAction>& actions) {
  is_stopped_ = true;
  give_up(now, reason, actions);
}

void StageSession::give_up(Instant now, const std::string& reason, std::vector<StageAction>& actions) {
  if (phase_ == Phase::kLeft) return;
  if (phase_ == Phase::kPublished) {
    leave(0, reason, actions);  // There is nothing left to give up.
    return;
  }
  failure_ = Error{ErrorCode::kStopped, reason, {}, {}};  // Over another failure too: nobody is left to hear of that one.
  if (abandoned_) {
    leave(1, reason, actions);
    return;
  }
  phase_ = Phase::kGivenUp;
  work(now, actions);
}

void StageSession::on_open(Instant now, Result<StagePlan> plan, std::vector<StageAction>& actions) {
  sink_busy_ = false;
  if (phase_ == Phase::kOpening) {
    if (!plan) {
      fail(now, plan.error(), actions);
    } else if (plan->setup.size() > wire::kSetupBytesMax) {
      // Out of a file that somebody made: its codec's parameters may be as long as he likes.
      const std::string what = "what every job has to know takes " + std::to_string(plan->setup.size()) +
                               " bytes, more than the " + std::to_string(wire::kSetupBytesMax) + " that a message may carry";
      fail(now, Error{ErrorCode::kInput, what, {}, {}}, actions);
    } else {
      plan_ = std::move(*plan);
      phase_ = Phase::kWorking;
      if (link_.is_welcomed()) send_planned(now, actions);
    }
  }
  work(now, actions);
}

void StageSession::on_next_job(Instant now, Result<std::optional<JobOut>> job, std::vector<StageAction>& actions) {
  SHEAF_CHECK(jobs_asked_ > 0);
  jobs_asked_ -= 1;
  if (phase_ == Phase::kWorking && !cut_all_) {
    if (!job) {
      fail(now, job.error(), actions);
    } else if (!job->has_value()) {
      cut_all_ = true;
    } else {
      SHEAF_CHECK((*job)->key == (JobKey{cut_, 0}));
      const std::uint64_t bytes = (*job)->payload.size();
      fed_.push_back(Fed{std::move(**job), cut_bytes_});
      cut_ += 1;
      cut_bytes_ += bytes;
      largest_job_bytes_ = std::max(largest_job_bytes_, bytes);
    }
    pump_feed(now, actions);
  }
  work(now, actions);
}

void StageSession::on_bind(Instant now, Bound bound, std::vector<StageAction>& actions) {
  sink_busy_ = false;
  const std::map<JobKey, std::uint32_t> revisions = std::exchange(binding_, {});
  SHEAF_CHECK(bound.accepted.size() + (bound.objected ? 1 : 0) + bound.left.size() == revisions.size());
  if (phase_ == Phase::kWorking) {
    for (const JobKey key : bound.accepted) {
      bound_.insert(key.seq);
      revisions_.erase(key);
      arrived_.erase(key);  // Delivered again on a new link.
      arriving_.erase(key);
      send_accept(now, key, actions);
    }
    // The rest waits for its turn again, unless newer ones have come meanwhile.
    for (ToBind& left : bound.left) {
      arrived_.try_emplace(left.key, Arrived{left.revision, left.is_fault, std::move(left.result), std::move(left.measures)});
    }
    if (bound.objected && *bound.objected) {
      on_redo(bound.objected_to, revisions.at(bound.objected_to), std::move(**bound.objected));
    } else if (bound.objected) {
      fail(now, bound.objected->error(), actions);
    }
    pump_feed(now, actions);
  }
  work(now, actions);
}

void StageSession::on_redo(JobKey key, std::uint32_t result_revision, Redo redo) {
  if (arrived_.contains(key) || arriving_.contains(key)) {
    // It was asked for on an earlier link, and the master has heard it: the new result is here.
    revisions_.erase(key);
    return;
  }
  // After the one that was found wrong, not after the last one asked for: the link may have broken in between.
  const std::uint32_t revision = result_revision + 1;
  revisions_[key] = revision;
  redo_.insert_or_assign(key, Fed{JobOut{key, std::move(redo.payload), 0, std::move(redo.reason)}, 0, revision});
}

void StageSession::on_finish(Instant now, Result<StageReport> report, std::vector<StageAction>& actions) {
  sink_busy_ = false;
  if (phase_ == Phase::kFinishing) {
    if (!report) {
      fail(now, report.error(), actions);
    } else {
      report_ = std::move(*report);
      if (report_->details.size() > wire::kSetupBytesMax) report_->details.clear();  // Only the summary is the poorer for it.
      phase_ = Phase::kPublishing;
      send_publish(now, actions);
    }
  }
  work(now, actions);
}

void StageSession::on_publish_output(Instant now, Status status, std::vector<StageAction>& actions) {
  sink_busy_ = false;
  if (!status) {
    if (phase_ == Phase::kPublishing) fail(now, status.error(), actions);
  } else {
    // The output has its name, whatever was decided in the meantime: that is what the master must hear.
    phase_ = Phase::kPublished;
    send_published(now, actions);
    if (is_stopped_) leave(0, failure_->message(), actions);  // The Goodbye that would end it may never come.
  }
  work(now, actions);
}

void StageSession::on_abandon(Instant now, std::vector<StageAction>& actions) {
  sink_busy_ = false;
  abandoned_ = true;
  // Without a link nobody has heard why: it is said with the next Welcome. If there is none, whoever started this process ends
  // it.
  if (!link_.is_welcomed() && failure_->code != ErrorCode::kStopped) return;
  say_goodbye_and_leave(now, actions);
}

void StageSession::say_goodbye_and_leave(Instant now, std::vector<StageAction>& actions) {
  v1::Envelope message = envelope();
  message.mutable_goodbye()->set_reason("the output was given up");
  if (link_.is_welcomed()) send(now, std::move(message), {}, actions);
  if (failure_->code == ErrorCode::kStopped) {
    leave(1, failure_->message(), actions);
  } else {
    leave_by_ =
        now + kFarewellMax;  // A process that ends may take its last words with it: the master's Goodbye says that they came.
  }
}

// -----------------------------------------------------------------------------------------------------------------------
// protocol

void StageSession::on_welcome(Instant now, std::vector<StageAction>& actions) {
  if (!opened_) {
    opened_ = true;
    sink_busy_ = true;
    any_order_ = link_.welcome().run().any_order();
    actions.push_back(Open{link_.welcome().run()});
    return;
  }
  // A new link: whatever was under way on the old one is said again. Results that have not been bound come again.
  upload_.reset();
  arriving_.clear();
  arrived_.clear();
  end_sent_ = false;
  credit_heard_ = false;  // It follows, and says what of the jobs is not to be fed again.
  if (failure_) {
    if (failure_->code != ErrorCode::kStopped) send_failed(now, actions);
    if (abandoned_) say_goodbye_and_leave(now, actions);
    return;
  }
  if (plan_) send_planned(now, actions);
  if (phase_ == Phase::kPublishing) {
    if (!sink_busy_) send_publish(now, actions);  // Else it was granted, and Published follows.
  } else if (phase_ == Phase::kPublished) {
    send_published(now, actions);
  }
  // A Redo that the master may not have got: the result that led to it will be delivered again, and is found wrong again.
  redo_.clear();
  revisions_.clear();
}

void StageSession::on_feed_credit(const v1::FeedCredit& credit) {
  bytes_until_ = std::max(bytes_until_, credit.bytes_until());
  jobs_until_ = std::max(jobs_until_, credit.jobs_until());
  while (received_ < credit.jobs_received() && !fed_.empty()) {
    fed_.pop_front();
    received_ += 1;
  }
  if (!credit_heard_ || feed_next_ < received_) feed_next_ = received_;
  if (upload_ && !redo_.contains(upload_->job().key) && upload_->job().key.seq < received_) upload_.reset();
  credit_heard_ = true;
}

void StageSession::on_deliver(Instant now, const v1::Deliver& deliver, const std::vector<Bytes>& payloads,
                              std::vector<StageAction>& actions) {
  std::size_t frame = 0;
  for (const v1::Delivery& delivery : deliver.results()) {
    on_delivery(now, delivery, delivery.payload().inlined() ? payloads.at(frame++) : Bytes(), actions);
  }
}

void StageSession::on_delivery(Instant now, const v1::Delivery& delivery, Bytes bytes, std::vector<StageAction>& actions) {
  const JobKey key = wire::from_wire(delivery.job()).key;
  if (key.sub == 0 && bound_.contains(key.seq)) {
    send_accept(now, key, actions);  // It was bound before the link broke, and the Accept was lost.
    return;
  }
  // Delivered again on a new link; the answer to the first one is about to come.
  const auto being_bound = binding_.find(key);
  if (being_bound != binding_.end() && delivery.revision() <= being_bound->second) return;
  const auto revision = revisions_.find(key);
  if (revision != revisions_.end() && delivery.revision() < revision->second) return;  // Of a payload that has been replaced.
  redo_.erase(key);
  if (upload_ && upload_->job().key == key)
    upload_.reset();  // Of a Redo that was asked for again, and has been done meanwhile.
  // Beside the window there is the oldest one, which is always delivered.
  if (arrived_.size() + arriving_.size() > wire::kDeliveredJobsMax) {
    fail(now, Error{ErrorCode::kCluster, "the master delivers more results than may wait to be bound", {}, {}}, actions);
    return;
  }
  if (delivery.payload().inlined()) {
    Blob result = Blob::of(std::move(bytes));
    if (result.digest() == wire::digest_from(delivery.payload())) {
      arrived_.insert_or_assign(key, Arrived{delivery.revision(), delivery.is_fault(), std::move(result), delivery.measures()});
    } else {
      fail(now, damaged_result(), actions);
    }
    return;
  }
  const Attempt attempt = revision_attempt(delivery.revision());
  Arriving arriving{wire::Download(JobId{run_, key}, attempt, delivery.payload()),
                    Arrived{delivery.revision(), delivery.is_fault(), Blob(scratch_), delivery.measures()}};
  const auto [entry, inserted] = arriving_.insert_or_assign(key, std::move(arriving));
  if (const auto credit = entry->second.progress.grant()) {
    v1::Envelope message = envelope();
    *message.mutable_part_credit() = *credit;
    send(now, std::move(message), {}, actions);
  }
}

void StageSession::on_part(Instant now, const v1::Part& part, std::string_view bytes, std::vector<StageAction>& actions) {
  const JobKey key = wire::from_wire(part.transfer().job()).key;
  const auto entry = arriving_.find(key);
  if (entry == arriving_.end() || entry->second.progress.attempt() != wire::from_wire(part.transfer().attempt())) return;
  const wire::Download::Taken taken = entry->second.progress.take(part, bytes);
  if (taken == wire::Download::Taken::kRefused) {
    fail(now, damaged_result(), actions);
    return;
  }
  if (Status status = entry->second.arrived.result.append(bytes); !status) {
    fail(now, status.error(), actions);
    return;
  }
  if (taken == wire::Download::Taken::kWhole) {
    arrived_.insert_or_assign(key, std::move(entry->second.arrived));
    arriving_.erase(entry);
  } else if (const auto credit = entry->second.progress.grant()) {
    v1::Envelope message = envelope();
    *message.mutable_part_credit() = *credit;
    send(now, std::move(message), {}, actions);
  }
}

void StageSession::fail(Instant now, const Error& error, std::vector<StageAction>& actions) {
  if (phase_ == Phase::kGivenUp || phase_ == Phase::kLeft) return;
  failure_ = error;
  phase_ = Phase::kGivenUp;
  if (link_.is_welcomed()) send_failed(now, actions);  // Else with the next Welcome.
}

void StageSession::leave(int exit_code, std::string reason, std::vector<StageAction>& actions) {
  phase_ = Phase::kLeft;
  actions.push_back(Leave{exit_code, std::move(reason)});
}

// ---------------------------------------------------------------------------------------------------------------------------
// work

void StageSession::work(Instant now, std::vector<StageAction>& actions) {
  work_source(actions);
  work_sink(now, actions);
}

void StageSession::work_source(std::vector<StageAction>& actions) {
  if (phase_ == Phase::kGivenUp && opened_ && !interrupted_) {
    interrupted_ = true;
    actions.push_back(Interrupt{});
  }
  if (phase_ != Phase::kWorking || cut_all_) return;
  // Several at a time, so that its thread need not wait for this one after each. How large jobs are is known from the first on.
  const std::uint64_t asked_max = cut_ == 0 ? 1 : kJobsAskedMax;
  while (jobs_asked_ < asked_max && cut_ + jobs_asked_ < jobs_until_ &&
         cut_bytes_ + jobs_asked_ * largest_job_bytes_ < bytes_until_) {
    jobs_asked_ += 1;
    actions.push_back(NextJob{});
  }
}

void StageSession::work_sink(Instant now, std::vector<StageAction>& actions) {
  if (sink_busy_ || phase_ == Phase::kLeft) return;
  const auto start = [&](StageAction action) {
    sink_busy_ = true;
    actions.push_back(std::move(action));
  };
  switch (phase_) {
    case Phase::kOpening: return;
    case Phase::kGivenUp:
      if (abandoned_) return;
      if (opened_) {
        start(Abandon{});
      } else {
        on_abandon(now, actions);
      }
      return;
    case Phase::kWorking:
      if (Bind bind = take_arrived(); !bind.results.empty()) {
        start(std::move(bind));
      } else if (all_bound_ && cut_all_ && bound_.size() == cut_) {
        phase_ = Phase::kFinishing;
        start(Finish{});
      }
      return;
    case Phase::kPublishing:
      if (granted_) start(PublishOutput{});
      return;
    case Phase::kFinishing:
    case Phase::kPublished:
    case Phase::kLeft: return;
  }
}

Bind StageSession::take_arrived() {
  Bind bind;
  std::uint64_t bytes = 0;
  while (bind.results.size() < kResultsBoundAtOnceMax && bytes < kBytesBoundAtOnceMax) {
    const JobKey in_order{bound_.first_missing() + bind.results.size(), 0};
    const auto next = any_order_ ? arrived_.begin() : arrived_.find(in_order);
    if (next == arrived_.end()) break;
    auto& [key, arrived] = *next;
    bytes += arrived.result.size();
    binding_[key] = arrived.revision;
    bind.results.push_back(
        ToBind{key, arrived.revision, arrived.is_fault, std::move(arrived.result), std::move(arrived.measures)});
    arrived_.erase(next);
  }
  return bind;
}

}  // namespace sheaf::stage
