#include "client/run_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/wire/limits.h"

namespace sheaf::client {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kEndpoint[] = "ipc:///run/master.sock";

/// A session, and the master's part played by the test.
class Harness {
 public:
  explicit Harness(bool stage_at_client = false, SessionLimits limits = {})
      : session_(hello(), description(stage_at_client), kEndpoint, limits, start_) {}

  RunSession& session() { return session_; }
  Instant at(Duration since_start) const { return start_ + since_start; }

  /// What the session has sent since the last call, by name.
  std::vector<std::string> sent() {
    std::vector<std::string> names;
    for (const wire::Message& message : out_) {
      wire::encode(message);  // Aborts over what no message may carry.
      names.push_back(
          message.envelope.GetDescriptor()->FindFieldByNumber(static_cast<int>(message.envelope.body_case()))->name());
    }
    last_ = out_.empty() ? last_ : out_.back();
    out_.clear();
    return names;
  }
  const wire::Message& last() const { return last_; }

  void time(Duration since_start) { session_.on_time(at(since_start), out_); }
  void cancel(Duration since_start) { session_.cancel(at(since_start), "stopped by SIGINT", out_); }
  void give_up(Error error) { session_.give_up(std::move(error), out_); }

  void welcome(Duration since_start, std::uint64_t epoch = 1) {
    wire::Message message;
    message.envelope.set_epoch(epoch);
    v1::Welcome& welcome = *message.envelope.mutable_welcome();
    welcome.set_protocol(wire::kProtocolVersion);
    welcome.set_epoch(epoch);
    welcome.set_heartbeat_interval_ms(1000);
    welcome.set_silence_max_ms(4000);
    session_.on_message(at(since_start), message, out_);
  }
  void submitted(Duration since_start, std::uint64_t run, const std::string& token = {}) {
    wire::Message message;
    message.envelope.mutable_submitted()->set_tag(1);
    message.envelope.mutable_submitted()->set_run(run);
    message.envelope.mutable_submitted()->set_stage_token(token);
    session_.on_message(at(since_start), message, out_);
  }
  void update(Duration since_start, v1::RunState state, std::uint64_t run = 7) {
    wire::Message message;
    message.envelope.mutable_run_update()->set_run(run);
    message.envelope.mutable_run_update()->set_state(state);
    message.envelope.mutable_run_update()->set_units_done(42);
    session_.on_message(at(since_start), message, out_);
  }
  void refuse(Duration since_start, v1::RefusalReason reason, const std::string& text) {
    wire::Message message;
    message.envelope.mutable_refused()->set_reason(reason);
    message.envelope.mutable_refused()->set_text(text);
    session_.on_message(at(since_start), message, out_);
  }
  /// Up to a run that works.
  void begin() {
    time(0s);
    welcome(10ms);
    submitted(20ms, 7);
    update(30ms, v1::RUN_WORKING);
    sent();
  }

 private:
  static v1::Hello hello() {
    v1::Hello hello;
    hello.set_role(v1::ROLE_CLIENT);
    hello.mutable_session()->set_high(1);
    return hello;
  }
  static v1::RunDescription description(bool stage_at_client) {
    v1::RunDescription run;
    run.set_kind("video");
    run.set_stage_program("sheaf-stage-video");
    run.set_attempts_max(3);
    run.set_stage_at_client(stage_at_client);
    return run;
  }

