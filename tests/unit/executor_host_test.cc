#include "worker/executor/executor_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "common/wire/message.h"
#include "tests/unit/fake_kind.h"
#include "worker/core/limits.h"

namespace sheaf::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A host on a thread of its own, and the link's end of its socket.
class ExecutorHostTest : public ::testing::Test {
 protected:
  void SetUp() override { begin(2); }

  void begin(std::uint32_t threads) {
    auto sockets = make_socketpair();
    ASSERT_TRUE(sockets);
    link_.emplace(std::move(sockets->first));
    JobKinds kinds;
    kinds.push_back(std::make_unique<FakeKind>());
    host_ =
        std::make_unique<ExecutorHost>(std::move(sockets->second), std::move(kinds), HostConfig{threads, ::testing::TempDir()});
    thread_ = std::thread([this] { ended_ = host_->run(); });
    const local::LocalFrame frame = receive();
    ASSERT_TRUE(frame.message.has_ready());
    EXPECT_EQ(frame.message.ready().slots(), threads);
    ASSERT_EQ(frame.message.ready().kinds_size(), 1);
    EXPECT_EQ(frame.message.ready().kinds(0).name(), "video");
    EXPECT_EQ(frame.message.ready().kinds(0).fingerprint(), "fake 1");
  }

  void TearDown() override {
    link_.reset();  // The host's sign to leave.
    thread_.join();
    EXPECT_TRUE(ended_) << ended_.error().message();
  }

  local::LocalFrame receive() {
    auto frame = link_->receive();
    EXPECT_TRUE(frame && *frame);
    return frame && *frame ? std::move(**frame) : local::LocalFrame{};
  }
  void open(std::uint64_t run, const std::string& setup, const std::string& kind = "video") {
    local::LocalFrame frame;
    frame.message.mutable_run()->set_run(run);
    frame.message.mutable_run()->set_kind(kind);
    frame.message.mutable_run()->set_setup(setup);
    ASSERT_TRUE(link_->send(std::move(frame)));
  }
  void start(std::uint64_t run, std::uint64_t n, Blob payload) {
    local::LocalFrame frame;
    v1::ExecutorJob& job = *frame.message.mutable_job();
    *job.mutable_job() = wire::to_wire(JobId{RunId{run}, JobKey{n, 0}});
    *job.mutable_attempt() = wire::to_wire(Attempt{1, n});
    *job.mutable_payload() = local::attach_payload(std::move(payload), frame);
    ASSERT_TRUE(link_->send(std::move(frame)));
  }
  void start(std::uint64_t run, std::uint64_t n, const std::string& payload) { start(run, n, Blob::of(payload)); }
  /// How many threads of this process `ps -L` shows with this name.
  static int thread_named(const std::string& name) {
    int count = 0;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
      std::ifstream file(thread.path() / "comm");
      std::string shown;
      std::getline(file, shown);
      count += shown == name ? 1 : 0;
    }
    return count;
  }
  void cancel(std::uint64_t n, bool unless_begun = false) {
    local::LocalFrame frame;
    *frame.message.mutable_cancel()->mutable_job() = wire::to_wire(JobId{RunId{1}, JobKey{n, 0}});
    *frame.message.mutable_cancel()->mutable_attempt() = wire::to_wire(Attempt{1, n});
    frame.message.mutable_cancel()->set_unless_begun(unless_begun);
    ASSERT_TRUE(link_->send(std::move(frame)));
  }
  /// The next ExecutorDone, in words.
  std::string receive_done() {
    local::LocalFrame frame = receive();
    const v1::ExecutorDone done = frame.message.done();
    const std::string prefix = std::to_string(done.attempt().n()) + " ";
    if (done.has_fault()) return prefix + (done.final() ? "final: " : "fault: ") + done.fault().what();
    auto payload = local::take_payload(done.payload(), frame);
    return prefix + (done.payload().in_file() ? "file of " + std::to_string(payload->size()) : *payload->read_all());
  }

  std::optional<local::LocalStream> link_;
  std::unique_ptr<ExecutorHost> host_;
  std::thread thread_;
  Status ended_;
};

TEST_F(ExecutorHostTest, DoesJobsOfTheRunsThatWereOpened) {
  open(1, "one");
  open(2, "two");
  start(1, 1, "say x");
  EXPECT_EQ(receive_done(), "1 one:x");
  start(2, 2, "say y");
  EXPECT_EQ(receive_done(), "2 two:y");
  open(1, "anew");
  start(1, 3, "say z");
  EXPECT_EQ(receive_done(), "3 anew:z");
}

