// What the master does when somebody is lost, comes back, or fails.
#include "tests/unit/hub_harness.h"

namespace sheaf::master {
namespace {

TEST_F(HubTest, GivesTheJobOfALostWorkerToAnother) {
  begin_run(1);
  greet_as_worker("a", 300);
  const v1::Assignment first = assignment("a");
  sender_.gone.insert("a");  // ZeroMQ says so at the next heartbeat.
  pass(1100ms);
  greet_as_worker("b", 301);
  const v1::Assignment second = assignment("b");
  EXPECT_EQ(second.job().seq(), first.job().seq());
  EXPECT_GT(second.attempt().n(), first.attempt().n());
  EXPECT_EQ(heard("assign").payloads, std::vector<Bytes>{"job 0"});
  answer("b", second, "result");
  EXPECT_EQ(hears("stage").back(), "deliver");
  pass(200ms);
  EXPECT_EQ(update().attempts_lost(), 1u);
}

TEST_F(HubTest, GivesTheJobOfASilentWorkerToAnotherAndTakesTheFirstResult) {
  begin_run(1);
  greet_as_worker("a", 300);
  const v1::Assignment first = assignment("a");
  now_ += 4500ms;
  greet_as_worker("b", 301);
  say("stage", [] {
    auto e = envelope();
    e.mutable_heartbeat();
    return e;
  }());
  say("client", [] {
    auto e = envelope();
    e.mutable_heartbeat();
    return e;
  }());
  pass(0ms);
  const v1::Assignment second = assignment("b");
  EXPECT_EQ(second.job().seq(), first.job().seq());

  answer("a", first, "result");  // It was slow, not dead.
  EXPECT_EQ(hears("stage").back(), "deliver");
  EXPECT_EQ(hears("b"), Kinds{"revoke"});
  EXPECT_EQ(hears("a").back(), "result_ack");
}

TEST_F(HubTest, LetsAWorkerThatReconnectsGoOnWithWhatItHas) {
  begin_run(1);
  greet_as_worker("a", 300);
  const v1::Assignment first = assignment("a");
  v1::Hello again = worker_hello(300);
  v1::JobAttempt& running = *again.mutable_worker()->add_running();
  *running.mutable_job() = first.job();
  *running.mutable_attempt() = first.attempt();
  greet("a, by another link", again);
  EXPECT_EQ(hears("a, by another link"), Kinds{"welcome"});  // No second attempt: it is running.
  answer("a, by another link", first, "result");
  EXPECT_EQ(hears("stage").back(), "deliver");
}

TEST_F(HubTest, SaysThatARunWaitsForWorkersOfTheBuildThatBeganIt) {
  // Goal: a run that nobody here may go on with must not look like one that is slow.
  begin_run(2);
  greet_as_worker("a", 300);
  answer("a", assignment("a"), "result");
  v1::Envelope goodbye = envelope();
  goodbye.mutable_goodbye();
  say("a", goodbye);
  v1::Hello newer = worker_hello(301);
  newer.mutable_worker()->mutable_kinds(0)->set_fingerprint("newer libraries");
  greet("b", newer);
  pass(200ms);
  EXPECT_EQ(hears("b"), Kinds{"welcome"});
  const v1::RunUpdate waiting = update();
  EXPECT_EQ(waiting.workers(), 0u);
  EXPECT_EQ(waiting.unfit_workers(), 1u);
  greet_as_worker("c", 302);
  pass(200ms);
  EXPECT_EQ(assignment("c").job().seq(), 1u);
  EXPECT_EQ(update().workers(), 1u);
}

TEST_F(HubTest, WelcomesOnceWhoSaysHelloTwice) {
  // Goal: a Hello that is repeated because the Welcome took its time must not hand out the worker's jobs anew.
  begin_run(1);
  greet_as_worker("a", 300);
  EXPECT_EQ(hears("a"), (Kinds{"welcome", "assign"}));
  greet_as_worker("a", 300);
  EXPECT_EQ(hears("a"), Kinds{});
  // Once it has said something else it knows the Welcome: another Hello means that it wants another.
  v1::Envelope heartbeat = envelope();
  heartbeat.mutable_heartbeat();
  say("a", heartbeat);
  greet_as_worker("a", 300);
  EXPECT_EQ(hears("a"), (Kinds{"welcome", "assign"}));
}

TEST_F(HubTest, WelcomesAWorkerAgainThatWasStoppedWhenItHadJustBeenWelcomed) {
  begin_run(1);
  greet_as_worker("a", 300);
  const v1::Assignment job = assignment("a");
  now_ += config().silence_max;
  v1::Hello again = worker_hello(300);  // It has not heard the master for as long as it is told to wait.
  *again.mutable_worker()->add_running()->mutable_job() = job.job();
  *again.mutable_worker()->mutable_running(0)->mutable_attempt() = job.attempt();
  greet("a", again);
  EXPECT_EQ(hears("a"), Kinds{"welcome"});
}

TEST_F(HubTest, AcknowledgesAResultThatComesTwice) {
  begin_run(1);
  greet_as_worker("a", 300);
  const v1::Assignment job = assignment("a");
  answer("a", job, "result");
  hears("a");
  answer("a", job, "result");
  EXPECT_EQ(hears("a"), Kinds{"result_ack"});
  EXPECT_EQ(hears("stage"), Kinds{"deliver"});  // Once.
}

TEST_F(HubTest, AsksAgainForAResultThatWasDamagedOnTheWay) {
  begin_run(1);
  greet_as_worker("a", 300);
  greet_as_worker("b", 301);
  const v1::Assignment job = assignment("a");
  v1::Envelope message = result(job, v1::OUTCOME_DONE);
  *message.mutable_results()->mutable_results(0)->mutable_payload() = wire::inlined_ref("result");
  say("a", message, {"resulT"});
  EXPECT_EQ(hears("stage"), Kinds{});
  const v1::Assignment second = assignment("b");
  EXPECT_EQ(second.job().seq(), job.job().seq());
}

TEST_F(HubTest, FailsTheRunWhenAJobHasFailedAsOftenAsItMay) {
  begin_run(1);
  greet_as_worker("a", 300);
  report_failure("a", assignment("a"), "is damaged");
  report_failure("a", assignment("a"), "is damaged");
  EXPECT_EQ(hears("stage"), Kinds{"goodbye"});
  EXPECT_EQ(hub_.active_runs(), 1u);  // The stage gives its output up first.
  hub_.on_stage_exited(now_, RunId{1}, "exited with code 0");
  const v1::RunUpdate last = update();
  EXPECT_EQ(last.state(), v1::RUN_FAILED);
  EXPECT_EQ(last.fault().what(), "is damaged (2 tries)");
  EXPECT_EQ(last.fault().where(), "job number 0");
  EXPECT_EQ(last.fault().code(), static_cast<std::uint32_t>(ErrorCode::kInput));
}

TEST_F(HubTest, SurvivesAFailureWhoseWordsAreAsLongAsATextMayBe) {
  // Goal: what the master adds to a worker's words must not make them longer than a message may carry.
  begin_run(1);
  greet_as_worker("a", 300);
  const std::string words(wire::kTextBytesMax, 'x');
  report_failure("a", assignment("a"), words);
  report_failure("a", assignment("a"), words);
  EXPECT_EQ(hears("stage"), Kinds{"goodbye"});
  greet_as_stage("stage, by another link");
  EXPECT_EQ(hears("stage, by another link").back(), "goodbye");
}

TEST_F(HubTest, TellsTheClientWhyTheStageFailed) {
  begin_run(1);
  v1::Envelope message = envelope();
  message.mutable_stage_failed()->set_run(1);
  const Error error{ErrorCode::kOutput, "No space left on device", "/full/out.mp4", "free some"};
  *message.mutable_stage_failed()->mutable_fault() = wire::to_wire(error);
  say("stage", message);
  v1::Envelope goodbye = envelope();
  goodbye.mutable_goodbye();
  say("stage", goodbye);
  const v1::RunUpdate last = update();
  EXPECT_EQ(last.state(), v1::RUN_FAILED);
  EXPECT_EQ(wire::from_wire(last.fault()), error);
}

TEST_F(HubTest, EndsTheRunOfAStageThatIsKilled) {
  begin_run(1);
  greet_as_worker("a", 300);
  const v1::Assignment job = assignment("a");
  hub_.on_stage_exited(now_, RunId{1}, "was ended by signal 9 (Killed)");
  pass(1s);
  const v1::RunUpdate last = update();
  EXPECT_EQ(last.state(), v1::RUN_FAILED);
  EXPECT_THAT(last.fault().what(), HasSubstr("was ended by signal 9"));
  EXPECT_THAT(hears("a"), ::testing::Contains("revoke"));  // Nobody works for a run that is over.
  answer("a", job, "result");                              // And an answer that comes all the same does no harm.
  EXPECT_EQ(hears("a"), Kinds{"result_ack"});
}

TEST_F(HubTest, HearsWhatAStageSaidBeforeItsProcessEnded) {
  // Goal: the end of a process is known before its last message has come through the socket, and the message has the reason.
  begin_run(1);
  hub_.on_stage_exited(now_, RunId{1}, "exited with code 1");
  const Error error{ErrorCode::kInput, "has no video", "audio.m4a", {}};
  v1::Envelope failed = envelope();
  failed.mutable_stage_failed()->set_run(1);
  *failed.mutable_stage_failed()->mutable_fault() = wire::to_wire(error);
  say("stage", failed);
  const v1::RunUpdate last = update();
  EXPECT_EQ(last.state(), v1::RUN_FAILED);
  EXPECT_EQ(wire::from_wire(last.fault()), error);
}

TEST_F(HubTest, SaysThatTheStageCannotBeStarted) {
  launcher_.broken = true;
  greet_as_client();
  submit();
  EXPECT_EQ(update().state(), v1::RUN_FAILED);  // At once: there is no stage to wait for.
  EXPECT_EQ(heard("run_update").envelope.run_update().fault().where(), "sheaf-stage-video");
}

TEST_F(HubTest, DeliversAgainToAStageThatComesBack) {
  begin_run(2);
  greet_as_worker("a", 300, 2);
  hears("a");
  const v1::Assignment first = heard_[1].envelope.assign().jobs(0);
  answer("a", first, "result 0");
  EXPECT_EQ(hears("stage"), Kinds{"deliver"});
  greet_as_stage("stage, by another link");
  const Kinds kinds = hears("stage, by another link");
  EXPECT_EQ(kinds.front(), "welcome");
  EXPECT_EQ(heard("feed_credit").envelope.feed_credit().jobs_received(), 2u);  // It need not feed them again.
  EXPECT_EQ(heard("deliver").payloads, std::vector<Bytes>{"result 0"});
}

TEST_F(HubTest, WaitsAWhileForAStageWhoseLinkBroke) {
  begin_run(1);
  sender_.gone.insert("stage");
  pass(1100ms);
  // In steps: a step of seconds would look like a pause of the master's own.
  const auto wait = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      v1::Envelope heartbeat = envelope();
      heartbeat.mutable_heartbeat();
      say("client", heartbeat);
      pass(1s);
    }
  };
  wait(7);
  EXPECT_EQ(hub_.active_runs(), 1u);
  wait(1 + 5);
  EXPECT_EQ(hub_.active_runs(), 0u);
  EXPECT_THAT(launcher_.stopped, ElementsAre(RunId{1}));
}

