#include "stage/stage_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/master_messages.h"
#include "tests/unit/scripted_master.h"

namespace sheaf::stage {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

/// What source and sink do in a test.
struct Story {
  std::vector<std::string> source_calls;  ///< Of its thread until the stage has ended.
  std::vector<std::string> sink_calls;    ///< Likewise.
  std::atomic<bool> stuck{false};         ///< bind() stands still.
  std::atomic<bool> binding{false};
  std::atomic<std::uint64_t> bound{0};
  /// The source gives a job only when the one before is bound, as somebody does who reads the output before he goes on.
  std::atomic<bool> waits_for_answers{false};
  std::atomic<bool> stopped{false};
};

/// Two jobs.
class FakeSource final : public JobSource {
 public:
  explicit FakeSource(Story& story) : story_(story) {}
  Result<std::optional<JobOut>> next_job() override {
    if (cut_ == 2) return std::optional<JobOut>();
    while (story_.waits_for_answers && story_.bound < cut_) {
      if (story_.stopped) return fail(ErrorCode::kStopped, "stopped");
      std::this_thread::yield();
    }
    const std::uint64_t seq = cut_++;
    story_.source_calls.push_back("cut " + std::to_string(seq));
    return std::optional(JobOut{{seq, 0}, Blob::of("job"), 10, "a label"});
  }
  void stop() noexcept override { story_.stopped = true; }

 private:
  Story& story_;
  std::uint64_t cut_ = 0;
};

class FakeSink final : public ResultSink {
 public:
  explicit FakeSink(Story& story) : story_(story) {}
  Result<Binding> bind(JobKey key, Blob result, const std::string& measures) override {
    story_.binding = true;
    while (story_.stuck) std::this_thread::yield();
    story_.sink_calls.push_back("bind " + std::to_string(key.seq) + " " + result.read_all().value() + " " + measures);
    story_.bound += 1;
    return Accepted{};
  }
  Result<StageReport> finish() override {
    story_.sink_calls.push_back("finish");
    return StageReport{20, 777, "the report"};
  }
  Status publish() override {
    story_.sink_calls.push_back("publish");
    return {};
  }
  void abandon() noexcept override { story_.sink_calls.push_back("abandon"); }

 private:
  Story& story_;
};

/// A stage on a thread of its own, and its master, which the test plays, over a real socket.
class StageLoopTest : public testing::Test {
 protected:
  void SetUp() override {
    auto lifeline = make_pipe();
    ASSERT_TRUE(lifeline);
    lifeline_ = std::move(*lifeline);
    auto signals = SignalFd::open(SignalFd::Children::kIgnore);
    ASSERT_TRUE(signals);
    signals_.emplace(std::move(*signals));
    stage_ = std::thread([this] {
      v1::StageSetup setup;
      setup.set_endpoint(master_.address());
      setup.set_run(kRun);
      setup.set_token(stage_identity().token());
      setup.set_incarnation(kIncarnation);
      code_ = run_stage(setup, lifeline_.read, *signals_,
                        [this](const v1::RunDescription&, const StageOptions&) -> Result<OpenedRun> {
                          return OpenedRun{StagePlan{"setup", 2, 20, {}}, std::make_unique<FakeSource>(story_),
                                           std::make_unique<FakeSink>(story_)};
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

  void say(wire::Message message) { master_.send(std::move(message), 4); }
  /// The stage's next message, which must be of this kind; heartbeats before it do not count.
  v1::Envelope hear(const std::string& kind) {
    const v1::Envelope envelope = (kind == "heartbeat" ? master_.receive() : master_.receive_news()).envelope;
    EXPECT_EQ(wire::kind_of(envelope), kind);
    return envelope;
  }
  /// The kinds of the next three, which two threads bring about: in any order.
  std::vector<std::string> hear_three() {
    std::vector<std::string> kinds;
    while (kinds.size() < 3) kinds.push_back(wire::kind_of(master_.receive_news().envelope));
    return kinds;
  }
  /// Up to the credit for all jobs.
  void greet() {
    hear("hello");
    wire::Message welcome = welcome_message(4);
    welcome.envelope.mutable_welcome()->set_heartbeat_interval_ms(10);
    say(std::move(welcome));
    hear("run_planned");
    say(credit_message(10));
  }
  /// Up to both jobs fed.
  void begin() {
    greet();
    std::uint64_t fed = 0;
    while (fed < 2) fed += static_cast<std::uint64_t>(hear("feed").feed().jobs_size());
    hear("feed_end");
  }

  Story story_;
  test::ScriptedMaster master_;
  Pipe lifeline_;
  std::optional<SignalFd> signals_;
  Result<int> code_ = -1;
  std::thread stage_;
};

TEST_F(StageLoopTest, CutsAndBindsARun) {
  begin();
  for (const std::uint64_t seq : {0, 1}) {
    say(deliver_message(seq, "result"));
    EXPECT_EQ(hear("accept").accept().jobs(0).seq(), seq);
  }
  say(all_bound_message());
  hear("publish");
  say(publish_granted_message());
  hear("published");
  say(goodbye_message("done"));
  stage_.join();
  EXPECT_EQ(code_, 0);
  EXPECT_THAT(story_.source_calls, ElementsAre("cut 0", "cut 1"));
  EXPECT_THAT(story_.sink_calls, ElementsAre("bind 0 result measures", "bind 1 result measures", "finish", "publish"));
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
  EXPECT_THAT(story_.sink_calls, ElementsAre("bind 0 result measures", "abandon"));
}

TEST_F(StageLoopTest, BindsWhileTheSourceWaitsForInput) {
  story_.waits_for_answers = true;
  greet();
  hear("feed");
  say(deliver_message(0, "result"));
  EXPECT_THAT(hear_three(), UnorderedElementsAre("accept", "feed", "feed_end"));
  say(deliver_message(1, "result"));
  hear("accept");
}

TEST_F(StageLoopTest, LeavesWhileTheSourceWaitsForInput) {
  story_.waits_for_answers = true;
  greet();
  hear("feed");
  ASSERT_TRUE(end());  // Which joins its threads.
  EXPECT_TRUE(story_.stopped);
  EXPECT_THAT(story_.sink_calls, ElementsAre("abandon"));
}

}  // namespace
}  // namespace sheaf::stage
