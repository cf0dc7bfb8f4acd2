// sheaf-worker itself, with fake_executor as its executor program, against a master that is played by the test.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "common/runtime/child.h"
#include "common/wire/limits.h"
#include "common/wire/message.h"
#include "tests/own_directory.h"
#include "tests/unit/scripted_master.h"

namespace sheaf::worker {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr Duration kPatience = seconds(60);  // Only a test that fails waits so long.

/// The processes that `pid` has started and that have not ended.
std::vector<pid_t> children_of(pid_t pid) {
  const std::string number = std::to_string(pid);
  std::ifstream file("/proc/" + number + "/task/" + number + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; file >> child;) children.push_back(child);
  return children;
}

/// A descriptor that becomes readable when the process ends.
Fd watch_end_of(pid_t pid) {
  return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

/// Waits until the process is gone, whoever's child it is.
bool is_gone(const Fd& pidfd) {
  pollfd entry{pidfd.get(), POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(milliseconds(kPatience))) == 1;
}

class WorkerProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto lifeline = make_pipe();
    ASSERT_TRUE(lifeline);
    lifeline_ = std::move(*lifeline);
    auto errors = make_pipe();
    ASSERT_TRUE(errors);
    errors_ = std::move(*errors);
  }
  void TearDown() override {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    wait_for_child(pid_);
  }

  void start_worker(std::vector<std::string> arguments = {},
                    const std::string& executor = test::own_directory() / "fake_executor") {
    ChildRequest request;
    request.program = test::own_directory() / "../bin/sheaf-worker";
    request.arguments = {"--master", master_.address(), "--workers", "1", "--executor", executor};
    request.arguments.insert(request.arguments.end(), arguments.begin(), arguments.end());
    request.descriptors = {lifeline_.read.get()};
    request.stderr_fd = errors_.write.get();
    auto pid = start_child(request);
    ASSERT_TRUE(pid) << pid.error().message();
    pid_ = *pid;
    lifeline_.read.reset();
    errors_.write.reset();
  }
  /// The worker has ended: with which code, and what it wrote to stderr.
  ChildExit end() {
    std::string text(1 << 16, '\0');
    for (ssize_t size = 0; (size = ::read(errors_.read.get(), text.data(), text.size())) > 0;) {
      errors_text_.append(text, 0, static_cast<std::size_t>(size));
    }
    const ChildExit exit = wait_for_child(pid_);
    pid_ = 0;
    return exit;
  }