TEST_F(HubTest, CancelsTheRunOfACommandThatIsGone) {
  begin_run(1);
  greet_as_worker("a", 300);
  hears("a");
  v1::Envelope goodbye = envelope();
  goodbye.mutable_goodbye();
  say("client", goodbye);
  pass(200ms);
  EXPECT_EQ(hears("a"), Kinds{"revoke"});
  EXPECT_EQ(hears("stage"), Kinds{"goodbye"});
  say("stage", goodbye);
  EXPECT_EQ(hub_.active_runs(), 0u);
}

TEST_F(HubTest, FindsTheSameRunForACommandThatReconnects) {
  begin_run(1);
  sender_.gone.insert("client");
  pass(1100ms);  // Its link is seen to be broken; it has as long to come back as it may be silent.
  greet_as_client("client, by another link");
  submit("client, by another link");
  const Kinds kinds = hears("client, by another link");
  EXPECT_EQ(kinds, (Kinds{"welcome", "submitted", "run_update"}));
  EXPECT_EQ(heard("submitted").envelope.submitted().run(), 1u);
  EXPECT_EQ(launcher_.started.size(), 1u);
  pass(3500ms);
  EXPECT_EQ(hub_.active_runs(), 1u);
}

TEST_F(HubTest, FindsTheSameRunAlsoWhileItEnds) {
  // Goal: a submission that is repeated between the end of a run and its stage's goodbye starts nothing.
  greet_as_client();
  submit();
  v1::Envelope cancel = envelope();
  cancel.mutable_cancel_run()->set_run(1);
  say("client", cancel);
  EXPECT_EQ(hub_.active_runs(), 1u);  // Its stage is still to come.
  submit();
  EXPECT_EQ(launcher_.started.size(), 1u);
  hub_.on_stage_exited(now_, RunId{1}, "exited with code 1");
  submit();
  EXPECT_EQ(update().state(), v1::RUN_CANCELLED);
}

