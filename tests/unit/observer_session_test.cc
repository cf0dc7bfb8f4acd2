#include "client/observer_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/observer_commands.h"
#include "common/wire/limits.h"
#include "tests/unit/wire_samples.h"

namespace sheaf::client {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A session, and the master's part played by the test.
class Harness {
 public:
  explicit Harness(bool wants_workers) : session_(hello(), wants_workers, "ipc:///run/m", start_ + 5s) {}

  ObserverSession& session() { return session_; }
  void time(Duration since_start) { session_.on_time(start_ + since_start, out_); }
  void hear(Duration since_start, const v1::Envelope& envelope) {
    session_.on_message(start_ + since_start, {envelope, {}}, out_);
  }
  void welcome(Duration since_start) {
    v1::Envelope message = wire::wire_samples().at("welcome").envelope;
    message.mutable_welcome()->clear_run();
    message.mutable_welcome()->set_peer(0);
    hear(since_start, message);
  }
  void workers(std::vector<std::uint64_t> numbers, bool has_more) {
    v1::Envelope message;
    message.set_epoch(4);
    for (const std::uint64_t number : numbers) message.mutable_workers()->add_workers()->set_worker(number);
    message.mutable_workers()->set_has_more(has_more);
    message.mutable_workers()->set_runs(7);
    hear(20ms, message);
  }
  std::vector<std::string> sent() {
    std::vector<std::string> kinds;
    for (const wire::Message& message : std::exchange(out_, {})) {
      kinds.push_back(wire::kind_of(message.envelope));
      last_ = message.envelope;
    }
    return kinds;
  }
  const v1::Envelope& last() const { return last_; }

 private:
  static v1::Hello hello() {
    v1::Hello hello;
    hello.mutable_session()->set_low(1);
    return hello;
  }
  Instant start_{Duration(1h)};
  ObserverSession session_;
  std::vector<wire::Message> out_;
  v1::Envelope last_;
};

TEST(ObserverSessionTest, IsContentWithAWelcomeWhereNothingElseIsWanted) {
  Harness harness(false);
  harness.time(0s);
  EXPECT_THAT(harness.sent(), ElementsAre("hello"));
  EXPECT_EQ(harness.last().hello().role(), v1::ROLE_OBSERVER);
  harness.welcome(3ms);
  EXPECT_THAT(harness.sent(), ElementsAre("goodbye"));
  ASSERT_TRUE(harness.session().has_ended());
  EXPECT_FALSE(harness.session().error());
  EXPECT_EQ(harness.session().answer().took, 3ms);
}

TEST(ObserverSessionTest, AsksUntilItHasSeenAll) {
  Harness harness(true);
  harness.time(0s);
  harness.sent();
  harness.welcome(3ms);
  EXPECT_THAT(harness.sent(), ElementsAre("ask_workers"));
  EXPECT_EQ(harness.last().ask_workers().after(), 0U);
  harness.workers({1, 5}, true);
  EXPECT_THAT(harness.sent(), ElementsAre("ask_workers"));
  EXPECT_EQ(harness.last().ask_workers().after(), 5U);
  harness.workers({9}, false);
  EXPECT_THAT(harness.sent(), ElementsAre("goodbye"));
  EXPECT_EQ(harness.session().answer().workers.size(), 3U);
  EXPECT_EQ(harness.session().answer().runs, 7U);
  EXPECT_EQ(harness.session().answer().took, 3ms);
}

TEST(ObserverSessionTest, DoesNotAskForEverWhereAMasterSaysNothing) {
  Harness harness(true);
  harness.time(0s);
  harness.welcome(3ms);
  harness.workers({}, true);
  EXPECT_TRUE(harness.session().has_ended());
}

TEST(ObserverSessionTest, GivesUpWhenNobodyAnswersInTime) {
  Harness harness(false);
  harness.time(0s);
  EXPECT_LE(harness.session().next_deadline(), Instant{Duration(1h)} + 5s);
  harness.time(5s);
  ASSERT_TRUE(harness.session().error());
  EXPECT_EQ(harness.session().error()->code, ErrorCode::kCluster);
  EXPECT_THAT(harness.session().error()->message(), HasSubstr("no master answers there"));
}

TEST(ObserverSessionTest, TellsWhatTheMasterRefuses) {
  Harness harness(true);
  harness.time(0s);
  harness.welcome(3ms);
  v1::Envelope refused;
  refused.set_epoch(4);
  refused.mutable_refused()->set_reason(v1::REFUSAL_FORBIDDEN);
  refused.mutable_refused()->set_text("not for this key");
  harness.hear(4ms, refused);
  ASSERT_TRUE(harness.session().error());
  EXPECT_THAT(harness.session().error()->message(), HasSubstr("not for this key"));
}

TEST(WorkersTableTest, HasALineAWorkerAndEscapesTheirNames) {
  v1::WorkerInfo worker;
  worker.set_worker(12);
  worker.set_host("no\nde");
  worker.set_pid(4711);
  worker.add_kinds("command");
  worker.add_kinds("video");
  worker.set_slots(8);
  worker.set_jobs(9);
  worker.set_heard_ms(300);
  EXPECT_EQ(workers_table({worker}),
            "WORKER  HOST    PID   KEY  KINDS           SLOTS  JOBS  HEARD      STATE\n"
            "12      no\\nde  4711  -    command, video  8      9     0.3 s ago  ready\n");
  worker.set_is_draining(true);
  EXPECT_THAT(workers_table({worker}), HasSubstr("draining"));
}

}  // namespace
}  // namespace sheaf::client