TEST_F(ExecutorHostTest, OutlivesWhateverGoesWrongInAJob) {
  open(1, "s");
  start(1, 1, "fail");
  EXPECT_EQ(receive_done(), "1 fault: did not work ?");
  start(1, 2, "input");
  EXPECT_EQ(receive_done(), "2 final: frame 7 is damaged");
  start(1, 3, "throw");
  EXPECT_EQ(receive_done(), "3 fault: the job ended with an exception: thrown");
  start(7, 4, "say x");
  EXPECT_EQ(receive_done(), "4 fault: a job of a run that was not opened");
  open(2, "bad");
  start(2, 5, "say x");
  EXPECT_EQ(receive_done(), "5 final: no such op");
  open(3, "s", "command");
  start(3, 6, "say x");
  EXPECT_EQ(receive_done(), "6 final: this executor does no jobs of the kind \"command\"");
  start(1, 7, "say still here");
  EXPECT_EQ(receive_done(), "7 s:still here");
}

TEST_F(ExecutorHostTest, PassesLargePayloadsAsFilesBothWays) {
  open(1, "s");
  start(1, 1, "big 5000000");
  EXPECT_EQ(receive_done(), "1 file of 5000000");
  start(1, 2, "memory 3000000");  // A kind that kept too much in memory.
  EXPECT_EQ(receive_done(), "2 file of 3000000");
  Blob large(::testing::TempDir());
  ASSERT_TRUE(large.append(std::string(4'000'000, 'x')));
  ASSERT_FALSE(large.is_in_memory());
  start(1, 3, std::move(large));
  EXPECT_EQ(receive_done(), "3 4000000");
}

TEST_F(ExecutorHostTest, CancelsOneJobWhileTheOtherSlotGoesOn) {
  open(1, "s");
  start(1, 1, "wait");
  start(1, 2, "wait");
  cancel(2);
  EXPECT_EQ(receive_done(), "2 fault: cancelled");
  start(1, 3, "say x");
  EXPECT_EQ(receive_done(), "3 s:x");
  cancel(1);
  EXPECT_EQ(receive_done(), "1 fault: cancelled");
}

TEST_F(ExecutorHostTest, AnswersAtOnceForACancelledJobThatWaits) {
  open(1, "s");
  start(1, 1, "wait");
  start(1, 2, "wait");
  start(1, 3, "say x");
  cancel(3);
  EXPECT_EQ(receive_done(), "3 fault: cancelled");
  cancel(1);
  EXPECT_EQ(receive_done(), "1 fault: cancelled");
  start(1, 4, "say y");
  EXPECT_EQ(receive_done(), "4 s:y") << "the job that was cancelled is not done and not answered again";
  cancel(2);
  EXPECT_EQ(receive_done(), "2 fault: cancelled");
}

TEST_F(ExecutorHostTest, GivesBackOnlyWhatHasNotBegun) {
  open(1, "s");
  start(1, 7, "wait");
  start(1, 8, "wait");
  start(1, 9, "say x");
  while (thread_named("job 7") == 0 || thread_named("job 8") == 0) std::this_thread::yield();
  for (const std::uint64_t n : {7, 8, 9}) cancel(n, true);
  EXPECT_EQ(receive_done(), "9 fault: cancelled");
  start(1, 10, "say y");
  cancel(7);
  EXPECT_EQ(receive_done(), "7 fault: cancelled") << "only now";
  EXPECT_EQ(receive_done(), "10 s:y");
  cancel(8);
  EXPECT_EQ(receive_done(), "8 fault: cancelled");
}

TEST_F(ExecutorHostTest, DoesWhatWaitsInTheOrderInWhichItCame) {
  open(1, "s");
  start(1, 1, "wait");
  for (std::uint64_t n = 2; n <= 40; ++n) start(1, n, "say x");
  for (std::uint64_t n = 2; n <= 40; ++n) EXPECT_EQ(receive_done(), std::to_string(n) + " s:x");
  cancel(1);
  EXPECT_EQ(receive_done(), "1 fault: cancelled");
}

TEST_F(ExecutorHostTest, ShowsWhichJobAThreadIsAt) {
  open(1, "s");
  start(1, 7, "wait");
  while (thread_named("job 7") == 0) std::this_thread::yield();
  cancel(7);
  EXPECT_EQ(receive_done(), "7 fault: cancelled");
  EXPECT_EQ(thread_named("job 7"), 0) << "a job that is answered for is not shown any more";
}

TEST_F(ExecutorHostTest, LeavesWhenTheLinkIsGoneInTheMiddleOfAJob) {
  open(1, "s");
  start(1, 1, "wait");
  link_.reset();
  thread_.join();
  host_.reset();  // Its slot stops: it would not return otherwise.
  thread_ = std::thread([] {});
}

TEST_F(ExecutorHostTest, KeepsTheLastRunsOpenThatTheSessionCounts) {
  for (std::uint64_t run = 1; run <= kOpenRunsMax; ++run) open(run, "s" + std::to_string(run));
  start(1, 1, "say x");
  EXPECT_EQ(receive_done(), "1 s1:x");
  open(kOpenRunsMax + 1, "new");
  start(1, 2, "say x");
  EXPECT_THAT(receive_done(), HasSubstr("not opened"));
  start(2, 3, "say x");
  EXPECT_EQ(receive_done(), "3 s2:x");
}

}  // namespace
}  // namespace sheaf::worker
