#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/wire/limits.h"
#include "master/io/hub.h"
#include "tests/unit/faulty_disk.h"
#include "tests/unit/temporary_directory.h"
#include "tests/unit/wire_samples.h"

namespace sheaf::master {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kinds = std::vector<std::string>;

/// Keeps what the hub sends, by receiver. Everything goes through the codec: what the real one would refuse fails here.
class FakeSender : public PeerSender {
 public:
  void send(const wire::PeerAddress& to, wire::Message message) override {
    if (gone.contains(to)) {
      noticed.insert(to);
      return;
    }
    Result<wire::Message> read = wire::decode(wire::encode(message));
    EXPECT_TRUE(read) << read.error().what;
    if (read) sent[to].push_back(std::move(*read));
  }
  void forget(const wire::PeerAddress& to) override {
    noticed.erase(to);
    forgotten.insert(to);
  }

  std::map<wire::PeerAddress, std::deque<wire::Message>> sent;
  std::set<wire::PeerAddress> gone;
  std::set<wire::PeerAddress> forgotten;  ///< Whose unsent messages were dropped.
  std::set<wire::PeerAddress> noticed;    ///< Of those: who was sent something since.
};

class FakeLauncher : public StageLauncher {
 public:
  Status start(RunId run, const std::string& program, const std::string& token, std::uint32_t incarnation) override {
    if (broken) return fail(ErrorCode::kFailed, "cannot start", program);
    started.push_back({run, program, token, incarnation});
    return {};
  }
  void stop(RunId run) override { stopped.push_back(run); }

  struct Started {
    RunId run;
    std::string program;
    std::string token;
    std::uint32_t incarnation;
  };
  std::vector<Started> started;
  std::vector<RunId> stopped;
  bool broken = false;
};

class FakeAudit : public Audit {
 public:
  void record(const AuditEvent& event) override { events.push_back(event); }
  std::vector<AuditEvent> events;
};

/// A hub between scripted peers, on a clock that the test moves.
class HubTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kEpoch = 4;

  static HubConfig config() {
    HubConfig config;
    config.scheduler.epoch = kEpoch;
    return config;
  }
  explicit HubTest(const HubConfig& config = HubTest::config())
      : hub_(
            config, sender_, launcher_, spool_, [this] { return ++random_; }, &audit_) {}

