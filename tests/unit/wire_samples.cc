#include "tests/unit/wire_samples.h"

#include <span>

#include "common/wire/limits.h"

namespace sheaf::wire {

namespace {

const std::string kBytes = "the bytes of a job";

void name_job(v1::JobRef& job, std::uint64_t seq = 3) {
  job.set_run(1);
  job.set_seq(seq);
}

void name_attempt(v1::AttemptRef& attempt) {
  attempt.set_epoch(4);
  attempt.set_n(9);
}

void name_job_attempt(v1::JobAttempt& named) {
  name_job(*named.mutable_job());
  name_attempt(*named.mutable_attempt());
}

void describe_job(v1::JobHeader& header, const std::string& bytes) {
  name_job(*header.mutable_job());
  header.set_units(125);
  header.set_label("frames 250-374");
  *header.mutable_payload() = inlined_ref(bytes);
}

void describe_fault(v1::Fault& fault) {
  fault.set_code(static_cast<std::uint32_t>(ErrorCode::kInput));
  fault.set_what("is damaged");
  fault.set_where("clip.mp4");
  fault.set_advice("make it again");
}

void describe_run(v1::RunDescription& run) {
  run.set_kind("video");
  run.set_request("a request");
  run.set_priority(-3);
  run.set_attempts_max(3);
  run.set_label("in.mp4 -> out.mp4");
  run.set_stage_program("sheaf-stage-video");
}

v1::Hello hello(v1::Role role) {
  v1::Hello hello;
  hello.set_protocol(kProtocolVersion);
  hello.set_version("0.1.0");
  hello.set_role(role);
  hello.mutable_session()->set_high(7);
  hello.mutable_session()->set_low(8);
  hello.set_host("there");
  hello.set_pid(123);
  return hello;
}

v1::Hello worker_hello() {
  v1::Hello out = hello(v1::ROLE_WORKER);
  v1::WorkerHello& worker = *out.mutable_worker();
  worker.set_slots(2);
  worker.set_executors(2);
  worker.set_prefetch(1);
  worker.set_bytes_max(1 << 20);
  worker.add_kinds()->set_name("video");
  worker.mutable_kinds(0)->set_fingerprint("libx264 164");
  worker.add_labels("gpu");
  worker.set_lease_mark(77);
  name_job_attempt(*worker.add_running());
  return out;
}

v1::Hello stage_hello() {
  v1::Hello out = hello(v1::ROLE_STAGE);
  out.mutable_stage()->set_run(1);
  out.mutable_stage()->set_token("0123456789abcdef");
  out.mutable_stage()->set_incarnation(1);
  return out;
}

}  // namespace

v1::PayloadRef inlined_ref(std::string_view bytes) {
  return payload_ref(bytes.size(), digest_of(std::as_bytes(std::span(bytes.data(), bytes.size()))), true);
}

std::string kind_of(const v1::Envelope& envelope) {
  const auto* field = v1::Envelope::descriptor()->FindFieldByNumber(static_cast<int>(envelope.body_case()));
  return field == nullptr ? "" : field->name();
}

namespace {

/// Good messages by their kind.
class Samples {
 public:
  /// `fill` makes the envelope; `payloads` where the kind has them.
  template <class Fill>
  void add(Fill fill, std::vector<Bytes> payloads = {}, const std::string& suffix = {}) {
    Message message;
    message.envelope.set_epoch(4);
    fill(message.envelope);
    message.payloads = std::move(payloads);
    by_kind.emplace(kind_of(message.envelope) + suffix, std::move(message));
  }