  void send(wire::Message message) { master_.send(std::move(message), 1); }
  wire::Message receive() { return master_.receive_news(); }
  /// Hello and welcome.
  void greet() {
    const wire::Message hello = receive();
    ASSERT_TRUE(hello.envelope.has_hello());
    EXPECT_EQ(hello.envelope.hello().worker().kinds(0).fingerprint(), "fake 1");
    wire::Message message;
    v1::Welcome& welcome = *message.envelope.mutable_welcome();
    welcome.set_protocol(wire::kProtocolVersion);
    welcome.set_epoch(1);
    welcome.set_heartbeat_interval_ms(1000);
    welcome.set_silence_max_ms(600'000);  // This master says no heartbeats.
    welcome.set_lease_ms(600'000);
    send(std::move(message));
  }
  static JobId job(std::uint64_t n) { return JobId{RunId{1}, JobKey{n, 0}}; }
  void assign(std::uint64_t n, const std::string& payload) {
    wire::Message message;
    v1::Assignment& assignment = *message.envelope.mutable_assign()->add_jobs();
    *assignment.mutable_job() = wire::to_wire(job(n));
    *assignment.mutable_attempt() = wire::to_wire(Attempt{1, n});
    assignment.set_kind("video");
    assignment.set_setup("s");
    const Digest digest = digest_of(std::as_bytes(std::span(payload)));
    const bool is_small = payload.size() <= kInlinePayloadBytesMax;
    *assignment.mutable_payload() = wire::payload_ref(payload.size(), digest, is_small);
    if (is_small) message.payloads.push_back(payload);
    send(std::move(message));
  }
  wire::Message receive_result() {
    wire::Message message = receive();
    EXPECT_TRUE(message.envelope.has_results()) << message.envelope.ShortDebugString();
    return message;
  }
  void acknowledge(std::uint64_t n) {
    wire::Message message;
    *message.envelope.mutable_result_ack()->add_attempts() = wire::to_wire(job(n), Attempt{1, n});
    send(std::move(message));
  }

  test::ScriptedMaster master_;
  Pipe lifeline_;
  Pipe errors_;
  std::string errors_text_;
  pid_t pid_ = 0;
};

TEST_F(WorkerProcessTest, DoesJobsAndDrainsOnSigterm) {
  start_worker();
  greet();
  assign(1, "say hello");
  EXPECT_THAT(receive_result().payloads, ::testing::ElementsAre("s:hello"));
  ASSERT_EQ(::kill(pid_, SIGTERM), 0);
  EXPECT_TRUE(receive().envelope.has_draining()) << "it still holds the result";
  acknowledge(1);
  EXPECT_TRUE(receive().envelope.has_goodbye());
  EXPECT_EQ(end().code, 143);
}

TEST_F(WorkerProcessTest, CarriesLargePayloadsBothWays) {
  start_worker();
  greet();
  const std::string payload = "big 3000000 " + std::string(2'500'000, 'x');
  assign(1, payload);
  std::uint64_t sent = 0;
  while (sent < payload.size()) {
    const wire::Message credit = receive();
    ASSERT_TRUE(credit.envelope.has_part_credit());
    while (sent < credit.envelope.part_credit().until()) {
      wire::Message message;
      v1::Part& part = *message.envelope.mutable_part();
      *part.mutable_transfer() = credit.envelope.part_credit().transfer();
      part.set_offset(sent);
      message.payloads.push_back(payload.substr(sent, wire::kPartBytesMax));
      sent += message.payloads[0].size();
      part.set_last(sent == payload.size());
      send(std::move(message));
    }
  }
  const v1::JobResult result = receive_result().envelope.results().results(0);
  EXPECT_EQ(result.payload().bytes(), 3'000'000U);
  EXPECT_FALSE(result.payload().inlined());
  wire::Message credit;
  *credit.envelope.mutable_part_credit()->mutable_transfer()->mutable_job() = result.job();
  *credit.envelope.mutable_part_credit()->mutable_transfer()->mutable_attempt() = result.attempt();
  credit.envelope.mutable_part_credit()->set_until(3'000'000);
  send(std::move(credit));
  std::string arrived;
  while (arrived.size() < 3'000'000) {
    const wire::Message part = receive();
    ASSERT_TRUE(part.envelope.has_part());
    arrived += part.payloads[0];
  }
  EXPECT_TRUE(arrived == std::string(3'000'000, 'b'));
}

TEST_F(WorkerProcessTest, ReportsADeadExecutorAndGoesOnWithAnother) {
  start_worker();
  greet();
  assign(1, "die");
  const v1::JobResult result = receive_result().envelope.results().results(0);
  EXPECT_EQ(result.outcome(), v1::OUTCOME_EXECUTOR_LOST);
  EXPECT_THAT(result.fault().what(), HasSubstr("signal 9"));
  EXPECT_THAT(result.fault().what(), HasSubstr("MB of memory"));
  EXPECT_THAT(result.fault().what(), HasSubstr("these are my last words"));
  assign(2, "say still here");
  EXPECT_THAT(receive_result().payloads, ::testing::ElementsAre("s:still here"));
}

TEST_F(WorkerProcessTest, LeavesAtOnceOnSigintAndLeavesNoProcess) {
  start_worker();
  greet();
  assign(1, "wait");
  const std::vector<pid_t> spawner = children_of(pid_);
  ASSERT_EQ(spawner.size(), 1U);
  const std::vector<pid_t> executors = children_of(spawner[0]);
  ASSERT_EQ(executors.size(), 1U);
  ASSERT_EQ(::kill(pid_, SIGINT), 0);
  EXPECT_EQ(end().code, 130);
  EXPECT_EQ(::kill(executors[0], 0), -1);
  EXPECT_EQ(::kill(spawner[0], 0), -1);
}

TEST_F(WorkerProcessTest, LeavesNoProcessWhenItIsKilled) {
  start_worker();
  greet();
  assign(1, "wait");
  const std::vector<pid_t> spawner = children_of(pid_);
  ASSERT_EQ(spawner.size(), 1U);
  const std::vector<pid_t> executors = children_of(spawner[0]);
  ASSERT_EQ(executors.size(), 1U);
  const Fd spawner_end = watch_end_of(spawner[0]);
  const Fd executor_end = watch_end_of(executors[0]);
  ASSERT_EQ(::kill(pid_, SIGKILL), 0);
  EXPECT_TRUE(is_gone(spawner_end));
  EXPECT_TRUE(is_gone(executor_end));
}

TEST_F(WorkerProcessTest, LeavesWithWhoeverStartedIt) {
  start_worker({"--lifeline"});
  greet();
  lifeline_.write.reset();
  end();
  EXPECT_THAT(errors_text_, HasSubstr("the process that started this worker is gone"));
}

TEST_F(WorkerProcessTest, LeavesWhenItsSpawnerIsGone) {
  start_worker();
  greet();
  const std::vector<pid_t> spawner = children_of(pid_);
  ASSERT_EQ(spawner.size(), 1U);
  ASSERT_EQ(::kill(spawner[0], SIGKILL), 0);
  EXPECT_EQ(end().code, 1);
  EXPECT_THAT(errors_text_, HasSubstr("sheaf-worker: the process that starts executors is gone"));
}

TEST_F(WorkerProcessTest, LeavesWithTheMastersWordsWhenItIsRefused) {
  start_worker();
  ASSERT_TRUE(receive().envelope.has_hello());
  wire::Message refusal;
  refusal.envelope.mutable_refused()->set_reason(v1::REFUSAL_PROTOCOL);
  refusal.envelope.mutable_refused()->set_text("the master speaks protocol 9, the worker 1");
  send(std::move(refusal));
  EXPECT_EQ(end().code, 5);
  EXPECT_THAT(errors_text_, HasSubstr("sheaf-worker: " + master_.address() +
                                      ": the master refused this worker: the master speaks protocol 9"));
}

TEST_F(WorkerProcessTest, LeavesWhenItsExecutorProgramIsMissing) {
  start_worker({}, "/no/such/executor");
  EXPECT_EQ(end().code, 1);
  EXPECT_THAT(errors_text_, HasSubstr("sheaf-worker: /no/such/executor: no executor gets ready: cannot start: No such file"));
}

TEST_F(WorkerProcessTest, RefusesAWrongCommandLine) {
  start_worker({"--threads", "0", "--frobnicate"});
  EXPECT_EQ(end().code, 2);
  EXPECT_THAT(errors_text_, HasSubstr("sheaf-worker: --frobnicate: is no option"));
  EXPECT_THAT(errors_text_, HasSubstr("sheaf-worker: --threads: \"0\" is no whole number"));
}

}  // namespace
}  // namespace sheaf::worker
