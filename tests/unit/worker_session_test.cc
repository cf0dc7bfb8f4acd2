#include "common/wire/limits.h"
#include "tests/unit/worker_session_harness.h"
#include "worker/core/limits.h"
#include "worker/core/session.h"

namespace sheaf::worker {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

SessionConfig executors(std::uint32_t count) {
  SessionConfig config = SessionHarness::one_slot();
  config.executors = count;
  return config;
}

TEST(WorkerSessionTest, SaysHelloOnceTheFirstExecutorIsReady) {
  SessionHarness harness(executors(2));
  EXPECT_EQ(harness.session().next_deadline(), std::nullopt);  // Nothing to do until an executor says something.
  harness.ready(2);
  ASSERT_THAT(harness.words(), ElementsAre("send hello"));
  const v1::Hello& hello = harness.sent()[0].envelope.hello();
  EXPECT_EQ(hello.role(), v1::ROLE_WORKER);
  EXPECT_EQ(hello.worker().slots(), 2U);
  EXPECT_EQ(hello.worker().executors(), 2U);
  EXPECT_EQ(hello.worker().prefetch(), 2U);
  ASSERT_EQ(hello.worker().kinds_size(), 1);
  EXPECT_EQ(hello.worker().kinds(0).name(), "video");
  EXPECT_EQ(hello.worker().kinds(0).fingerprint(), "fingerprint");
  harness.ready(1);
  EXPECT_THAT(harness.words(), IsEmpty());
}

TEST(WorkerSessionTest, StartsTheOldestJobFirstAndOpensItsRunOnce) {
  SessionHarness harness;
  harness.begin();
  harness.assign(9, 1, "nine");
  EXPECT_THAT(harness.words(), ElementsAre("open run 5 in 1", "start job 9 in 1"));
  EXPECT_EQ(harness.opened()[0].setup, "setup");
  EXPECT_THAT(harness.started_payloads(), ElementsAre("nine"));
  harness.assign(4, 2, "four", std::nullopt);
  harness.assign(3, 3, "three", std::nullopt);
  EXPECT_THAT(harness.words(), IsEmpty());
  harness.time(seconds(1));
  harness.done(1, 9, 1, Blob::of("result"));
  EXPECT_THAT(harness.words(), ElementsAre("send result 9 done", "start job 3 in 1"));
  EXPECT_THAT(harness.sent()[0].payloads, ElementsAre("result"));
  EXPECT_EQ(harness.sent()[0].envelope.epoch(), 1U);
}

TEST(WorkerSessionTest, HearsOfManyAttemptsInOneMessage) {
  SessionHarness harness;
  harness.begin();
  for (std::uint64_t seq = 1; seq <= 3; ++seq) harness.assign(seq, seq);
  wire::Message revoke;
  for (std::uint64_t seq = 2; seq <= 3; ++seq) {
    *revoke.envelope.mutable_revoke()->add_attempts() = wire::to_wire(SessionHarness::job(seq), SessionHarness::attempt(seq));
  }
  harness.hear(revoke);
  EXPECT_EQ(harness.session().held(), 1u);
  for (std::uint64_t seq = 4; seq <= 5; ++seq) harness.assign(seq, seq);
  harness.done(1, 1, 1, Blob::of("result"));
  harness.done(1, 4, 4, Blob::of("result"));
  wire::Message ack;
  for (const std::uint64_t seq : {1, 4}) {
    *ack.envelope.mutable_result_ack()->add_attempts() = wire::to_wire(SessionHarness::job(seq), SessionHarness::attempt(seq));
  }
  harness.hear(ack);
  EXPECT_EQ(harness.session().held(), 1u);
}

TEST(WorkerSessionTest, SendsAResultWithoutMeasuresThatNoMessageCanCarry) {
  // Goal: what an executor says must not bring the link down.
  SessionHarness harness;
  harness.begin();
  harness.assign(9, 1);
  Actions actions;
  JobOutput output(Blob::of("result"), std::string(wire::kMeasuresBytesMax + 1, 'm'));
  harness.session().on_job_done(harness.now(), ExecutorId{1}, SessionHarness::job(9), SessionHarness::attempt(1),
                                std::move(output), false, actions);
  const auto* sent = actions.empty() ? nullptr : std::get_if<SendMessage>(&actions[0]);
  ASSERT_NE(sent, nullptr);
  EXPECT_EQ(wire::encode(sent->message).back(), "result");
}

TEST(WorkerSessionTest, SpreadsJobsOverExecutorsAndUsesAllSlots) {
  SessionConfig config = executors(2);
  config.threads = 2;
  SessionHarness harness(config);
  harness.ready(1, 2);
  harness.ready(2, 2);
  harness.welcome(1);
  std::vector<std::string> starts;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    harness.assign(i, i);
    for (const std::string& word : harness.words()) {
      if (word.starts_with("start")) starts.push_back(word);
    }
  }
  EXPECT_THAT(starts, ElementsAre("start job 1 in 1", "start job 2 in 2", "start job 3 in 1", "start job 4 in 2"));
}