  std::map<std::string, Message> by_kind;
};

/// Of links: greeting, life, farewell.
void add_links(Samples& samples) {
  // A hello is three messages in one.
  samples.add([](v1::Envelope& e) { *e.mutable_hello() = stage_hello(); }, {}, " (stage)");
  samples.add([](v1::Envelope& e) { *e.mutable_hello() = hello(v1::ROLE_CLIENT); }, {}, " (client)");
  samples.add([](v1::Envelope& e) { *e.mutable_hello() = hello(v1::ROLE_OBSERVER); }, {}, " (observer)");
  samples.add([](v1::Envelope& e) { *e.mutable_hello() = worker_hello(); });
  samples.add([](v1::Envelope& e) {
    v1::Welcome& welcome = *e.mutable_welcome();
    welcome.set_protocol(kProtocolVersion);
    welcome.set_version("0.1.0");
    welcome.set_epoch(4);
    welcome.set_peer(2);
    welcome.set_heartbeat_interval_ms(1000);
    welcome.set_silence_max_ms(4000);
    welcome.set_lease_ms(60'000);
    welcome.set_lease_mark(77);
    describe_run(*welcome.mutable_run());
  });
  samples.add([](v1::Envelope& e) {
    e.mutable_refused()->set_reason(v1::REFUSAL_BUSY);
    e.mutable_refused()->set_text("too many connections");
  });
  samples.add([](v1::Envelope& e) { e.mutable_heartbeat(); });
  samples.add([](v1::Envelope& e) { e.mutable_renew_lease()->set_mark(77); });
  samples.add([](v1::Envelope& e) { e.mutable_lease_renewed()->set_mark(77); });
  samples.add([](v1::Envelope& e) { e.mutable_goodbye()->set_reason("done"); });
  samples.add([](v1::Envelope& e) { e.mutable_draining(); });
}

/// Between observer and master.
void add_lists(Samples& samples) {
  samples.add([](v1::Envelope& e) { e.mutable_ask_workers()->set_after(3); });
  samples.add([](v1::Envelope& e) {
    v1::WorkerInfo& worker = *e.mutable_workers()->add_workers();
    worker.set_worker(4);
    worker.set_host("node4");
    worker.set_pid(4711);
    worker.set_version("0.1.0");
    worker.set_key("worker");
    worker.set_slots(8);
    worker.set_executors(2);
    worker.add_kinds("video");
    worker.set_jobs(9);
    worker.set_heard_ms(300);
    e.mutable_workers()->set_runs(1);
  });
}

/// Between client and master.
void add_runs(Samples& samples) {
  samples.add([](v1::Envelope& e) {
    e.mutable_submit()->set_tag(1);
    describe_run(*e.mutable_submit()->mutable_run());
  });
  samples.add([](v1::Envelope& e) {
    e.mutable_submitted()->set_tag(1);
    e.mutable_submitted()->set_run(1);
    e.mutable_submitted()->set_stage_token("0123456789abcdef");
  });
  samples.add([](v1::Envelope& e) {
    v1::RunUpdate& update = *e.mutable_run_update();
    update.set_run(1);
    update.set_state(v1::RUN_WORKING);
    update.set_units_total(795);
    update.add_notes("the audio is copied");
    describe_fault(*update.mutable_fault());
    update.set_report("a report");
  });
  samples.add([](v1::Envelope& e) {
    e.mutable_cancel_run()->set_run(1);
    e.mutable_cancel_run()->set_reason("Ctrl-C");
  });
}

/// Between stage and master.
void add_stages(Samples& samples) {
  samples.add([](v1::Envelope& e) {
    v1::RunPlanned& planned = *e.mutable_run_planned();
    planned.set_run(1);
    planned.set_setup("a setup");
    planned.set_jobs(7);
    planned.set_units(795);
    planned.add_notes("the audio is copied");
  });
  samples.add(
      [](v1::Envelope& e) {
        e.mutable_feed()->set_run(1);
        describe_job(*e.mutable_feed()->add_jobs(), kBytes);
        describe_job(*e.mutable_feed()->add_jobs(), "more");
      },
      {kBytes, "more"});
  samples.add([](v1::Envelope& e) {
    e.mutable_feed_credit()->set_run(1);
    e.mutable_feed_credit()->set_bytes_until(1000);
    e.mutable_feed_credit()->set_jobs_until(10);
  });
  samples.add([](v1::Envelope& e) {
    e.mutable_feed_end()->set_run(1);
    e.mutable_feed_end()->set_jobs(7);
  });
  samples.add(
      [](v1::Envelope& e) {
        v1::Delivery& result = *e.mutable_deliver()->add_results();
        name_job(*result.mutable_job());
        *result.mutable_payload() = inlined_ref(kBytes);
      },
      {kBytes});
  samples.add([](v1::Envelope& e) {
    e.mutable_accept()->set_run(1);
    name_job(*e.mutable_accept()->add_jobs());
  });
  samples.add(
      [](v1::Envelope& e) {
        describe_job(*e.mutable_redo()->mutable_job(), kBytes);
        e.mutable_redo()->set_revision(1);
        e.mutable_redo()->set_reason("another number of frames");
      },
      {kBytes});
  samples.add([](v1::Envelope& e) {
    name_job(*e.mutable_split()->mutable_job());
    e.mutable_split()->set_parts(2);
  });
  samples.add([](v1::Envelope& e) { e.mutable_all_bound()->set_run(1); });
  samples.add([](v1::Envelope& e) {
    e.mutable_publish()->set_run(1);
    e.mutable_publish()->set_incarnation(1);
    e.mutable_publish()->set_report("a report");
  });
  samples.add([](v1::Envelope& e) { e.mutable_publish_granted()->set_run(1); });
  samples.add([](v1::Envelope& e) { e.mutable_published()->set_run(1); });
  samples.add([](v1::Envelope& e) {
    e.mutable_stage_failed()->set_run(1);
    describe_fault(*e.mutable_stage_failed()->mutable_fault());
  });
}

/// Between master and worker, and payloads in parts.
void add_jobs(Samples& samples) {
  samples.add(
      [](v1::Envelope& e) {
        v1::Assignment& job = *e.mutable_assign()->add_jobs();
        name_job(*job.mutable_job());
        name_attempt(*job.mutable_attempt());
        job.set_kind("video");
        job.set_setup("a setup");
        *job.mutable_payload() = inlined_ref(kBytes);
      },
      {kBytes});
  samples.add(
      [](v1::Envelope& e) {
        v1::JobResult& result = *e.mutable_results()->add_results();
        name_job(*result.mutable_job());
        name_attempt(*result.mutable_attempt());
        result.set_outcome(v1::OUTCOME_DONE);
        *result.mutable_payload() = inlined_ref(kBytes);
      },
      {kBytes});
  samples.add([](v1::Envelope& e) { name_job_attempt(*e.mutable_result_ack()->add_attempts()); });
  samples.add([](v1::Envelope& e) { name_job_attempt(*e.mutable_revoke()->add_attempts()); });

  const auto transfer = [](v1::TransferRef& ref) {
    name_job(*ref.mutable_job());
    name_attempt(*ref.mutable_attempt());
  };
  samples.add([&](v1::Envelope& e) { transfer(*e.mutable_part()->mutable_transfer()); }, {kBytes});
  samples.add([&](v1::Envelope& e) {
    transfer(*e.mutable_part_credit()->mutable_transfer());
    e.mutable_part_credit()->set_until(1000);
  });
}

}  // namespace

std::map<std::string, Message> wire_samples() {
  Samples samples;
  add_links(samples);
  add_lists(samples);
  add_runs(samples);
  add_stages(samples);
  add_jobs(samples);
  return std::move(samples.by_kind);
}

}  // namespace sheaf::wire