TEST_F(HubTest, RemembersOnlySoManyRunsThatHaveEnded) {
  greet_as_client();
  for (std::uint64_t tag = 1; tag <= 150; ++tag) {
    submit("client", tag);
    hub_.on_stage_exited(now_, RunId{tag}, "exited with code 1");
    pass(1s);
  }
  hears("client");
  submit("client", 150);
  hears("client");
  EXPECT_EQ(heard("submitted").envelope.submitted().run(), 150u);
  submit("client", 1);  // Forgotten: it is a new one.
  hears("client");
  EXPECT_EQ(heard("submitted").envelope.submitted().run(), 151u);
}

TEST_F(HubTest, KeepsARunUpdateWithinAMessage) {
  // Goal: a stage's notes and its report are each within their limits; together they must not exceed the header's.
  begin_run(1);
  v1::Envelope message = envelope();
  v1::RunPlanned& planned = *message.mutable_run_planned();
  planned.set_run(1);
  for (int i = 0; i < 15; ++i) planned.add_notes(std::string(4000, 'n'));
  say("stage", message);
  greet_as_worker("a", 300);
  answer("a", assignment("a"), "result");
  accept(0);
  message = envelope();
  message.mutable_publish()->set_run(1);
  message.mutable_publish()->set_incarnation(1);
  message.mutable_publish()->set_report(std::string(wire::kSetupBytesMax, 'r'));
  say("stage", message);
  message = envelope();
  message.mutable_published()->set_run(1);
  say("stage", message);
  const v1::RunUpdate last = update();
  EXPECT_EQ(last.state(), v1::RUN_DONE);
  EXPECT_EQ(last.report().size(), wire::kSetupBytesMax);
  EXPECT_GT(last.notes_size(), 3);
}

TEST_F(HubTest, DropsWhatWaitsForALinkThatIsOverButNotAFarewell) {
  begin_run(1);
  v1::Envelope failed = envelope();
  failed.mutable_stage_failed()->set_run(1);
  *failed.mutable_stage_failed()->mutable_fault() = wire::to_wire(Error{ErrorCode::kInput, "is damaged", {}, {}});
  say("stage", failed);
  v1::Envelope goodbye = envelope();
  goodbye.mutable_goodbye();
  say("stage", goodbye);  // In the same turn, so that ours may not have gone yet. The stage waits for it.
  EXPECT_EQ(hears("stage").back(), "goodbye");
  EXPECT_THAT(sender_.forgotten, IsEmpty());

  greet_as_worker("a", 300);
  greet_as_worker("a", 300);  // Repeated, before anything was said: the link stays.
  EXPECT_THAT(sender_.forgotten, IsEmpty());
  now_ += config().silence_max;
  greet_as_worker("a", 300);  // Meant: what the old link was to hear, the new one is told anew.
  EXPECT_THAT(sender_.forgotten, ElementsAre("a"));
}

}  // namespace
}  // namespace sheaf::master
