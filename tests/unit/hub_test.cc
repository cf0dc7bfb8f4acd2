#include "master/io/hub.h"

#include "common/base/version.h"
#include "tests/unit/hub_harness.h"

namespace sheaf::master {
namespace {

// ------------------------------------------------------------------------------------------------------------------ one whole
// run

TEST_F(HubTest, LeadsARunFromItsSubmissionToItsEnd) {
  greet_as_client();
  EXPECT_EQ(hears("client"), Kinds{"welcome"});
  submit();
  EXPECT_EQ(hears("client"), (Kinds{"submitted", "run_update"}));
  EXPECT_EQ(heard("submitted").envelope.submitted().run(), 1u);
  EXPECT_EQ(heard("submitted").envelope.submitted().stage_token(), "");  // The stage is the master's own.
  EXPECT_EQ(heard("run_update").envelope.run_update().state(), v1::RUN_PLANNING);
  ASSERT_EQ(launcher_.started.size(), 1u);
  EXPECT_EQ(launcher_.started[0].token.size(), 16u);
  EXPECT_EQ(launcher_.started[0].program, "sheaf-stage-video");

  greet_as_stage();
  EXPECT_EQ(hears("stage"), (Kinds{"welcome", "feed_credit", "feed_credit"}));
  EXPECT_EQ(heard("welcome").envelope.welcome().run().request(), "the request");
  const v1::FeedCredit credit = heard("feed_credit").envelope.feed_credit();
  EXPECT_EQ(credit.bytes_until(), config().memory_window_bytes);
  EXPECT_EQ(credit.jobs_received(), 0u);

  plan(2);
  EXPECT_EQ(update().state(), v1::RUN_WORKING);
  EXPECT_EQ(heard("run_update").envelope.run_update().units_total(), 20u);
  EXPECT_THAT(heard("run_update").envelope.run_update().notes(), ElementsAre("a note"));
  feed(0, "job 0");
  feed(1, "job 1");
  end_feed(2);
  hears("stage");
  EXPECT_EQ(heard("feed_credit").envelope.feed_credit().jobs_received(), 2u);

  greet_as_worker("worker", 300);
  EXPECT_EQ(hears("worker"), (Kinds{"welcome", "assign"}));
  EXPECT_EQ(heard("welcome").envelope.welcome().peer(), 1u);
  const v1::Assignment first = heard("assign").envelope.assign().jobs(0);
  EXPECT_EQ(heard("assign").payloads, std::vector<Bytes>{"job 0"});
  EXPECT_EQ(first.kind(), "video");
  EXPECT_EQ(first.setup(), "the setup");
  EXPECT_EQ(first.attempt().epoch(), kEpoch);

  answer("worker", first, "result 0");
  EXPECT_EQ(hears("worker"), (Kinds{"assign", "result_ack"}));
  const v1::Assignment second = heard("assign").envelope.assign().jobs(0);
  EXPECT_EQ(second.setup(), "");  // It has been given already.
  EXPECT_EQ(hears("stage"), Kinds{"deliver"});
  EXPECT_EQ(heard("deliver").payloads, std::vector<Bytes>{"result 0"});
  accept(0);
  answer("worker", second, "result 1");
  EXPECT_EQ(hears("stage"), Kinds{"deliver"});
  accept(1);
  EXPECT_EQ(hears("stage"), Kinds{"all_bound"});

  publish();
  EXPECT_EQ(hears("stage"), Kinds{"publish_granted"});
  v1::Envelope published = envelope();
  published.mutable_published()->set_run(1);
  say("stage", published);
  EXPECT_EQ(hears("stage"), Kinds{"goodbye"});
  const v1::RunUpdate last = update();
  EXPECT_EQ(last.state(), v1::RUN_DONE);
  EXPECT_EQ(last.units_bound(), 20u);
  EXPECT_EQ(last.attempts_total(), 2u);
  EXPECT_EQ(last.output_bytes(), 777u);
  EXPECT_EQ(last.report(), "the report");
  EXPECT_EQ(hub_.active_runs(), 0u);
  EXPECT_EQ(hub_.refused_messages(), 0u);
  EXPECT_THAT(launcher_.stopped, IsEmpty());
}

TEST_F(HubTest, SaysInTheWelcomeWhoItIsAndHowLongItWaits) {
  greet_as_client();
  EXPECT_EQ(hears("client"), Kinds{"welcome"});
  const v1::Welcome welcome = heard("welcome").envelope.welcome();
  EXPECT_EQ(welcome.epoch(), kEpoch);
  EXPECT_EQ(welcome.version(), kVersion);
  EXPECT_EQ(welcome.heartbeat_interval_ms(), 1000u);
  EXPECT_EQ(welcome.silence_max_ms(), 4000u);
}

TEST_F(HubTest, GivesTheTicketOfTheStageToAClientThatStartsIt) {
  greet_as_client();
  submit("client", 1, true);
  EXPECT_THAT(launcher_.started, IsEmpty());
  hears("client");
  const std::string token = heard("submitted").envelope.submitted().stage_token();
  EXPECT_EQ(token.size(), 16u);
  launcher_.started.push_back({RunId{1}, "", token, 1});
  greet_as_stage();
  EXPECT_EQ(hears("stage").front(), "welcome");
}

TEST_F(HubTest, GivesJobsOnlyToWorkersThatDoTheirKind) {
  begin_run(1);
  v1::Hello other = worker_hello(300);
  other.mutable_worker()->mutable_kinds(0)->set_name("command");
  greet("other", other);
  pass(200ms);
  EXPECT_EQ(hears("other"), Kinds{"welcome"});
  const v1::RunUpdate waiting = update();
  EXPECT_EQ(waiting.workers(), 0u);
  EXPECT_EQ(waiting.unfit_workers(), 0u);
  EXPECT_EQ(waiting.other_workers(), 1u);

  other = worker_hello(301);
  other.mutable_worker()->add_kinds()->set_name("command");
  greet("both", other);
  EXPECT_EQ(assignment("both").kind(), "video");
}

TEST_F(HubTest, SaysHowItStandsOnlyWhenThatHasChanged) {
  begin_run(1);
  pass(200ms);
  hears("client");
  pass(200ms);
  EXPECT_EQ(hears("client"), Kinds{});
  greet_as_worker("worker", 300);
  pass(200ms);
  EXPECT_EQ(update().running(), 1u);
}

TEST_F(HubTest, HeartbeatsToThoseItHasNothingToSayTo) {
  greet_as_client();
  hears("client");
  pass(900ms);
  EXPECT_EQ(hears("client"), Kinds{});
  pass(200ms);
  EXPECT_EQ(hears("client"), Kinds{"heartbeat"});
}

TEST_F(HubTest, SleepsWhileNobodyIsThere) {
  // Goal: a master that waits for work does not keep a laptop awake.
  EXPECT_EQ(hub_.next_deadline(), std::nullopt);
  greet_as_worker("a", 300);
  v1::Envelope goodbye = envelope();
  goodbye.mutable_goodbye();
  say("a", goodbye);
  pass(config().update_interval);
  EXPECT_EQ(hub_.next_deadline(), std::nullopt);
}

TEST_F(HubTest, WakesForHeartbeatsOnlyWhileNothingHappens) {
  begin_run(1);  // There is no worker for it.
  const Instant end = now_ + 100 * config().heartbeat_interval;
  int looks = 0;
  for (; hub_.next_deadline().value() < end; ++looks) {
    pass(*hub_.next_deadline() - now_);
    v1::Envelope heartbeat = envelope();
    heartbeat.mutable_heartbeat();
    say("client", heartbeat);
    say("stage", heartbeat);
  }
  EXPECT_THAT(looks, testing::AllOf(testing::Ge(100), testing::Le(202)));  // Two peers, each at its own time.
}

TEST_F(HubTest, SaysGoodbyeToAllWhenItStops) {
  greet_as_client();
  greet_as_worker("worker", 300);
  hears("client");
  hub_.shut_down(now_, "the master stops");
  EXPECT_EQ(hears("client"), Kinds{"goodbye"});
  EXPECT_EQ(heard("goodbye").envelope.goodbye().reason(), "the master stops");
  EXPECT_EQ(hears("worker").back(), "goodbye");
}

// -----------------------------------------------------------------------------------------------------------------------
// refusals

TEST_F(HubTest, RefusesAnotherProtocolWithBothVersions) {
  v1::Hello other = hello(v1::ROLE_CLIENT, 100);
  other.set_protocol(wire::kProtocolVersion + 1);
  other.set_version("9.9.9");
  greet("client", other);
  const v1::Refused refused = refusal("client");
  EXPECT_EQ(refused.reason(), v1::REFUSAL_PROTOCOL);
  EXPECT_THAT(refused.text(), HasSubstr("9.9.9"));
  EXPECT_THAT(refused.text(), HasSubstr(kVersion));
}

TEST_F(HubTest, TellsAWorkerOfAnOlderProtocolWhichOneToSpeak) {
  v1::Envelope older;
  *older.mutable_hello() = hello(v1::ROLE_WORKER, 300);
  older.mutable_hello()->set_protocol(1);
  older.mutable_hello()->mutable_worker()->set_slots(1);
  auto read = wire::decode({older.SerializeAsString()});
  hub_.on_message(now_, "worker", std::move(read));
  EXPECT_EQ(refusal("worker").reason(), v1::REFUSAL_PROTOCOL);
}

TEST_F(HubTest, SurvivesAHelloWhoseVersionIsAsLongAsATextMayBe) {
  // Goal: the refusal repeats the version, and must not become longer than a message may be.
  v1::Hello other = hello(v1::ROLE_CLIENT, 100);
  other.set_protocol(wire::kProtocolVersion + 1);
  std::string version;
  while (version.size() + 2 <= wire::kTextBytesMax) version += "\xc3\xa9";  // Wherever it is cut, a character must stay whole.
  other.set_version(version);
  greet("client", other);
  EXPECT_EQ(refusal("client").reason(), v1::REFUSAL_PROTOCOL);
}

TEST_F(HubTest, AsksForAHelloFirst) {
  v1::Envelope heartbeat = envelope();
  heartbeat.mutable_heartbeat();
  say("stranger", heartbeat);
  EXPECT_EQ(refusal("stranger").reason(), v1::REFUSAL_HELLO_FIRST);

  greet_as_client();
  heartbeat.set_epoch(kEpoch - 1);  // It talks to an earlier life of this master.
  say("client", heartbeat);
  EXPECT_EQ(refusal("client").reason(), v1::REFUSAL_HELLO_FIRST);
}

TEST_F(HubTest, RefusesAStageWithoutTheRightTicket) {
  greet_as_client();
  submit();
  const v1::Hello right = [&] {
    v1::Hello out = hello(v1::ROLE_STAGE, 200);
    out.mutable_stage()->set_run(1);
    out.mutable_stage()->set_token(launcher_.started[0].token);
    out.mutable_stage()->set_incarnation(1);
    return out;
  }();
  v1::Hello wrong = right;
  wrong.mutable_stage()->set_token("0123456789abcdef");
  greet("stage", wrong);
  EXPECT_EQ(refusal("stage").reason(), v1::REFUSAL_FORBIDDEN);
  wrong = right;
  wrong.mutable_stage()->set_run(2);
  greet("stage", wrong);
  EXPECT_EQ(refusal("stage").reason(), v1::REFUSAL_FORBIDDEN);
  wrong = right;
  wrong.mutable_stage()->set_incarnation(2);
  greet("stage", wrong);
  EXPECT_EQ(refusal("stage").reason(), v1::REFUSAL_FORBIDDEN);
  greet("stage", right);
  EXPECT_EQ(hears("stage").front(), "welcome");
}

TEST_F(HubTest, ReadsNothingFromARoleThatMayNotSayIt) {
  begin_run(1);
  v1::Envelope accept = envelope();
  accept.mutable_accept()->set_run(1);
  accept.mutable_accept()->add_jobs()->set_run(1);
  say("client", accept);
  EXPECT_EQ(refusal("client").reason(), v1::REFUSAL_FORBIDDEN);
  submit("stage", 7);
  EXPECT_EQ(refusal("stage").reason(), v1::REFUSAL_FORBIDDEN);
  EXPECT_EQ(hub_.refused_messages(), 2u);
  EXPECT_EQ(hub_.active_runs(), 1u);
}

TEST_F(HubTest, GivesAWorkerItsMarksBack) {
  v1::Hello hello = worker_hello(300);
  hello.mutable_worker()->set_lease_mark(77);
  greet("worker", hello);
  hears("worker");
  EXPECT_EQ(heard("welcome").envelope.welcome().lease_ms(), 60'000u);
  EXPECT_EQ(heard("welcome").envelope.welcome().lease_mark(), 77u);

  v1::Envelope renewal = envelope();
  renewal.mutable_renew_lease()->set_mark(78);
  say("worker", renewal);
  EXPECT_EQ(hears("worker"), Kinds{"lease_renewed"});
  EXPECT_EQ(heard("lease_renewed").envelope.lease_renewed().mark(), 78u);
}

TEST_F(HubTest, RenewsNoLeaseOfWhomItHasNotWelcomed) {
  v1::Envelope renewal = envelope();
  renewal.mutable_renew_lease()->set_mark(78);
  say("stranger", renewal);
  EXPECT_EQ(hears("stranger"), Kinds{"refused"});
  greet_as_worker("worker", 300);
  hub_.on_gone(now_, "worker");
  hears("worker");
  say("worker", renewal);
  EXPECT_EQ(hears("worker"), Kinds{"refused"});
}

TEST_F(HubTest, TellsAWorkerWhichJobsAreLeased) {
  may_run_twice_ = false;
  begin_run(1);
  greet_as_worker("worker", 300);
  EXPECT_TRUE(assignment("worker").is_leased());
}

TEST_F(HubTest, LetsEachRoleSayItsOwnMessagesAndNoOthers) {
  // The table of docs/PROTOCOL.md: w(orker), s(tage), c(lient), o(bserver).
  const std::map<std::string, std::string> table = {
      {"ask_workers", "o"},  {"hello", "wsco"},    {"heartbeat", "wsco"}, {"goodbye", "wsco"}, {"draining", "w"},
      {"submit", "c"},       {"cancel_run", "c"},  {"run_planned", "s"},  {"feed", "s"},       {"feed_end", "s"},
      {"accept", "s"},       {"redo", "s"},        {"split", "s"},        {"publish", "s"},    {"published", "s"},
      {"stage_failed", "s"}, {"renew_lease", "w"}, {"results", "w"},      {"part", "ws"},      {"part_credit", "ws"}};
  const auto* body = v1::Envelope::descriptor()->oneof_decl(0);
  for (int i = 0; i < body->field_count(); ++i) {
    const auto entry = table.find(body->field(i)->name());
    const std::string roles = entry == table.end() ? "" : entry->second;
    const auto kind = static_cast<v1::Envelope::BodyCase>(body->field(i)->number());
    EXPECT_EQ(may_send(v1::ROLE_WORKER, kind), roles.find('w') != std::string::npos) << body->field(i)->name();
    EXPECT_EQ(may_send(v1::ROLE_STAGE, kind), roles.find('s') != std::string::npos) << body->field(i)->name();
    EXPECT_EQ(may_send(v1::ROLE_CLIENT, kind), roles.find('c') != std::string::npos) << body->field(i)->name();
    EXPECT_EQ(may_send(v1::ROLE_OBSERVER, kind), roles.find('o') != std::string::npos) << body->field(i)->name();
  }
}

TEST_F(HubTest, TellsTheSenderWhyAMessageIsRefused) {
  greet_as_client();
  hub_.on_message(now_, "client", fail(ErrorCode::kCluster, "a header of 70000 bytes"));
  EXPECT_EQ(refusal("client").reason(), v1::REFUSAL_MALFORMED);
  EXPECT_EQ(heard("refused").envelope.refused().text(), "a header of 70000 bytes");
  EXPECT_EQ(hub_.refused_messages(), 1u);
  submit();  // The link stays.
  EXPECT_EQ(hears("client").front(), "submitted");
}

TEST_F(HubTest, LetsAStageSpeakOnlyOfItsOwnRun) {
  // Goal: who has the ticket of one run has no say in another.
  begin_run(1);
  greet_as_client("other client", 101);
  submit("other client", 1);
  greet_as_stage("other stage", 201, 2);
  hears("other stage");
  v1::Envelope message = envelope();
  message.mutable_feed()->set_run(1);
  *message.mutable_feed()->add_jobs() = header(1, wire::payload_ref(3'000'000, Digest{1, 2}, false));
  say("other stage", message);
  EXPECT_EQ(refusal("other stage").reason(), v1::REFUSAL_FORBIDDEN);
  message = envelope();
  message.mutable_stage_failed()->set_run(1);
  *message.mutable_stage_failed()->mutable_fault() = wire::to_wire(Error{ErrorCode::kInput, "no", {}, {}});
  say("other stage", message);
  EXPECT_EQ(refusal("other stage").reason(), v1::REFUSAL_FORBIDDEN);
  EXPECT_EQ(hub_.active_runs(), 2u);
}

TEST_F(HubTest, CancelsARunForItsOwnClientOnly) {
  begin_run(1);
  greet_as_client("other", 101);
  v1::Envelope cancel = envelope();
  cancel.mutable_cancel_run()->set_run(1);
  cancel.mutable_cancel_run()->set_reason("Ctrl-C");
  say("other", cancel);
  EXPECT_EQ(refusal("other").reason(), v1::REFUSAL_UNKNOWN_RUN);
  say("client", cancel);
  EXPECT_EQ(hears("stage").back(), "goodbye");
  v1::Envelope goodbye = envelope();
  goodbye.mutable_goodbye();
  say("stage", goodbye);
  EXPECT_EQ(update().state(), v1::RUN_CANCELLED);
  EXPECT_EQ(hub_.active_runs(), 0u);
}

class SmallHubTest : public HubTest {
 protected:
  static HubConfig small() {
    HubConfig config = HubTest::config();
    config.peers_max = 2;
    config.runs_max = 1;
    return config;
  }
  SmallHubTest() : HubTest(small()) {}
};

TEST_F(SmallHubTest, SaysThatItIsFull) {
  greet_as_client();
  submit();
  submit("client", 2);
  EXPECT_EQ(refusal("client").reason(), v1::REFUSAL_BUSY);
  greet_as_worker("worker", 300);
  greet_as_worker("one more", 301);
  EXPECT_EQ(refusal("one more").reason(), v1::REFUSAL_BUSY);
  greet_as_worker("worker again", 300);  // Somebody who comes back takes no place of his own.
  EXPECT_EQ(hears("worker again").front(), "welcome");
}

}  // namespace
}  // namespace sheaf::master