TEST(WorkerSessionTest, IgnoresAnAttemptThatItHasAcceptedBefore) {
  SessionHarness harness;
  harness.begin();
  harness.assign(1, 1);
  harness.assign(1, 1);
  EXPECT_THAT(harness.words(), IsEmpty());
  harness.done(1, 1, 1, Blob::of("r"));
  harness.assign(1, 1);
  EXPECT_THAT(harness.words(), IsEmpty());
  harness.ack(1, 1);
  harness.assign(1, 1);
  EXPECT_THAT(harness.words(), IsEmpty());
  EXPECT_EQ(harness.session().stats().repeated, 3U);
  harness.assign(1, 2);  // Another attempt at the same job is another matter.
  EXPECT_THAT(harness.words(), ElementsAre("start job 1 in 1"));
}

TEST(WorkerSessionTest, KeepsAResultUntilItIsAcknowledged) {
  SessionHarness harness;
  harness.begin();
  harness.assign(1, 1);
  harness.done(1, 1, 1, Blob::of("precious"));
  harness.assign(2, 2);
  harness.refuse(v1::REFUSAL_HELLO_FIRST, "who are you?");
  // Both are named: the finished one too is on its way and need not be done by others.
  EXPECT_THAT(harness.words(), ElementsAre("drop unsent", "send hello 2 1"));
  harness.welcome(1);
  EXPECT_THAT(harness.words(), ElementsAre("drop unsent", "send result 1 done"));
  EXPECT_THAT(harness.sent()[0].payloads, ElementsAre("precious"));
  harness.ack(1, 1);
  EXPECT_EQ(harness.session().held(), 1U);
  harness.welcome(1);
  EXPECT_THAT(harness.words(), ElementsAre("drop unsent"));
}

TEST(WorkerSessionTest, BringsItsResultsToAMasterThatWasStartedAnew) {
  SessionHarness harness;
  harness.begin();
  harness.assign(1, 1);
  harness.time(seconds(4));  // The master has said nothing for as long as it may.
  EXPECT_THAT(harness.words(), ElementsAre("drop unsent", "send hello 1"));
  harness.done(1, 1, 1, Blob::of("late"));  // Work goes on meanwhile; the result waits.
  EXPECT_THAT(harness.words(), IsEmpty());
  harness.welcome(2);
  ASSERT_THAT(harness.words(), ElementsAre("drop unsent", "send result 1 done"));
  EXPECT_EQ(harness.sent()[0].envelope.epoch(), 2U);                                 // The link's.
  EXPECT_EQ(harness.sent()[0].envelope.results().results(0).attempt().epoch(), 1U);  // The attempt's.
  harness.ack(1, 1, 1);
  EXPECT_EQ(harness.session().held(), 0U);
}

TEST(WorkerSessionTest, DoesNotTakeARunOfANewMasterForAnOldOneOfTheSameNumber) {
  // Goal: numbers of runs may begin anew with a master that kept nothing; a job must run with the setup it was given with.
  SessionHarness harness;
  harness.begin();
  harness.assign(1, 1, "a", "old");
  harness.assign(2, 2, "b", std::nullopt);
  harness.refuse(v1::REFUSAL_HELLO_FIRST, "");
  harness.welcome(2);
  harness.assign(3, 1, "c", "new");
  harness.time(seconds(1));
  harness.done(1, 1, 1, Blob::of("r"));
  EXPECT_THAT(harness.words(), ElementsAre("send result 1 done", "start job 2 in 1"));
  harness.done(1, 2, 2, Blob::of("r"));
  ASSERT_THAT(harness.words(), ElementsAre("send result 2 done", "open run 5 in 1", "start job 3 in 1"));
  EXPECT_EQ(harness.opened()[0].setup, "new");
}

