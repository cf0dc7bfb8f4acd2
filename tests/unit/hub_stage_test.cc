// What a run's stage says when something else has happened in the meantime.
#include "tests/unit/hub_harness.h"

namespace sheaf::master {
namespace {

using testing::Contains;
using testing::Each;
using testing::Not;

TEST_F(HubTest, BelievesAStageThatHasPublishedWhileTheRunWasCancelled) {
  // Goal: a user who sees the output under its name must not be told that there is none.
  begin_run(1);
  greet_as_worker("a", 300);
  answer("a", assignment("a"), "result");
  accept(0);
  publish();
  v1::Envelope cancel = envelope();
  cancel.mutable_cancel_run()->set_run(1);
  say("client", cancel);
  v1::Envelope published = envelope();
  published.mutable_published()->set_run(1);
  say("stage", published);
  EXPECT_EQ(hub_.active_runs(), 0u);
  const v1::RunUpdate last = update();
  EXPECT_EQ(last.state(), v1::RUN_DONE);
  EXPECT_EQ(last.output_bytes(), 777u);
}

TEST_F(HubTest, IgnoresARedoOfWhatItHasNotDelivered) {
  // Goal: it must not put another payload under an attempt that runs, nor keep one that nothing would release.
  begin_run(1);
  greet_as_worker("a", 300);
  hears("a");
  ask_again(0, "something else");
  sender_.gone.insert("a");
  pass(1100ms);
  greet_as_worker("b", 301);
  answer("b", assignment("b"), "result");
  EXPECT_EQ(heard("assign").payloads, std::vector<Bytes>{"job 0"});
  hears("stage");
  EXPECT_EQ(heard("deliver").envelope.deliver().results(0).revision(), 0u);
}

TEST_F(HubTest, TakesARedoOverANewLinkBeforeTheResultIsDeliveredAgain) {
  // Goal: the stage has seen the result over the link that broke. It asks once, and nobody else knows that it has to be redone.
  begin_run(2);
  greet_as_worker("a", 300);
  greet_as_worker("b", 301);
  answer("a", assignment("a"), "result 0");
  answer("b", assignment("b"), "result 1");
  ask_again(0, "another job 0");
  sender_.gone.insert("stage");
  pass(1100ms);
  sender_.gone.erase("stage");
  hears("stage");
  greet_as_stage();
  EXPECT_THAT(hears("stage"), Not(Contains("deliver")));  // Result 1 waits for result 0.
  const v1::Assignment first = assignment("a");
  ask_again(1, "another job 1");
  const v1::Assignment second = assignment("b");
  EXPECT_EQ(heard("assign").payloads, std::vector<Bytes>{"another job 1"});
  answer("a", first, "another result 0");
  answer("b", second, "another result 1");
  EXPECT_EQ(hears("stage"), (Kinds{"deliver", "deliver"}));
  EXPECT_EQ(heard("deliver").envelope.deliver().results(0).revision(), 1u);
}

TEST_F(HubTest, IgnoresARedoThatHasBeenDone) {
  // Goal: a stage whose link broke cannot know how far it has come, and asks again.
  begin_run(1);
  greet_as_worker("a", 300);
  answer("a", assignment("a"), "result");
  ask_again(0, "another job");
  answer("a", assignment("a"), "another result");
  hears("stage");
  ask_again(0, "another job");
  EXPECT_EQ(hears("a"), Kinds{"result_ack"});
  accept(0);
  EXPECT_EQ(hears("stage"), Kinds{"all_bound"});
}

TEST_F(HubTest, KeepsNoPartThatNoSplitAskedFor) {
  // Goal: nothing that a stage feeds stays with the master when no worker will ever get it (check_invariants).
  begin_run(1);
  v1::Envelope message = envelope();
  message.mutable_feed()->set_run(1);
  *message.mutable_feed()->add_jobs() = header(0, wire::inlined_ref("a part"));
  message.mutable_feed()->mutable_jobs(0)->mutable_job()->set_sub(1);
  say("stage", message, {"a part"});
  greet_as_worker("a", 300, 2);
  EXPECT_EQ(assignment("a").job().sub(), 0u);
}

TEST_F(HubTest, ListensToOneStageOfARunOnly) {
  begin_run(1);
  greet_as_worker("a", 300);
  answer("a", assignment("a"), "result");
  hears("stage");
  greet_as_stage("another", 201);
  EXPECT_THAT(hears("another"), Contains("deliver"));
  accept(0);  // Says the first one, which would have the result dropped that the other one binds.
  EXPECT_EQ(refusal("stage").reason(), v1::REFUSAL_HELLO_FIRST);
  EXPECT_EQ(hears("another"), Kinds{});
}

TEST_F(HubTest, DoesNotCountItsOwnPauseAsTheAbsenceOfAStage) {
  begin_run(1);
  sender_.gone.insert("stage");
  pass(1100ms);
  now_ += 20s;  // Stopped and continued. The stage could come back to nobody.
  v1::Envelope heartbeat = envelope();
  heartbeat.mutable_heartbeat();
  say("client", heartbeat);
  pass(0ms);
  greet_as_stage("stage, by another link");
  EXPECT_EQ(hears("stage, by another link").at(1), "feed_credit");  // And not a goodbye.
}

TEST_F(HubTest, DoesNotCountItsOwnPauseAsTheAbsenceOfACommand) {
  begin_run(1);
  sender_.gone.insert("client");
  pass(1100ms);
  now_ += 20s;
  v1::Envelope heartbeat = envelope();
  heartbeat.mutable_heartbeat();
  say("stage", heartbeat);
  pass(0ms);
  greet_as_client("client, by another link");
  submit("client, by another link");
  hears("client, by another link");
  EXPECT_EQ(heard("run_update").envelope.run_update().state(), v1::RUN_WORKING);
  EXPECT_THAT(hears("stage"), Each("heartbeat"));  // And no goodbye.
}

}  // namespace
}  // namespace sheaf::master
