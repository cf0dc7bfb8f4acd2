#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/wire/limits.h"
#include "common/wire/message.h"
#include "worker/core/session.h"

namespace sheaf::worker {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline Instant at(Duration since_start) {
  return Instant(seconds(1000)) + since_start;
}

/// A session and the master that it talks to: what either says goes through the codec, as on the wire.
class SessionHarness {
 public:
  explicit SessionHarness(SessionConfig config = one_slot()) : session_(config, hello()) {
    session_.on_time(now_, actions_);
    take();
    first_words_ = words_;
  }

  static SessionConfig one_slot() {
    SessionConfig config;
    config.prefetch = 2;
    config.bytes_max = 1 << 20;
    config.drain_max = seconds(30);
    config.scratch = ::testing::TempDir();
    return config;
  }
  static v1::Hello hello() {
    v1::Hello hello;
    *hello.mutable_session() = wire::to_wire(SessionId{1, 2});
    hello.set_host("here");
    hello.set_pid(7);
    return hello;
  }
  static ExecutorFacts facts(std::uint32_t slots = 1) { return {slots, {{"video", "fingerprint"}}}; }
  static JobId job(std::uint64_t seq) { return JobId{RunId{5}, JobKey{seq, 0}}; }
  static Attempt attempt(std::uint64_t n, std::uint64_t epoch = 1) { return Attempt{epoch, n}; }

