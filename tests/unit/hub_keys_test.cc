// A hub whose peers have keys.
#include "tests/unit/hub_harness.h"

namespace sheaf::master {
namespace {

using wire::KeyRole;
using What = AuditEvent::What;

class HubKeysTest : public HubTest {
 protected:
  HubKeysTest() {
    give("worker", "w", KeyRole::kWorker);
    give("client", "c", KeyRole::kClient);
    give("stage", "c", KeyRole::kClient);
    give("other", "o", KeyRole::kClient);
  }
  void give(const wire::PeerAddress& peer, const std::string& name, KeyRole role) {
    keys_[peer] = wire::Principal{"key of " + name, name, role};
  }
  void greet_as_client_stage(const wire::PeerAddress& from, const std::string& token) {
    v1::Hello out = hello(v1::ROLE_STAGE, 200);
    out.mutable_stage()->set_run(1);
    out.mutable_stage()->set_token(token);
    out.mutable_stage()->set_incarnation(1);
    greet(from, out);
  }
  /// A run of "client"; returns the token of its stage.
  std::string submit_run() {
    greet_as_client();
    submit("client", 1, true);
    hears("client");
    return heard("submitted").envelope.submitted().stage_token();
  }
  /// A run with one job, which "worker" has been given.
  v1::Assignment give_the_only_job() {
    const std::string token = submit_run();
    greet_as_client_stage("stage", token);
    plan(1);
    feed(0, "a");
    end_feed(1);
    greet_as_worker("worker", 300);
    return assignment("worker");
  }
  std::vector<What> audited() const {
    std::vector<What> all;
    for (const AuditEvent& event : audit_.events) all.push_back(event.what);
    return all;
  }
};

TEST_F(HubKeysTest, WelcomesAKeyOnlyAsWhatItIsFor) {
  const std::map<v1::Role, std::vector<KeyRole>> table = {
      {v1::ROLE_WORKER, {KeyRole::kEverything, KeyRole::kWorker}},
      {v1::ROLE_STAGE, {KeyRole::kEverything, KeyRole::kClient, KeyRole::kAdmin}},
      {v1::ROLE_CLIENT, {KeyRole::kEverything, KeyRole::kClient, KeyRole::kAdmin}},
      {v1::ROLE_OBSERVER, {KeyRole::kEverything, KeyRole::kWorker, KeyRole::kClient, KeyRole::kAdmin, KeyRole::kObserver}},
  };
  std::uint64_t session = 1000;
  for (const auto& [role, keys] : table) {
    for (const KeyRole key : {KeyRole::kEverything, KeyRole::kWorker, KeyRole::kClient, KeyRole::kAdmin, KeyRole::kObserver}) {
      const bool may = std::find(keys.begin(), keys.end(), key) != keys.end();
      EXPECT_EQ(may_be(key, role), may) << v1::Role_Name(role) << " with a key for " << static_cast<int>(key);
      if (role == v1::ROLE_STAGE) continue;  // It has to show a run's token besides.
      const wire::PeerAddress peer = "peer " + std::to_string(++session);
      give(peer, "somebody", key);
      greet(peer, role == v1::ROLE_WORKER ? worker_hello(session) : hello(role, session));
      EXPECT_EQ(hears(peer).front(), may ? "welcome" : "refused");
      if (!may) {
        EXPECT_EQ(heard("refused").envelope.refused().reason(), v1::REFUSAL_FORBIDDEN);
        EXPECT_EQ(audit_.events.back().what, What::kRefused);
      }
    }
  }
}

TEST_F(HubKeysTest, LooksAtTheKeyOfEachMessage) {
  greet_as_worker("worker", 300);
  hears("worker");
  give("worker", "w", KeyRole::kClient);  // The list was changed meanwhile.
  v1::Envelope draining = envelope();
  draining.mutable_draining();
  say("worker", draining);
  EXPECT_EQ(refusal("worker").reason(), v1::REFUSAL_FORBIDDEN);
  EXPECT_EQ(hub_.refused_messages(), 1U);
  say("worker", draining);
  EXPECT_EQ(refusal("worker").reason(), v1::REFUSAL_HELLO_FIRST) << "its link is gone";
}

TEST_F(HubKeysTest, LetsNobodyTakeTheSessionOfAnotherKey) {
  greet_as_client("client", 100);
  hears("client");
  greet_as_client("other", 100);
  EXPECT_EQ(refusal("other").reason(), v1::REFUSAL_FORBIDDEN);
  submit("client", 1, true);
  EXPECT_EQ(hears("client").front(), "submitted") << "it is still there";
  // Nor when the first one is away: what was its, is not the other's.
  hub_.on_gone(now_, "client");
  greet_as_client("other", 100);
  v1::Envelope cancel = envelope();
  cancel.mutable_cancel_run()->set_run(1);
  say("other", cancel);
  EXPECT_EQ(refusal("other").reason(), v1::REFUSAL_UNKNOWN_RUN);
}

TEST_F(HubKeysTest, LetsARunsStageInOnlyWithTheKeyThatHasSubmittedIt) {
  const std::string token = submit_run();
  greet_as_client_stage("other", token);
  EXPECT_EQ(refusal("other").reason(), v1::REFUSAL_FORBIDDEN);
  greet_as_client_stage("stage", token);
  EXPECT_EQ(hears("stage").front(), "welcome");
}

TEST_F(HubKeysTest, OpensNoFilesForAKey) {
  greet_as_client();
  submit("client", 1, false);
  EXPECT_EQ(refusal("client").reason(), v1::REFUSAL_FORBIDDEN);
  EXPECT_TRUE(launcher_.started.empty());
  EXPECT_EQ(hub_.active_runs(), 0U);
}

/// A list of keys, as the server has it.
class List {
 public:
  explicit List(std::vector<wire::Principal> good) : good_(std::move(good)) {}
  const wire::Principal* operator()(const std::string& key) const {
    for (const wire::Principal& one : good_) {
      if (one.key == key) return &one;
    }
    return nullptr;
  }