  // --- what peers say
  void say(const wire::PeerAddress& from, v1::Envelope envelope, std::vector<Bytes> payloads = {}) {
    const auto key = keys_.find(from);
    const wire::Principal& who = key == keys_.end() ? wire::kWithoutKeys : key->second;
    hub_.on_message(now_, from, wire::Message{std::move(envelope), std::move(payloads)}, who);
    notice_gone();
  }
  /// Tells the hub of those that it spoke to and that are gone, as the loop does at the end of a turn.
  void notice_gone() {
    while (!sender_.noticed.empty()) hub_.on_gone(now_, wire::PeerAddress(*sender_.noticed.begin()));
    hub_.check_invariants();
  }
  static v1::Envelope envelope() {
    v1::Envelope out;
    out.set_epoch(kEpoch);
    return out;
  }
  static v1::Hello hello(v1::Role role, std::uint64_t session) {
    v1::Hello hello;
    hello.set_protocol(wire::kProtocolVersion);
    hello.set_version("0.1.0");
    hello.set_role(role);
    hello.mutable_session()->set_low(session);
    hello.set_host("there");
    return hello;
  }
  void greet(const wire::PeerAddress& from, const v1::Hello& hello) {
    v1::Envelope message;
    *message.mutable_hello() = hello;
    say(from, message);
  }
  void greet_as_client(const wire::PeerAddress& from = "client", std::uint64_t session = 100) {
    greet(from, hello(v1::ROLE_CLIENT, session));
  }
  static v1::Hello worker_hello(std::uint64_t session, std::uint32_t slots = 1) {
    v1::Hello out = hello(v1::ROLE_WORKER, session);
    out.mutable_worker()->set_slots(slots);
    out.mutable_worker()->set_executors(slots);
    out.mutable_worker()->set_bytes_max(64 << 20);
    v1::OfferedKind& kind = *out.mutable_worker()->add_kinds();
    kind.set_name("video");
    kind.set_fingerprint("f");
    return out;
  }
  void greet_as_worker(const wire::PeerAddress& from, std::uint64_t session, std::uint32_t slots = 1) {
    greet(from, worker_hello(session, slots));
  }
  void greet_as_stage(const wire::PeerAddress& from = "stage", std::uint64_t session = 200, std::uint64_t run = 1) {
    v1::Hello out = hello(v1::ROLE_STAGE, session);
    out.mutable_stage()->set_run(run);
    out.mutable_stage()->set_token(launcher_.started.back().token);
    out.mutable_stage()->set_incarnation(1);
    greet(from, out);
  }
  void submit(const wire::PeerAddress& from = "client", std::uint64_t tag = 1, bool stage_at_client = false) {
    v1::Envelope message = envelope();
    message.mutable_submit()->set_tag(tag);
    v1::RunDescription& run = *message.mutable_submit()->mutable_run();
    run.set_kind("video");
    run.set_request("the request");
    run.set_attempts_max(2);
    run.set_bind_fingerprint(true);
    run.set_deterministic(may_run_twice_);
    run.set_second_attempt(may_run_twice_);
    run.set_stage_program("sheaf-stage-video");
    run.set_stage_at_client(stage_at_client);
    say(from, message);
  }
  void plan(std::uint64_t jobs) {
    v1::Envelope message = envelope();
    message.mutable_run_planned()->set_run(1);
    message.mutable_run_planned()->set_setup("the setup");
    message.mutable_run_planned()->set_jobs(jobs);
    message.mutable_run_planned()->set_units(jobs * 10);
    message.mutable_run_planned()->add_notes("a note");
    say("stage", message);
  }
  static v1::JobHeader header(std::uint64_t seq, const v1::PayloadRef& payload) {
    v1::JobHeader header;
    header.mutable_job()->set_run(1);
    header.mutable_job()->set_seq(seq);
    header.set_units(10);
    header.set_label("job number " + std::to_string(seq));
    *header.mutable_payload() = payload;
    return header;
  }
  void feed(std::uint64_t seq, const std::string& bytes) {
    v1::Envelope message = envelope();
    message.mutable_feed()->set_run(1);
    *message.mutable_feed()->add_jobs() = header(seq, wire::inlined_ref(bytes));
    say("stage", message, {bytes});
  }
  void end_feed(std::uint64_t jobs) {
    v1::Envelope message = envelope();
    message.mutable_feed_end()->set_run(1);
    message.mutable_feed_end()->set_jobs(jobs);
    say("stage", message);
  }
  /// A run with a client, a stage and `jobs` jobs that are fed, and nothing said so far that a test would look at.
  void begin_run(std::uint64_t jobs) {
    greet_as_client();
    submit();
    greet_as_stage();
    plan(jobs);
    for (std::uint64_t seq = 0; seq < jobs; ++seq) feed(seq, "job " + std::to_string(seq));
    end_feed(jobs);
    sender_.sent.clear();
  }
  v1::Envelope result(const v1::Assignment& job, v1::Outcome outcome) {
    v1::Envelope message = envelope();
    v1::JobResult& result = *message.mutable_results()->add_results();
    *result.mutable_job() = job.job();
    *result.mutable_attempt() = job.attempt();
    result.set_outcome(outcome);
    return message;
  }
  void answer(const wire::PeerAddress& from, const v1::Assignment& job, const std::string& bytes) {
    v1::Envelope message = result(job, v1::OUTCOME_DONE);
    *message.mutable_results()->mutable_results(0)->mutable_payload() = wire::inlined_ref(bytes);
    say(from, message, {bytes});
  }
  void report_failure(const wire::PeerAddress& from, const v1::Assignment& job, const std::string& what) {
    v1::Envelope message = result(job, v1::OUTCOME_FAILED);
    *message.mutable_results()->mutable_results(0)->mutable_fault() = wire::to_wire(Error{ErrorCode::kInput, what, {}, {}});
    say(from, message);
  }
  void ask_again(std::uint64_t seq, const std::string& bytes, std::uint32_t revision = 1) {
    v1::Envelope message = envelope();
    *message.mutable_redo()->mutable_job() = header(seq, wire::inlined_ref(bytes));
    message.mutable_redo()->set_revision(revision);
    say("stage", message, {bytes});
  }
  void accept(std::uint64_t seq) {
    v1::Envelope message = envelope();
    message.mutable_accept()->set_run(1);
    *message.mutable_accept()->add_jobs() = wire::to_wire(JobId{RunId{1}, {seq, 0}});
    say("stage", message);
  }
  void publish() {
    v1::Envelope message = envelope();
    message.mutable_publish()->set_run(1);
    message.mutable_publish()->set_incarnation(1);
    message.mutable_publish()->set_output_bytes(777);
    message.mutable_publish()->set_report("the report");
    say("stage", message);
  }

  // --- what they hear
  /// The kinds of all that `peer` was sent since it was last asked, in order; the messages themselves are in `heard_`.
  Kinds hears(const wire::PeerAddress& peer) {
    heard_.assign(sender_.sent[peer].begin(), sender_.sent[peer].end());
    sender_.sent[peer].clear();
    Kinds kinds;
    for (const wire::Message& message : heard_) kinds.push_back(wire::kind_of(message.envelope));
    return kinds;
  }
  /// The last message of that kind among those: fails the test when there is none.
  const wire::Message& heard(const std::string& kind) {
    for (auto message = heard_.rbegin(); message != heard_.rend(); ++message) {
      if (wire::kind_of(message->envelope) == kind) return *message;
    }
    ADD_FAILURE() << "no " << kind << " was heard";
    static const wire::Message kNothing;
    return kNothing;
  }
  /// The only job that `worker` has just been given.
  v1::Assignment assignment(const wire::PeerAddress& worker) {
    hears(worker);
    const v1::Assign assign = heard("assign").envelope.assign();
    EXPECT_EQ(assign.jobs_size(), 1);
    return assign.jobs_size() > 0 ? assign.jobs(0) : v1::Assignment();
  }
  v1::RunUpdate update() {
    hears("client");
    return heard("run_update").envelope.run_update();
  }
  v1::Refused refusal(const wire::PeerAddress& peer) {
    hears(peer);
    return heard("refused").envelope.refused();
  }

  void pass(Duration time) {
    now_ += time;
    hub_.on_time(now_);
    notice_gone();
  }

  Instant now_{Duration(1h)};
  TemporaryDirectory directory_;
  FakeSender sender_;
  FakeLauncher launcher_;
  FaultyDisk disk_{directory_.path()};
  Spool spool_{disk_};
  std::uint64_t random_ = 0;
  FakeAudit audit_;
  Hub hub_;
  std::map<wire::PeerAddress, wire::Principal> keys_;  ///< With which peers speak; others without.
  std::vector<wire::Message> heard_;
  bool may_run_twice_ = true;  ///< The jobs of the runs that are submitted.
};

}  // namespace sheaf::master