  Instant start_{1h};
  RunSession session_;
  std::vector<wire::Message> out_;
  wire::Message last_;
};

TEST(RunSessionTest, GivesUpWhatMayNotBeginAgainWhenTheMasterWasStartedAnew) {
  SessionLimits limits;
  limits.may_begin_again = false;
  Harness harness(true, limits);
  harness.time(0s);
  harness.welcome(10ms);
  harness.submitted(20ms, 7, "token");
  ASSERT_TRUE(harness.session().take_ticket());
  harness.refuse(1s, v1::REFUSAL_HELLO_FIRST, "");
  harness.welcome(2s);
  harness.submitted(2s, 7, "token");
  EXPECT_FALSE(harness.session().has_ended()) << "the same run, on another link";
  harness.refuse(3s, v1::REFUSAL_HELLO_FIRST, "");
  harness.welcome(4s, 2);
  harness.sent();
  harness.submitted(4s, 1, "another");
  EXPECT_THAT(harness.sent(), ElementsAre("cancel_run"));
  EXPECT_TRUE(harness.session().has_ended());
  EXPECT_EQ(harness.session().error()->code, ErrorCode::kCluster);
  EXPECT_FALSE(harness.session().take_ticket()) << "no second stage";
}

TEST(RunSessionTest, SubmitsWhenWelcomedAndFollowsTheRunToItsEnd) {
  Harness harness;
  harness.time(0s);
  EXPECT_THAT(harness.sent(), ElementsAre("hello"));
  harness.welcome(10ms);
  EXPECT_THAT(harness.sent(), ElementsAre("submit"));
  EXPECT_EQ(harness.last().envelope.submit().run().kind(), "video");
  EXPECT_EQ(harness.last().envelope.epoch(), 1u);
  harness.submitted(20ms, 7);
  harness.update(1s, v1::RUN_WORKING);
  EXPECT_EQ(harness.session().update().units_done(), 42u);
  harness.update(2s, v1::RUN_DONE, 8);  // Another run's.
  EXPECT_FALSE(harness.session().has_ended());
  harness.update(2s, v1::RUN_DONE);
  EXPECT_TRUE(harness.session().has_ended());
  EXPECT_EQ(harness.session().error(), std::nullopt);
  EXPECT_FALSE(harness.session().next_deadline());
}

TEST(RunSessionTest, GivesUpWhenNoMasterAnswersInTime) {
  Harness harness;
  harness.time(0s);
  harness.time(4900ms);
  EXPECT_FALSE(harness.session().has_ended());
  ASSERT_TRUE(harness.session().next_deadline());
  EXPECT_LE(*harness.session().next_deadline(), harness.at(5s));
  harness.time(5s);
  ASSERT_TRUE(harness.session().error());
  EXPECT_EQ(harness.session().error()->code, ErrorCode::kCluster);
  EXPECT_EQ(harness.session().error()->where, kEndpoint);
}

TEST(RunSessionTest, PassesOnTheWordsOfAMasterOfAnotherVersion) {
  Harness harness;
  harness.time(0s);
  harness.refuse(10ms, v1::REFUSAL_PROTOCOL, "this master speaks protocol 2 (sheaf 0.9), you speak 1");
  ASSERT_TRUE(harness.session().error());
  EXPECT_EQ(harness.session().error()->code, ErrorCode::kCluster);
  EXPECT_EQ(harness.session().error()->what, "this master speaks protocol 2 (sheaf 0.9), you speak 1");
}

TEST(RunSessionTest, EndsWithTheMastersReasonWhenTheRunIsRefused) {
  Harness harness;
  harness.time(0s);
  harness.welcome(10ms);
  harness.refuse(20ms, v1::REFUSAL_BUSY, "this master has 100 runs already");
  ASSERT_TRUE(harness.session().error());
  EXPECT_EQ(harness.session().error()->what, "this master has 100 runs already");
}

TEST(RunSessionTest, EndsWithTheFaultOfTheRun) {
  Harness harness;
  harness.begin();
  wire::Message message;
  v1::RunUpdate& update = *message.envelope.mutable_run_update();
  update.set_run(7);
  update.set_state(v1::RUN_FAILED);
  update.mutable_fault()->set_code(static_cast<std::uint32_t>(ErrorCode::kInput));
  update.mutable_fault()->set_what("is no video");
  std::vector<wire::Message> out;
  harness.session().on_message(harness.at(1s), message, out);
  ASSERT_TRUE(harness.session().error());
  EXPECT_EQ(harness.session().error()->code, ErrorCode::kInput);
  EXPECT_EQ(harness.session().error()->what, "is no video");
}

TEST(RunSessionTest, CancelsAndWaitsForTheMastersWord) {
  Harness harness;
  harness.begin();
  harness.cancel(1s);
  EXPECT_THAT(harness.sent(), ElementsAre("cancel_run"));
  EXPECT_EQ(harness.last().envelope.cancel_run().run(), 7u);
  EXPECT_FALSE(harness.session().has_ended());
  harness.cancel(1100ms);
  EXPECT_THAT(harness.sent(), IsEmpty());  // Once is enough.
  harness.update(1200ms, v1::RUN_CANCELLED);
  EXPECT_TRUE(harness.session().has_ended());
  EXPECT_TRUE(harness.session().was_cancelled());
}

TEST(RunSessionTest, WaitsForThatWordOnlySoLong) {
  Harness harness;
  harness.begin();
  harness.cancel(1s);
  harness.update(6s, v1::RUN_WORKING);
  harness.time(6900ms);
  EXPECT_FALSE(harness.session().has_ended());
  harness.time(7s);
  EXPECT_TRUE(harness.session().has_ended());
  EXPECT_TRUE(harness.session().was_cancelled());
}

TEST(RunSessionTest, ACancelThatComesTooLateLeavesTheRunDone) {
  Harness harness;
  harness.begin();
  harness.cancel(1s);
  harness.update(1100ms, v1::RUN_DONE);
  EXPECT_TRUE(harness.session().has_ended());
  EXPECT_FALSE(harness.session().was_cancelled());
  EXPECT_EQ(harness.session().error(), std::nullopt);
}

TEST(RunSessionTest, LeavesAtOnceWhileTheRunIsNotKnownToTheMaster) {
  Harness harness;
  harness.time(0s);
  harness.sent();
  harness.cancel(1s);
  EXPECT_TRUE(harness.session().has_ended());
  EXPECT_TRUE(harness.session().was_cancelled());
  EXPECT_THAT(harness.sent(), IsEmpty());
}

TEST(RunSessionTest, SomebodyElsesCancelIsAFailure) {
  Harness harness;
  harness.begin();
  harness.update(1s, v1::RUN_CANCELLED);
  ASSERT_TRUE(harness.session().error());
  EXPECT_EQ(harness.session().error()->code, ErrorCode::kFailed);
  EXPECT_FALSE(harness.session().was_cancelled());
}

TEST(RunSessionTest, SaysThatTheMasterIsSilentSubmitsAgainAndCarriesOn) {
  Harness harness;
  harness.begin();
  harness.time(4030ms);
  EXPECT_THAT(harness.session().take_notices(), ElementsAre(std::string(kEndpoint) + ": the master is silent; waiting for it"));
  EXPECT_THAT(harness.sent(), ElementsAre("hello"));
  harness.welcome(10s);
  EXPECT_THAT(harness.sent(), ElementsAre("submit"));
  harness.submitted(10s, 7);
  EXPECT_THAT(harness.session().take_notices(), ElementsAre(std::string(kEndpoint) + ": the master is back"));
  EXPECT_EQ(harness.session().update().units_done(), 42u);  // The same run: nothing is forgotten.
  harness.update(11s, v1::RUN_DONE);
  EXPECT_TRUE(harness.session().has_ended());
}

TEST(RunSessionTest, GivesUpAMasterThatStaysSilent) {
  Harness harness;
  harness.begin();
  harness.time(4030ms);
  harness.time(34s);
  EXPECT_FALSE(harness.session().has_ended());
  harness.time(34030ms);
  ASSERT_TRUE(harness.session().error());
  EXPECT_EQ(harness.session().error()->what, "the master has been silent for too long");
}

TEST(RunSessionTest, GivesATicketForEachStageThatIsWanted) {
  Harness harness(true);
  harness.time(0s);
  harness.welcome(10ms);
  harness.submitted(20ms, 7, "0123456789abcdef");
  auto ticket = harness.session().take_ticket();
  ASSERT_TRUE(ticket);
  EXPECT_EQ(ticket->run, 7u);
  EXPECT_EQ(ticket->token, "0123456789abcdef");
  EXPECT_FALSE(harness.session().take_ticket());

  harness.submitted(1s, 7, "0123456789abcdef");  // The same answer again.
  EXPECT_FALSE(harness.session().take_ticket());
  harness.update(1s, v1::RUN_WORKING);
  harness.submitted(2s, 1, "another16bytes!!");  // A master that was started anew.
  ASSERT_TRUE(harness.session().take_ticket());
  EXPECT_EQ(harness.session().update().units_done(), 0u);
}

TEST(RunSessionTest, TellsTheMasterWhenItGivesUp) {
  Harness harness;
  harness.begin();
  harness.give_up({ErrorCode::kFailed, "the stage crashed", "", ""});
  EXPECT_THAT(harness.sent(), ElementsAre("cancel_run"));
  ASSERT_TRUE(harness.session().error());
  harness.give_up({ErrorCode::kFailed, "and more", "", ""});
  EXPECT_EQ(harness.session().error()->what, "the stage crashed");  // The first cause counts.
}

TEST(RunSessionTest, GivesUpOverLastWordsOfAnyLengthAndAnyBytes) {
  Harness harness;
  harness.begin();
  harness.give_up({ErrorCode::kFailed, "the stage crashed (" + std::string(10'000, '\xff') + ")", "", ""});
  EXPECT_THAT(harness.sent(), ElementsAre("cancel_run"));
}

TEST(RunSessionTest, EndsWhenTheMasterLeaves) {
  Harness harness;
  harness.begin();
  wire::Message message;
  message.envelope.mutable_goodbye()->set_reason("the master stops");
  std::vector<wire::Message> out;
  harness.session().on_message(harness.at(1s), message, out);
  ASSERT_TRUE(harness.session().error());
  EXPECT_EQ(harness.session().error()->code, ErrorCode::kCluster);
}

}  // namespace
}  // namespace sheaf::client