 private:
  std::vector<wire::Principal> good_;
};

TEST_F(HubKeysTest, SendsThoseAwayWhoseKeyWasRevoked) {
  give("second", "w", KeyRole::kWorker);
  greet_as_worker("worker", 300);
  greet_as_worker("second", 301);
  const std::string token = submit_run();
  greet_as_client_stage("stage", token);
  for (const char* peer : {"worker", "second", "client", "stage"}) hears(peer);
  hub_.on_keys_changed(now_, List({keys_["client"]}));
  for (const char* peer : {"worker", "second"}) {
    EXPECT_EQ(refusal(peer).reason(), v1::REFUSAL_FORBIDDEN);
    EXPECT_THAT(heard("refused").envelope.refused().text(), HasSubstr("revoked"));
    EXPECT_TRUE(sender_.forgotten.contains(peer));
  }
  EXPECT_THAT(hears("client"), IsEmpty());
  EXPECT_THAT(hears("stage"), IsEmpty());
  EXPECT_EQ(hub_.active_runs(), 1U);
  hub_.check_invariants();
}

TEST_F(HubKeysTest, EndsTheRunsOfAKeyThatWasRevokedAtOnce) {
  const std::string token = submit_run();
  greet_as_client_stage("stage", token);
  plan(2);
  feed(0, "a");
  feed(1, "b");
  greet_as_worker("worker", 300);
  hears("worker");
  heard("assign");
  hub_.on_keys_changed(now_, List({keys_["worker"], keys_["other"]}));
  EXPECT_EQ(refusal("client").reason(), v1::REFUSAL_FORBIDDEN);
  EXPECT_EQ(hub_.active_runs(), 0U);
  EXPECT_THAT(hears("worker"), ElementsAre("revoke")) << "nothing more is begun";
  hub_.check_invariants();
}

TEST_F(HubKeysTest, TakesAKeyForWhatItIsNow) {
  greet_as_client();
  hears("client");
  wire::Principal observer = keys_["client"];
  observer.role = KeyRole::kObserver;
  hub_.on_keys_changed(now_, List({observer}));
  EXPECT_EQ(refusal("client").reason(), v1::REFUSAL_FORBIDDEN);
  greet_as_client("other", 101);
  hears("other");
  wire::Principal admin = keys_["other"];
  admin.role = KeyRole::kAdmin;
  hub_.on_keys_changed(now_, List({admin}));
  EXPECT_THAT(hears("other"), IsEmpty());
}

TEST_F(HubKeysTest, HearsNothingFromAKeyThatOpensNothing) {
  greet_as_worker("worker", 300);
  hears("worker");
  const wire::Principal former{"key of w", "w", KeyRole::kNobody};
  hub_.on_stranger(now_, "worker", former);
  EXPECT_EQ(refusal("worker").reason(), v1::REFUSAL_FORBIDDEN);
  EXPECT_EQ(audit_.events.back().what, What::kLeft);
  EXPECT_EQ(audit_.events[audit_.events.size() - 2].what, What::kRefused);
  EXPECT_EQ(audit_.events[audit_.events.size() - 2].who, former);
  v1::Envelope heartbeat = envelope();
  heartbeat.mutable_heartbeat();
  say("worker", heartbeat);
  EXPECT_EQ(refusal("worker").reason(), v1::REFUSAL_HELLO_FIRST) << "its link is gone";
}

TEST_F(HubKeysTest, TakesAnAnswerOnlyFromTheKeyThatWasGivenTheJob) {
  // Goal: jobs and attempts are small numbers. A worker of another key that guesses them can neither end a job, nor hand it
  // back so that it is begun twice, nor say that it is running it.
  give("thief", "t", KeyRole::kWorker);
  const v1::Assignment given = give_the_only_job();
  greet_as_worker("thief", 301);
  hears("thief");
  hears("stage");
  answer("thief", given, "forged");
  EXPECT_THAT(hears("thief"), ElementsAre("result_ack")) << "so that it lets go";
  say("thief", result(given, v1::OUTCOME_UNSTARTED));
  say("thief", result(given, v1::OUTCOME_RETURNED));
  report_failure("thief", given, "forged");
  v1::Hello claims = worker_hello(302);
  *claims.mutable_worker()->add_running()->mutable_job() = given.job();
  *claims.mutable_worker()->mutable_running(0)->mutable_attempt() = given.attempt();
  give("another", "t", KeyRole::kWorker);
  greet("another", claims);
  EXPECT_THAT(hears("worker"), IsEmpty());
  EXPECT_THAT(hears("stage"), IsEmpty());
  EXPECT_EQ(hub_.refused_messages(), 5U);
  EXPECT_EQ(audit_.events.back().what, What::kJoined);
  // A second process of the worker's own key may: it is the same principal.
  give("twin", "w", KeyRole::kWorker);
  greet_as_worker("twin", 303);
  answer("twin", given, "result");
  EXPECT_THAT(hears("stage"), ElementsAre("deliver"));
}

TEST_F(HubKeysTest, AcksALateAnswerAboutAJobThatIsDone) {
  const v1::Assignment given = give_the_only_job();
  answer("worker", given, "result");
  accept(0);
  hears("worker");
  answer("worker", given, "result");
  EXPECT_THAT(hears("worker"), ElementsAre("result_ack"));
  EXPECT_EQ(hub_.refused_messages(), 0U);
}

TEST_F(HubKeysTest, RecordsWhoDidWhat) {
  submit_run();
  v1::Envelope cancel = envelope();
  cancel.mutable_cancel_run()->set_run(1);
  say("client", cancel);
  say("client", cancel);
  v1::Envelope goodbye = envelope();
  goodbye.mutable_goodbye();
  say("client", goodbye);
  EXPECT_THAT(audited(), ElementsAre(What::kJoined, What::kSubmitted, What::kCancelled, What::kCancelled, What::kLeft));
  EXPECT_EQ(audit_.events[1].who.name, "c");
  EXPECT_EQ(audit_.events[1].who.key, "key of c");
  EXPECT_THAT(audit_.events[1].detail, HasSubstr("run 1: video"));
}

}  // namespace
}  // namespace sheaf::master
