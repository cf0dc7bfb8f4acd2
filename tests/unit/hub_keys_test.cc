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

TEST_F(HubKeysTest, SendsThoseAwayWhoseKeyWasRevoked) {
  give("second", "w", KeyRole::kWorker);
  greet_as_worker("worker", 300);
  greet_as_worker("second", 301);
  const std::string token = submit_run();
  greet_as_client_stage("stage", token);
  for (const char* peer : {"worker", "second", "client", "stage"}) hears(peer);
  hub_.on_keys_changed(now_, [](const wire::Principal& who) { return who.name != "w"; });
  for (const char* peer : {"worker", "second"}) {
    EXPECT_EQ(refusal(peer).reason(), v1::REFUSAL_FORBIDDEN);
    EXPECT_THAT(heard("refused").envelope.refused().text(), HasSubstr("revoked"));
    EXPECT_TRUE(sender_.forgotten.contains(peer));
  }
  EXPECT_THAT(hears("client"), IsEmpty());
  EXPECT_THAT(hears("stage"), IsEmpty());
  hub_.check_invariants();
}

TEST_F(HubKeysTest, HearsNothingFromAKeyThatOpensNothing) {
  greet_as_worker("worker", 300);
  hears("worker");
  hub_.on_stranger(now_, "worker");
  EXPECT_EQ(refusal("worker").reason(), v1::REFUSAL_FORBIDDEN);
  v1::Envelope heartbeat = envelope();
  heartbeat.mutable_heartbeat();
  say("worker", heartbeat);
  EXPECT_EQ(refusal("worker").reason(), v1::REFUSAL_HELLO_FIRST) << "its link is gone";
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