TEST(WorkerSessionTest, SendsHeartbeatsOnlyWhenItHasNothingElseToSay) {
  SessionHarness harness;
  harness.begin();
  harness.assign(1, 1);
  harness.time(milliseconds(900));
  EXPECT_THAT(harness.words(), IsEmpty());
  harness.done(1, 1, 1, Blob::of("r"));
  harness.time(milliseconds(1800));
  EXPECT_THAT(harness.words(), IsEmpty());
  harness.time(milliseconds(1900));
  EXPECT_THAT(harness.words(), ElementsAre("send heartbeat"));
}

TEST(WorkerSessionTest, ReportsAFailureInTheWordsOfTheJob) {
  SessionHarness harness;
  harness.begin();
  harness.assign(1, 1);
  harness.done(1, 1, 1, fail(ErrorCode::kInput, "frame 7 is damaged", "clip.mp4"), true);
  ASSERT_THAT(harness.words(), ElementsAre("send result 1 failed"));
  const v1::JobResult& result = harness.sent()[0].envelope.results().results(0);
  EXPECT_TRUE(result.final());
  EXPECT_EQ(wire::from_wire(result.fault()), (Error{ErrorCode::kInput, "frame 7 is damaged", "clip.mp4", {}}));
}

TEST(WorkerSessionTest, ReportsALostExecutorWithItsEvidenceAndStartsAnother) {
  SessionHarness harness(executors(2));
  harness.begin();
  harness.ready(2);
  harness.assign(1, 1);
  harness.assign(2, 2);
  harness.lose(1, "was ended by signal 11");
  ASSERT_THAT(harness.words(), ElementsAre("send result 1 executor lost"));
  EXPECT_EQ(harness.sent()[0].envelope.results().results(0).fault().what(), "was ended by signal 11");
  EXPECT_EQ(harness.session().next_deadline(), at(kRestartDelayMin));
  harness.time(kRestartDelayMin);
  EXPECT_THAT(harness.words(), ElementsAre("start executor 3"));
  harness.assign(3, 3);  // The other executor is busy.
  EXPECT_THAT(harness.words(), IsEmpty());
  harness.ready(3);
  EXPECT_THAT(harness.words(), ElementsAre("open run 5 in 3", "start job 3 in 3"));
  harness.done(1, 1, 1, Blob::of("of a ghost"));  // Of the executor that was lost.
  EXPECT_THAT(harness.words(), IsEmpty());
  EXPECT_EQ(harness.session().stats().stale, 1U);
}

TEST(WorkerSessionTest, CancelsARevokedJobAndForgetsWhatHadNotBegun) {
  SessionHarness harness;
  harness.begin();
  harness.assign(1, 1);
  harness.assign(2, 2);
  harness.assign(3, 3);
  harness.revoke(2, 2);
  EXPECT_THAT(harness.words(), IsEmpty());
  harness.revoke(1, 1);
  EXPECT_THAT(harness.words(), ElementsAre("cancel job 1 in 1"));
  harness.revoke(1, 1);
  EXPECT_THAT(harness.words(), IsEmpty());
  harness.done(1, 1, 1, fail(ErrorCode::kStopped, "cancelled"));
  EXPECT_THAT(harness.words(), ElementsAre("start job 3 in 1"));  // Neither an answer, nor job 2.
  harness.done(1, 3, 3, Blob::of("r"));
  harness.revoke(3, 3);
  EXPECT_EQ(harness.session().held(), 0U);
}