  /// The usual beginning: executor 1 is ready, the master has said welcome.
  void begin() {
    ready(1);
    welcome(1);
  }
  void ready(std::uint64_t executor, std::uint32_t slots = 1) { ready(executor, facts(slots)); }
  void ready(std::uint64_t executor, const ExecutorFacts& facts) {
    session_.on_executor_ready(now_, ExecutorId{executor}, facts, actions_);
    take();
  }
  void welcome(std::uint64_t epoch, std::uint64_t peer = 1) {
    wire::Message message;
    v1::Welcome& welcome = *message.envelope.mutable_welcome();
    welcome.set_protocol(wire::kProtocolVersion);
    welcome.set_epoch(epoch);
    welcome.set_heartbeat_interval_ms(1000);
    welcome.set_silence_max_ms(4000);
    welcome.set_peer(peer);
    welcome.set_lease_ms(60'000);
    welcome.set_lease_mark(mark_);
    epoch_ = epoch;
    hear(std::move(message));
  }
  void assign(std::uint64_t seq, std::uint64_t n, const std::string& payload = "job",
              const std::optional<std::string>& setup = "setup") {
    wire::Message message;
    message.payloads.push_back(payload);
    add_assignment(message, job(seq), n, setup, wire::payload_ref(payload.size(), digest(payload), true));
    hear(std::move(message));
  }
  /// A job that may not run in two copies.
  void assign_leased(std::uint64_t seq, std::uint64_t n) {
    wire::Message message;
    message.payloads.emplace_back("job");
    add_assignment(message, job(seq), n, "setup", wire::payload_ref(3, digest("job"), true));
    message.envelope.mutable_assign()->mutable_jobs(0)->set_is_leased(true);
    hear(std::move(message));
  }
  void renew(std::uint64_t mark) {
    wire::Message message;
    message.envelope.mutable_lease_renewed()->set_mark(mark);
    hear(std::move(message));
  }
  void assign_kind(const std::string& kind, std::uint64_t seq, std::uint64_t n) {
    wire::Message message;
    message.payloads.emplace_back("job");
    add_assignment(message, job(seq), n, "setup", wire::payload_ref(3, digest("job"), true));
    message.envelope.mutable_assign()->mutable_jobs(0)->set_kind(kind);
    hear(std::move(message));
  }
  /// A payload that comes in parts.
  void announce(std::uint64_t seq, std::uint64_t n, const std::string& payload) {
    wire::Message message;
    add_assignment(message, job(seq), n, "setup", wire::payload_ref(payload.size(), digest(payload), false));
    hear(std::move(message));
  }
  void part(std::uint64_t seq, std::uint64_t n, std::uint64_t offset, std::string bytes, bool last) {
    wire::Message message;
    v1::Part& part = *message.envelope.mutable_part();
    *part.mutable_transfer()->mutable_job() = wire::to_wire(job(seq));
    *part.mutable_transfer()->mutable_attempt() = wire::to_wire(attempt(n, epoch_));
    part.set_offset(offset);
    part.set_last(last);
    message.payloads.push_back(std::move(bytes));
    hear(std::move(message));
  }
  void credit(std::uint64_t seq, std::uint64_t n, std::uint64_t until) {
    wire::Message message;
    v1::PartCredit& credit = *message.envelope.mutable_part_credit();
    *credit.mutable_transfer()->mutable_job() = wire::to_wire(job(seq));
    *credit.mutable_transfer()->mutable_attempt() = wire::to_wire(attempt(n, epoch_));
    credit.set_until(until);
    hear(std::move(message));
  }
  void ack(std::uint64_t seq, std::uint64_t n, std::uint64_t epoch = 1) {
    wire::Message message;
    *message.envelope.mutable_result_ack()->add_attempts() = wire::to_wire(job(seq), attempt(n, epoch));
    hear(std::move(message));
  }
  void revoke(std::uint64_t seq, std::uint64_t n) {
    wire::Message message;
    *message.envelope.mutable_revoke()->add_attempts() = wire::to_wire(job(seq), attempt(n));
    hear(std::move(message));
  }
  void refuse(v1::RefusalReason reason, const std::string& text) {
    wire::Message message;
    message.envelope.mutable_refused()->set_reason(reason);
    message.envelope.mutable_refused()->set_text(text);
    hear(std::move(message));
  }
  void hear(wire::Message message) {
    auto decoded = wire::decode(wire::encode(message));
    ASSERT_TRUE(decoded) << decoded.error().message();
    session_.on_message(now_, std::move(*decoded), actions_);
    take();
  }
  void done(std::uint64_t executor, std::uint64_t seq, std::uint64_t n, Result<JobOutput> result, bool final = false) {
    session_.on_job_done(now_, ExecutorId{executor}, job(seq), attempt(n), std::move(result), final, actions_);
    take();
  }
  void lose(std::uint64_t executor, const std::string& evidence = "was ended by signal 9") {
    session_.on_executor_lost(now_, ExecutorId{executor}, Error{ErrorCode::kFailed, evidence, {}, {}}, actions_);
    take();
  }
  void drain() {
    session_.drain(now_, Error{ErrorCode::kStopped, "stopped by SIGTERM", {}, {}}, 143, actions_);
    take();
  }
  /// From now on what comes of large payloads waits for the disk.
  void stop_disk() { disk_stands_ = true; }
  /// The disk takes what waits, and is as quick as before; or says why it does not.
  void go_on_with_disk(Status status = {}) {
    disk_stands_ = false;
    keep_parts(status);
    take_more();
  }
  void time(Duration since_start) {
    now_ = at(since_start);
    session_.on_time(now_, actions_);
    take();
    first_words_ = words_;
  }

  WorkerSession& session() { return session_; }
  Instant now() const { return now_; }

  /// What came of the last call, in words: "start 1 job 3", "send result 3 done", ...
  const std::vector<std::string>& words() const { return words_; }
  /// What came of its making.
  const std::vector<std::string>& first_words() const { return first_words_; }
  /// The last mark that it has sent for a lease; the leases that came of them since they were last taken.
  std::uint64_t mark() const { return mark_; }
  std::vector<Instant> take_leases() { return std::exchange(leases_, {}); }
  /// The messages among it.
  const std::vector<wire::Message>& sent() const { return sent_; }
  /// The payloads that executors were given in it.
  const std::vector<std::string>& started_payloads() const { return started_payloads_; }
  /// The openings of runs among it.
  const std::vector<OpenRun>& opened() const { return opened_; }

 private:
  static Digest digest(const std::string& bytes) { return digest_of(std::as_bytes(std::span(bytes))); }

  void add_assignment(wire::Message& message, JobId id, std::uint64_t n, const std::optional<std::string>& setup,
                      const v1::PayloadRef& payload) {
    v1::Assignment& assignment = *message.envelope.mutable_assign()->add_jobs();
    *assignment.mutable_job() = wire::to_wire(id);
    *assignment.mutable_attempt() = wire::to_wire(attempt(n, epoch_));
    assignment.set_kind("video");
    if (setup) assignment.set_setup(*setup);
    *assignment.mutable_payload() = payload;
  }

  static std::string name(ExecutorId executor) { return std::to_string(executor.value); }
  static std::string name(JobId id) { return std::to_string(id.key.seq); }

  void say(const SendMessage& action) {
    auto decoded = wire::decode(wire::encode(action.message));
    ASSERT_TRUE(decoded) << decoded.error().message();
    const v1::Envelope& envelope = decoded->envelope;
    switch (envelope.body_case()) {
      case v1::Envelope::kHello: {
        std::string running;
        for (const auto& each : envelope.hello().worker().running()) running += " " + std::to_string(each.job().seq());
        words_.push_back("send hello" + running);
        mark_ = envelope.hello().worker().lease_mark();
        break;
      }
      case v1::Envelope::kRenewLease: mark_ = envelope.renew_lease().mark(); break;
      case v1::Envelope::kHeartbeat: words_.push_back("send heartbeat"); break;
      case v1::Envelope::kGoodbye: words_.push_back("send goodbye"); break;
      case v1::Envelope::kResults:
        for (const v1::JobResult& result : envelope.results().results()) {
          static const char* const kOutcomes[] = {"?",        "done",      "failed",     "executor lost",
                                                  "returned", "unstarted", "lease ended"};
          words_.push_back("send result " + std::to_string(result.job().seq()) + " " + kOutcomes[result.outcome()]);
        }
        break;
      case v1::Envelope::kPart:
        words_.push_back("send part " + std::to_string(envelope.part().offset()) + "+" +
                         std::to_string(decoded->payloads[0].size()) + (envelope.part().last() ? " last" : ""));
        break;
      case v1::Envelope::kPartCredit: words_.push_back("send credit " + std::to_string(envelope.part_credit().until())); break;
      case v1::Envelope::kDraining: words_.push_back("send draining"); break;
      default: words_.push_back("send something else");
    }
    sent_.push_back(std::move(*decoded));
  }
  void say(const DropUnsent&) { words_.emplace_back("drop unsent"); }
  void say(KeepPart& action) {
    kept_.push_back(std::move(action));
    if (!disk_stands_) keep_parts();
  }
  void say(const StartExecutor& action) {
    words_.push_back("start executor " + name(action.executor) +
                     (action.program == 0 ? "" : " of program " + std::to_string(action.program)));
  }
  void say(const EndExecutor& action) { words_.push_back("end executor " + name(action.executor)); }
  void say(const OpenRun& action) {
    words_.push_back("open run " + std::to_string(action.run.value) + " in " + name(action.executor));
    opened_.push_back(action);
  }
  void say(const StartJob& action) {
    words_.push_back("start job " + name(action.job) + " in " + name(action.executor));
    started_payloads_.push_back(action.payload.read_all().value_or("unreadable"));
  }
  void say(const AskJobBack& action) {
    words_.push_back("ask for job " + name(action.job) + " back from " + name(action.executor));
  }
  void say(const CancelJob& action) { words_.push_back("cancel job " + name(action.job) + " in " + name(action.executor)); }
  void say(const SetLease& action) { leases_.push_back(action.until); }
  void say(const Leave& action) { words_.push_back("leave " + std::to_string(action.exit_code) + ": " + action.reason.what); }

  void keep_parts(const Status& status = {}) {
    for (KeepPart& part : std::exchange(kept_, {})) {
      EXPECT_TRUE(part.payload.append(part.bytes));
      Result<Blob> payload = std::move(part.payload);
      if (!status) payload = tl::unexpected(status.error());
      session_.on_part_kept(now_, part.number, part.attempt, std::move(payload), actions_);
    }
  }

  void take() {
    words_.clear();
    sent_.clear();
    started_payloads_.clear();
    opened_.clear();
    take_more();
  }

  void take_more() {
    while (!actions_.empty()) {
      for (Action& action : std::exchange(actions_, {})) {
        std::visit([this](auto& each) { say(each); }, action);
      }
    }
  }

  Instant now_ = at(Duration::zero());
  std::uint64_t epoch_ = 1;
  WorkerSession session_;
  Actions actions_;
  std::vector<std::string> words_;
  std::vector<std::string> first_words_;
  std::vector<wire::Message> sent_;
  std::vector<std::string> started_payloads_;
  std::vector<OpenRun> opened_;
  std::vector<KeepPart> kept_;
  std::uint64_t mark_ = 0;
  std::vector<Instant> leases_;
  bool disk_stands_ = false;
};

}  // namespace sheaf::worker
