// What is said of many jobs in one message, and how much of it a stage may say.
#include "tests/unit/hub_harness.h"

namespace sheaf::master {
namespace {

class HubBatchTest : public HubTest {
 protected:
  static constexpr std::uint64_t kJobsWindow = 4;
  static constexpr std::uint64_t kMemoryWindow = 1000;

  static HubConfig small_window() {
    HubConfig small = HubTest::config();
    small.scheduler.jobs_window = kJobsWindow;
    small.memory_window_bytes = kMemoryWindow;
    return small;
  }
  HubBatchTest() : HubTest(small_window()) {
    greet_as_client();
    submit();
    greet_as_stage();
    plan(10);
    sender_.sent.clear();
  }

  /// Jobs `first` to `last`.
  static std::pair<v1::Envelope, std::vector<Bytes>> jobs(std::uint64_t first, std::uint64_t last) {
    v1::Envelope message = envelope();
    message.mutable_feed()->set_run(1);
    std::vector<Bytes> payloads;
    for (std::uint64_t seq = first; seq <= last; ++seq) {
      payloads.push_back("job " + std::to_string(seq));
      *message.mutable_feed()->add_jobs() = header(seq, wire::inlined_ref(payloads.back()));
    }
    return {message, payloads};
  }
  void feed_together(std::uint64_t first, std::uint64_t last) {
    const auto [message, payloads] = jobs(first, last);
    say("stage", message, payloads);
  }
  static v1::PayloadRef announced(std::uint64_t bytes) { return wire::payload_ref(bytes, Digest{1, 2}, false); }
  void announce(std::uint64_t seq, std::uint64_t bytes) {
    v1::Envelope message = envelope();
    message.mutable_feed()->set_run(1);
    *message.mutable_feed()->add_jobs() = header(seq, announced(bytes));
    say("stage", message);
  }
  /// What `worker` was given, over all messages, and the messages.
  std::vector<v1::Assignment> assignments(const wire::PeerAddress& worker) {
    std::vector<v1::Assignment> all;
    for (const wire::Message& message : sender_.sent[worker]) {
      for (const v1::Assignment& job : message.envelope.assign().jobs()) all.push_back(job);
    }
    return all;
  }
  std::string fault_of_run() {
    hub_.on_stage_exited(now_, RunId{1}, "");
    return update().fault().what();
  }
};

TEST_F(HubBatchTest, TakesManyJobsOfOneMessage) {
  greet_as_worker("a", 300, 8);
  feed_together(0, 3);
  EXPECT_EQ(hears("stage").back(), "feed_credit");
  EXPECT_EQ(heard("feed_credit").envelope.feed_credit().jobs_received(), 4u);
  const auto given = assignments("a");
  ASSERT_EQ(given.size(), 4u);
  for (std::uint64_t seq = 0; seq < 4; ++seq) EXPECT_EQ(given[seq].job().seq(), seq);
}

TEST_F(HubBatchTest, IgnoresWhatOfAMessageHasBeenFedBefore) {
  // A stage whose link broke begins with what it does not know to have arrived.
  feed_together(0, 1);
  feed_together(0, 2);
  hears("stage");
  EXPECT_EQ(heard("feed_credit").envelope.feed_credit().jobs_received(), 3u);
  EXPECT_EQ(hub_.scheduler().run(RunId{1})->jobs_waiting, 3u);
}

TEST_F(HubBatchTest, EndsTheRunOfAStageThatFeedsBeyondItsCredit) {
  feed_together(0, 9);
  EXPECT_EQ(hub_.scheduler().run(RunId{1})->jobs_fed, kJobsWindow);
  EXPECT_EQ(hears("stage").back(), "goodbye");
  EXPECT_EQ(fault_of_run(), "the stage fed job 4 beyond its credit");
}

TEST_F(HubBatchTest, MakesNoRoomForALargeJobBeyondTheCredit) {
  feed_together(0, 3);
  sender_.sent.clear();
  announce(4, 1ULL << 40);
  EXPECT_THAT(hears("stage"), ElementsAre("goodbye"));  // And no credit for parts.
  EXPECT_EQ(fault_of_run(), "the stage fed job 4 beyond its credit");
}

TEST_F(HubBatchTest, MakesNoRoomForALargeJobOutOfOrder) {
  announce(2, 1ULL << 40);
  EXPECT_THAT(hears("stage"), ElementsAre("goodbye"));
  EXPECT_EQ(fault_of_run(), "the stage fed job 2 out of order");
}

TEST_F(HubBatchTest, HasRoomForOneLargeJobOfAStageAtATime) {
  // Announced over and over, it holds room once.
  const std::uint64_t bytes = 4'000'000'000;
  for (int times = 0; times < 100; ++times) {
    announce(0, bytes);
    EXPECT_THAT(hears("stage"), ElementsAre("part_credit", "feed_credit"));
  }
  EXPECT_EQ(disk_.files, 1);
}

TEST_F(HubBatchTest, KeepsOnDiskWhatComesBesideTheCredit) {
  // A job done again is no new job; with the window full, its payload must not add to what lies in memory.
  greet_as_worker("a", 300, 1);
  feed(0, "job 0");
  pass(1s);
  answer("a", assignment("a"), "result");
  ask_again(0, "job 0, otherwise");
  EXPECT_EQ(disk_.files, 0);
  pass(1s);
  answer("a", assignment("a"), "another result");
  feed(1, std::string(kMemoryWindow, 'x'));
  ask_again(0, "job 0, once more", 2);
  EXPECT_EQ(disk_.files, 1);
  pass(1s);
  answer("a", assignment("a"), "result of 1");
  EXPECT_EQ(assignment("a").job().seq(), 0u);
  EXPECT_EQ(heard("assign").payloads, std::vector<Bytes>{"job 0, once more"});
}

TEST_F(HubBatchTest, TakesManyResultsOfOneMessageEachForItself) {
  greet_as_worker("a", 300, 3);
  feed_together(0, 2);
  const auto given = assignments("a");
  ASSERT_EQ(given.size(), 3u);
  v1::Envelope message = result(given[0], v1::OUTCOME_DONE);
  *message.mutable_results()->mutable_results(0)->mutable_payload() = wire::inlined_ref("result 0");
  *message.mutable_results()->add_results() = result(given[1], v1::OUTCOME_RETURNED).results().results(0);
  *message.mutable_results()->add_results() = result(given[2], v1::OUTCOME_DONE).results().results(0);
  *message.mutable_results()->mutable_results(2)->mutable_payload() = wire::inlined_ref("result 2");
  sender_.sent.clear();
  say("a", message, {"result 0", "result 2"});
  EXPECT_TRUE(hub_.scheduler().is_committed({RunId{1}, {0, 0}}));
  EXPECT_TRUE(hub_.scheduler().is_open({RunId{1}, {1, 0}}));
  EXPECT_TRUE(hub_.scheduler().is_committed({RunId{1}, {2, 0}}));
  hears("stage");
  EXPECT_EQ(heard("deliver").payloads, std::vector<Bytes>{"result 0"});
}

TEST_F(HubBatchTest, AcceptsManyResultsOfOneMessage) {
  greet_as_worker("a", 300, 2);
  feed_together(0, 1);
  for (const v1::Assignment& job : assignments("a")) answer("a", job, "result");
  v1::Envelope message = envelope();
  message.mutable_accept()->set_run(1);
  for (std::uint64_t seq = 0; seq < 2; ++seq) *message.mutable_accept()->add_jobs() = wire::to_wire(JobId{RunId{1}, {seq, 0}});
  say("stage", message);
  EXPECT_EQ(hub_.scheduler().run(RunId{1})->jobs_bound, 2u);
}

}  // namespace
}  // namespace sheaf::master