TEST(WorkerSessionTest, EndsAnExecutorThatGoesOnWithARevokedJob) {
  SessionConfig config = SessionHarness::one_slot();
  config.threads = 2;
  SessionHarness harness(config);
  harness.ready(1, 2);
  harness.welcome(1);
  harness.assign(1, 1);
  harness.assign(2, 2);
  harness.revoke(1, 1);
  for (int s = 1; s < 30; ++s) {
    harness.time(seconds(s));
    EXPECT_THAT(harness.words(), Not(Contains("end executor 1")));
    harness.hear([] {
      wire::Message heartbeat;
      heartbeat.envelope.mutable_heartbeat();
      return heartbeat;
    }());
  }
  harness.time(wire::kCancelGrace);
  EXPECT_THAT(harness.words(), Contains("end executor 1"));
  harness.time(wire::kCancelGrace + seconds(1));
  EXPECT_THAT(harness.words(), Not(Contains("end executor 1")));
  harness.lose(1);
  // Job 2 only shared the process: no suspicion falls on it.
  EXPECT_THAT(harness.words(), ElementsAre("send result 2 returned"));
}

TEST(WorkerSessionTest, DrainsByHandingBackWhatHasNotBegun) {
  SessionHarness harness;
  harness.begin();
  harness.assign(1, 1);
  harness.assign(2, 2);
  harness.drain();
  EXPECT_THAT(harness.words(), ElementsAre("send draining", "send result 2 unstarted"));
  harness.assign(3, 3);  // It was on its way.
  EXPECT_THAT(harness.words(), ElementsAre("send result 3 unstarted"));
  harness.ack(2, 2);
  harness.ack(3, 3);
  harness.done(1, 1, 1, Blob::of("r"));
  EXPECT_THAT(harness.words(), ElementsAre("send result 1 done"));
  harness.ack(1, 1);
  EXPECT_THAT(harness.words(), ElementsAre("send goodbye", "leave 143: stopped by SIGTERM"));
  harness.assign(4, 4);
  EXPECT_THAT(harness.words(), IsEmpty());
  EXPECT_EQ(harness.session().next_deadline(), std::nullopt);
}

