#include "master/stages/stage_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/net/channel.h"
#include "common/runtime/clock.h"
#include "common/runtime/private_directory.h"
#include "tests/unit/master_messages.h"

namespace sheaf::stages {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

constexpr Duration kPatience = seconds(60);  // Only a test that fails waits so long.

/// A kind with two jobs that writes down how it is called, and that stands still in bind() while `stuck` is set.
class FakeStageKind final : public StageKind {
 public:
  struct Story {
    std::vector<std::string> calls;  ///< Of the kind's thread until the stage has ended.
    std::atomic<bool> stuck{false};
    std::atomic<bool> binding{false};
  };
  explicit FakeStageKind(Story& story) : story_(story) {}

  Result<StagePlan> plan() override {
    story_.calls.push_back("plan");
    return StagePlan{"setup", 2, 20, {}};
  }
  Result<std::optional<JobOut>> next_job() override {
    if (cut_ == 2) return std::optional<JobOut>();
    const std::uint64_t seq = cut_++;
    story_.calls.push_back("cut " + std::to_string(seq));
    return std::optional(JobOut{{seq, 0}, Blob::of("job"), 10, "a label"});
  }
  Result<Binding> bind(JobKey key, Blob result, const std::string& measures) override {
    story_.binding = true;
    while (story_.stuck) std::this_thread::yield();
    story_.calls.push_back("bind " + std::to_string(key.seq) + " " + result.read_all().value() + " " + measures);
    return Accepted{};
  }
  Result<StageReport> finish() override {
    story_.calls.push_back("finish");
    return StageReport{20, 777, "the report"};
  }
  Status publish() override {
    story_.calls.push_back("publish");
    return {};
  }
  void abandon() noexcept override { story_.calls.push_back("abandon"); }

 private:
  Story& story_;
  std::uint64_t cut_ = 0;
};

/// A stage on a thread of its own, and its master, which the test plays, over a real socket.
class StageLoopTest : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = PrivateDirectory::make();
    ASSERT_TRUE(directory);
    directory_.emplace(std::move(*directory));
    auto endpoint = net::parse_endpoint("ipc://" + directory_->path() + "/m.sock");
    ASSERT_TRUE(endpoint);
    auto router = net::RouterChannel::bind(context_, *endpoint);
    ASSERT_TRUE(router);
    router_.emplace(std::move(*router));
    poller_.add(*router_);
    auto lifeline = make_pipe();
    ASSERT_TRUE(lifeline);
    lifeline_ = std::move(*lifeline);
    auto signals = SignalFd::open(SignalFd::Children::kIgnore);
    ASSERT_TRUE(signals);
    signals_.emplace(std::move(*signals));
    stage_ = std::thread([this] {
      v1::StageSetup setup;
      setup.set_endpoint(router_->address());
      setup.set_run(kRun);
      setup.set_token(stage_identity().token());
      setup.set_incarnation(kIncarnation);
      code_ = run_stage(setup, lifeline_.read, *signals_,
                        [this](const v1::RunDescription&, const KindOptions&) -> Result<std::unique_ptr<StageKind>> {
                          return std::make_unique<FakeStageKind>(story_);
                        });
    });
  }
  void TearDown() override { end(); }

  /// Waits until the stage has ended; its exit code, or what went wrong.
  Result<int> end() {
    story_.stuck = false;
    lifeline_.write.reset();
    if (stage_.joinable()) stage_.join();
    return code_;
  }

  void say(net::Message message) {
    message.envelope.set_epoch(4);
    ASSERT_EQ(router_->send(address_, message), net::SendOutcome::kSent);
  }
  /// The stage's next message of this kind; heartbeats between are dropped, others fail the test.
  v1::Envelope hear(const std::string& kind) {
    const Instant deadline = now() + kPatience;
    while (now() < deadline) {
      std::optional<net::Incoming> incoming = router_->receive();
      if (!incoming) {
        poller_.wait(deadline - now());
        continue;
      }
      EXPECT_TRUE(incoming->message);
      address_ = incoming->from;
      v1::Envelope envelope = incoming->message->envelope;
      if (net::kind_of(envelope) == kind) return envelope;
      if (!envelope.has_heartbeat()) ADD_FAILURE() << "a " << net::kind_of(envelope) << " where a " << kind << " should be";
    }
    ADD_FAILURE() << "no " << kind;
    return {};
  }
  /// Up to both jobs fed.
  void begin() {
    hear("hello");
    net::Message welcome = welcome_message(4);
    welcome.envelope.mutable_welcome()->set_heartbeat_interval_ms(10);
    say(std::move(welcome));
    hear("run_planned");
    say(credit_message(10));
    hear("feed");
    hear("feed");
    hear("feed_end");
  }

  FakeStageKind::Story story_;
  std::optional<PrivateDirectory> directory_;
  net::Context context_;
  std::optional<net::RouterChannel> router_;
  net::Poller poller_;
  net::PeerAddress address_;
  Pipe lifeline_;
  std::optional<SignalFd> signals_;
  Result<int> code_ = -1;
  std::thread stage_;
};

TEST_F(StageLoopTest, CutsAndBindsARun) {
  begin();
  for (const std::uint64_t seq : {0, 1}) {
    say(deliver_message(seq, "result"));
    EXPECT_EQ(hear("accept").accept().job().seq(), seq);
  }
  say(all_bound_message());
  hear("publish");
  say(publish_granted_message());
  hear("published");
  say(goodbye_message("done"));
  stage_.join();
  EXPECT_EQ(code_, 0);
  EXPECT_THAT(story_.calls,
              ElementsAre("plan", "cut 0", "cut 1", "bind 0 result measures", "bind 1 result measures", "finish", "publish"));
}

TEST_F(StageLoopTest, AnswersTheMasterWhileTheKindIsBusy) {
  // Goal: a kind that waits for its disk must not look like a stage that is gone. Method: bind() stands still; heartbeats come.
  begin();
  story_.stuck = true;
  say(deliver_message(0, "result"));
  while (!story_.binding) std::this_thread::yield();
  hear("heartbeat");
  hear("heartbeat");
  story_.stuck = false;
  hear("accept");
}

TEST_F(StageLoopTest, AbandonsItsWorkWhenItsParentIsGone) {
  begin();
  story_.stuck = true;
  say(deliver_message(0, "result"));
  while (!story_.binding) std::this_thread::yield();
  ASSERT_TRUE(end());
  EXPECT_NE(code_, 0);
  EXPECT_THAT(story_.calls, ElementsAre("plan", "cut 0", "cut 1", "bind 0 result measures", "abandon"));
}

}  // namespace
}  // namespace sheaf::stages