TEST(WorkerSessionTest, DrainsNoLongerThanItMay) {
  SessionHarness harness;
  harness.begin();
  harness.assign(1, 1);
  harness.drain();
  harness.refuse(v1::REFUSAL_HELLO_FIRST, "");  // Without a master, too.
  harness.time(milliseconds(29'999));
  EXPECT_THAT(harness.words(), Not(Contains(HasSubstr("leave"))));
  EXPECT_EQ(harness.session().next_deadline(), at(seconds(30)));
  harness.time(seconds(30));
  EXPECT_THAT(harness.words(), Contains("leave 143: stopped by SIGTERM"));
}

TEST(WorkerSessionTest, DrainsAtOnceWhenItHoldsNothing) {
  SessionHarness harness;
  harness.begin();
  harness.drain();
  EXPECT_THAT(harness.words(), ElementsAre("send goodbye", "leave 143: stopped by SIGTERM"));
}

TEST(WorkerSessionTest, LeavesWhenItIsRefusedWithTheMastersWords) {
  SessionHarness harness;
  harness.ready(1);
  harness.refuse(v1::REFUSAL_PROTOCOL, "protocol 1 here, 2 there");
  EXPECT_THAT(harness.words(), ElementsAre("leave 5: the master refused this worker: protocol 1 here, 2 there"));
}

TEST(WorkerSessionTest, LeavesWhenNoExecutorGetsReady) {
  SessionHarness harness;
  harness.lose(1, "cannot start: No such file or directory");
  harness.time(kRestartDelayMin);
  harness.lose(2, "cannot start: No such file or directory");
  harness.time(3 * kRestartDelayMin);
  ASSERT_THAT(harness.words(), ElementsAre("start executor 3"));
  harness.lose(3, "cannot start: No such file or directory");
  EXPECT_THAT(harness.words(), ElementsAre("leave 1: no executor gets ready: cannot start: No such file or directory"));
}

/// Two programs, of "video" and of "command".
SessionConfig two_programs(std::uint32_t executors) {
  SessionConfig config = SessionHarness::one_slot();
  config.programs = 2;
  config.executors = executors;
  return config;
}
const ExecutorFacts kVideoFacts{1, {{"video", "fingerprint"}}};
const ExecutorFacts kCommandFacts{1, {{"command", ""}}};

/// Executor 1 does "video", executor 2 "command", and the master has said welcome.
void begin(SessionHarness& harness) {
  harness.ready(1, kVideoFacts);
  harness.ready(2, kCommandFacts);
  harness.welcome(1);
}

TEST(WorkerSessionTest, OffersWhatAllItsProgramsDo) {
  SessionHarness harness(two_programs(2));
  EXPECT_THAT(harness.first_words(), ElementsAre("start executor 1", "start executor 2 of program 1"));
  harness.ready(1, kVideoFacts);
  EXPECT_THAT(harness.words(), IsEmpty());  // What the other one does is not known yet.
  harness.ready(2, kCommandFacts);
  ASSERT_THAT(harness.words(), ElementsAre("send hello"));
  const v1::WorkerHello& worker = harness.sent()[0].envelope.hello().worker();
  ASSERT_EQ(worker.kinds_size(), 2);
  EXPECT_EQ(worker.kinds(0).name(), "video");
  EXPECT_EQ(worker.kinds(1).name(), "command");
  EXPECT_EQ(worker.kinds(1).fingerprint(), "");
}

TEST(WorkerSessionTest, HasEachJobDoneByTheProgramOfItsKind) {
  SessionHarness harness(two_programs(2));
  begin(harness);
  harness.assign_kind("command", 1, 1);
  EXPECT_THAT(harness.words(), ElementsAre("open run 5 in 2", "start job 1 in 2"));
  harness.assign_kind("video", 2, 2);
  EXPECT_THAT(harness.words(), ElementsAre("open run 5 in 1", "start job 2 in 1"));
}

TEST(WorkerSessionTest, StartsMoreOfAProgramWhenThereAreJobsForIt) {
  // Goal: the slots are the worker's: those that one kind does not use, the other may have.
  SessionHarness harness(two_programs(2));
  begin(harness);
  harness.assign_kind("video", 1, 1);
  harness.assign_kind("video", 2, 2);
  EXPECT_THAT(harness.words(), IsEmpty());
  EXPECT_LE(harness.session().next_deadline(), harness.now());
  harness.time(Duration(1));
  EXPECT_THAT(harness.words(), ElementsAre("start executor 3"));
  harness.ready(3, kVideoFacts);
  EXPECT_THAT(harness.words(), ElementsAre("open run 5 in 3", "start job 2 in 3"));
  harness.assign_kind("command", 3, 3);  // Its program is there, and all slots are busy.
  EXPECT_THAT(harness.words(), IsEmpty());
  harness.done(1, 1, 1, Blob::of("result"));
  EXPECT_THAT(harness.words(), ElementsAre("send result 1 done", "open run 5 in 2", "start job 3 in 2"));
}

TEST(WorkerSessionTest, OffersOnlyTheKindsThatItIsAskedFor) {
  SessionConfig config = SessionHarness::one_slot();
  config.kinds = {"command"};
  SessionHarness harness(config);
  harness.ready(1, {1, {{"command", ""}, {"video", "fingerprint"}}});
  const v1::WorkerHello& worker = harness.sent()[0].envelope.hello().worker();
  ASSERT_EQ(worker.kinds_size(), 1);
  EXPECT_EQ(worker.kinds(0).name(), "command");
}

TEST(WorkerSessionTest, DoesWithoutAProgramThatMakesNoSense) {
  SessionHarness harness(two_programs(1));
  harness.ready(1, kVideoFacts);
  harness.ready(2, {1, {{std::string(wire::kTextBytesMax + 1, 'k'), ""}}});
  EXPECT_THAT(harness.words(), ElementsAre("end executor 2", "send hello"));
  EXPECT_EQ(harness.sent()[0].envelope.hello().worker().kinds_size(), 1);

  SessionHarness alone;
  alone.ready(1, {1, {}});
  EXPECT_THAT(alone.words(), ElementsAre("end executor 1", "leave 1: the executor program does not say what it does"));
}

TEST(WorkerSessionTest, TakesASetupOfNoBytes) {
  // A kind may have nothing to say to its executors.
  SessionHarness harness;
  harness.begin();
  harness.assign(1, 1, "job", std::string());
  EXPECT_THAT(harness.words(), ElementsAre("open run 5 in 1", "start job 1 in 1"));
}

TEST(WorkerSessionTest, DoesWithoutAProgramThatCannotRun) {
  SessionHarness harness(two_programs(1));
  harness.ready(1, kVideoFacts);
  harness.lose(2);
  for (std::uint64_t executor = 3; executor <= 4; ++executor) {
    harness.time(seconds(static_cast<int>(executor)));
    harness.lose(executor);
  }
  ASSERT_THAT(harness.words(), ElementsAre("send hello"));
  EXPECT_EQ(harness.sent()[0].envelope.hello().worker().kinds_size(), 1);
  harness.welcome(1);
  harness.assign_kind("command", 1, 1);  // It was never offered.
  EXPECT_THAT(harness.words(), ElementsAre("send result 1 returned"));
  EXPECT_EQ(harness.sent()[0].envelope.results().results(0).fault().what(), "this worker does no jobs of the kind \"command\"");
  harness.time(seconds(60));
  for (const std::string& word : harness.words()) EXPECT_THAT(word, Not(HasSubstr("start")));
}

TEST(WorkerSessionTest, LeavesWhenNoneOfItsProgramsCanRun) {
  SessionHarness harness(two_programs(1));
  std::uint64_t executor = 1;
  for (int lives = 0; lives < 3; ++lives) {
    harness.lose(executor++, "cannot start");
    harness.lose(executor++, "cannot start");
    if (lives < 2) harness.time(seconds(lives + 1));
  }
  EXPECT_THAT(harness.words(), ElementsAre("leave 1: no executor gets ready: cannot start"));
}

TEST(WorkerSessionTest, LeavesWhenTheExecutorProgramWasReplaced) {
  SessionHarness harness(executors(2));
  harness.begin();
  Actions actions;
  harness.session().on_executor_ready(harness.now(), ExecutorId{2}, ExecutorFacts{1, {{"video", "another"}}}, actions);
  ASSERT_EQ(actions.size(), 2U);
  ASSERT_TRUE(std::holds_alternative<Leave>(actions[1]));
  EXPECT_EQ(std::get<Leave>(actions[1]).exit_code, 5);
}

TEST(WorkerSessionTest, HandsBackAJobOfARunThatItDoesNotKnow) {
  SessionHarness harness;
  harness.begin();
  harness.assign(1, 1, "job", std::nullopt);
  EXPECT_THAT(harness.words(), ElementsAre("send result 1 returned"));
  EXPECT_EQ(harness.session().stats().unknown_runs, 1U);
}

TEST(WorkerSessionTest, OpensARunAgainThatAnExecutorHasClosedMeanwhile) {
  // Goal: link and executor count the open runs alike; a run that fell out of the last kOpenRunsMax must be opened again.
  SessionHarness harness;
  harness.begin();
  std::uint64_t n = 0;
  const auto run_one = [&](std::uint64_t run) {
    wire::Message message;
    v1::Assignment& assignment = *message.envelope.mutable_assign()->add_jobs();
    const JobId job{RunId{run}, JobKey{1, 0}};
    const Attempt attempt{1, ++n};
    *assignment.mutable_job() = wire::to_wire(job);
    *assignment.mutable_attempt() = wire::to_wire(attempt);
    assignment.set_kind("video");
    assignment.set_setup("setup of " + std::to_string(run));
    *assignment.mutable_payload() = wire::payload_ref(0, digest_of({}), true);
    message.payloads.emplace_back();
    harness.hear(std::move(message));
    const bool opened = !harness.opened().empty();
    Actions ignored;
    harness.session().on_job_done(harness.now(), ExecutorId{1}, job, attempt, Blob::of("r"), false, ignored);
    return opened;
  };
  for (std::uint64_t run = 1; run <= kOpenRunsMax; ++run) EXPECT_TRUE(run_one(run));
  EXPECT_FALSE(run_one(1));
  EXPECT_TRUE(run_one(kOpenRunsMax + 1));
  EXPECT_FALSE(run_one(2));
  EXPECT_TRUE(run_one(1));
}

}  // namespace
}  // namespace sheaf::worker
