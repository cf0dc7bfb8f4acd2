// Over real sockets: what ZeroMQ lets in is the question.
#include "common/net/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "common/net/curve.h"
#include "common/net/gate_proof.h"
#include "common/runtime/clock.h"
#include "tests/unit/temporary_directory.h"

namespace sheaf::net {
namespace {

using ::testing::HasSubstr;

constexpr Duration kDeadline = std::chrono::seconds(20);

wire::Message heartbeat() {
  wire::Message message;
  message.envelope.mutable_heartbeat();
  return message;
}

class GateTest : public testing::Test {
 protected:
  GateTest()
      : keys_(std::move(*KeyDirectory::create(directory_ / "keys", "tcp://127.0.0.1:7077"))),
        gate_(std::move(*Gate::open(context_, keys_))),
        router_(std::move(*RouterChannel::bind(context_, *wire::parse_endpoint("tcp://127.0.0.1:*"), &gate_))) {}

  wire::Endpoint endpoint(const std::optional<wire::CurveKeys>& keys) const { return {router_.address(), {}, keys}; }
  wire::CurveKeys keys_of(const std::string& name) const {
    const KeyFile file = *read_key_file(directory_ / ("keys/" + name + ".toml"));
    return {file.server_key, file.public_key, file.secret_key};
  }
  DealerChannel connect(const std::optional<wire::CurveKeys>& keys) {
    return std::move(*DealerChannel::connect(context_, endpoint(keys)));
  }
  /// Waits until `condition` holds; meanwhile the gate answers.
  bool wait_until(DealerChannel& peer, const std::function<bool()>& condition) {
    Poller poller;
    poller.add(gate_);
    poller.add(router_);
    peer.watch_handshakes(poller);
    for (const Instant end = now() + kDeadline; now() < end; poller.wait(std::chrono::milliseconds(5))) {
      for (Denied& one : gate_.answer()) denied_.push_back(std::move(one));
      if (condition()) return true;
    }
    return false;
  }
  Handshake handshake(DealerChannel& peer) {
    wait_until(peer, [&] { return peer.handshake() != Handshake::kNone; });
    return peer.handshake();
  }
  /// Who the master takes the sender of `peer`'s next message for.
  std::optional<std::string> heard_from(DealerChannel& peer) {
    std::optional<Incoming> incoming;
    bool is_sent = false;
    wait_until(peer, [&] {
      is_sent = is_sent || peer.send(heartbeat()) == wire::SendOutcome::kSent;
      return is_sent && (incoming = router_.receive()).has_value();
    });
    return incoming ? std::optional(incoming->user) : std::nullopt;
  }

  TemporaryDirectory directory_;
  KeyDirectory keys_;
  Context context_;
  Gate gate_;
  RouterChannel router_;
  std::vector<Denied> denied_;
};

TEST_F(GateTest, LetsInWhoIsOnTheListAndKnowsWhoItIs) {
  const wire::CurveKeys worker = keys_of("worker");
  DealerChannel peer = connect(worker);
  EXPECT_EQ(handshake(peer), Handshake::kDone);
  EXPECT_EQ(heard_from(peer), worker.public_key);
  const wire::Principal* who = gate_.find(worker.public_key);
  ASSERT_NE(who, nullptr);
  EXPECT_EQ(who->name, "worker");
  EXPECT_EQ(who->role, wire::KeyRole::kWorker);
  EXPECT_EQ(heard_from(peer), worker.public_key) << "of a later message too";
}

TEST_F(GateTest, DeniesUnknownAndRevokedKeys) {
  const KeyPair unknown = make_key_pair();
  DealerChannel stranger = connect(wire::CurveKeys{keys_.server().server_key, unknown.public_key, unknown.secret_key});
  EXPECT_EQ(handshake(stranger), Handshake::kDenied);
  ASSERT_FALSE(denied_.empty());
  EXPECT_EQ(denied_.front().key, unknown.public_key);
  EXPECT_EQ(denied_.front().name, "");
  EXPECT_EQ(denied_.front().address, "127.0.0.1");

  denied_.clear();
  const wire::CurveKeys revoked = keys_of("client");
  ASSERT_TRUE(keys_.revoke("client"));
  gate_.replace(keys_);
  DealerChannel former = connect(revoked);
  EXPECT_EQ(handshake(former), Handshake::kDenied);
  ASSERT_FALSE(denied_.empty());
  EXPECT_EQ(denied_.front().name, "client");
  EXPECT_THAT(handshake_error(Handshake::kDenied, endpoint(revoked)).message(), HasSubstr("does not let this key in"));
}

TEST_F(GateTest, LetsInLaterWhomItHasDenied) {
  // Goal: ZeroMQ connects no more once it was denied. Who stays, because a denial proves nothing, must get in when his key is
  // good.
  const KeyPair late = make_key_pair();
  DealerChannel peer = connect(wire::CurveKeys{keys_.server().server_key, late.public_key, late.secret_key});
  EXPECT_EQ(handshake(peer), Handshake::kDenied);
  gate_.admit(late.public_key);
  EXPECT_TRUE(wait_until(peer, [&] {
    peer.receive();
    return peer.handshake() == Handshake::kDone;
  }));
  EXPECT_EQ(peer.denials(), 1U);
  EXPECT_EQ(heard_from(peer), late.public_key);
}

TEST_F(GateTest, RefusesWhoHasNoKeyOrMeansAnotherMaster) {
  DealerChannel plain = connect(std::nullopt);
  EXPECT_EQ(handshake(plain), Handshake::kFailed);
  wire::CurveKeys elsewhere = keys_of("worker");
  elsewhere.server_key = make_key_pair().public_key;
  DealerChannel lost = connect(elsewhere);
  EXPECT_EQ(handshake(lost), Handshake::kFailed);
  // The key that everybody knows is not one of its: a thief of the public half has nothing.
  wire::CurveKeys thief = keys_of("worker");
  thief.secret_key = make_key_pair().secret_key;
  DealerChannel with_half = connect(thief);
  EXPECT_EQ(handshake(with_half), Handshake::kFailed);
}

TEST_F(GateTest, KnowsAtOnceThatAKeyOfSomebodyWhoIsInOpensNothingAnyMore) {
  // Goal: ZeroMQ asks at the handshake only, so a message of a revoked key still arrives; it must be known for what it is.
  const wire::CurveKeys worker = keys_of("worker");
  DealerChannel peer = connect(worker);
  EXPECT_EQ(heard_from(peer), worker.public_key);
  ASSERT_TRUE(keys_.revoke("worker"));
  gate_.replace(keys_);
  EXPECT_EQ(heard_from(peer), worker.public_key);
  EXPECT_EQ(gate_.find(worker.public_key), nullptr);
  EXPECT_EQ(gate_.find_former(worker.public_key), (wire::Principal{worker.public_key, "worker", wire::KeyRole::kNobody}));
}

TEST_F(GateTest, AnswersForOneProcessOnce) {
  EXPECT_FALSE(Gate::open(context_, keys_));
}

TEST_F(GateTest, IsProvenAndForgetsTheProof) {
  const Status proof = prove_gate(context_, gate_, router_, router_.address(), keys_);
  EXPECT_TRUE(proof) << proof.error().message();
  DealerChannel peer = connect(keys_of("worker"));
  EXPECT_EQ(handshake(peer), Handshake::kDone) << "it lets the others in as before";
  gate_.admit("a key");
  gate_.replace(keys_);
  EXPECT_EQ(gate_.find("a key"), nullptr) << "and not the one of the proof";
}

TEST_F(GateTest, IsNotProvenWhereAGoodKeyIsNotServed) {
  const KeyDirectory others = std::move(*KeyDirectory::create(directory_ / "others", "tcp://127.0.0.1:7077"));
  const Status proof = prove_gate(context_, gate_, router_, router_.address(), others);
  ASSERT_FALSE(proof);
  EXPECT_THAT(proof.error().message(), HasSubstr("a peer with a good key was not served"));
}

TEST_F(GateTest, IsNotProvenWhereASocketLetsStrangersIn) {
  auto open = RouterChannel::bind(context_, *wire::parse_endpoint("tcp://127.0.0.1:*"));
  const Status proof = prove_gate(context_, gate_, *open, open->address(), keys_);
  ASSERT_FALSE(proof);
  EXPECT_THAT(proof.error().message(), HasSubstr("a stranger without a key was let in"));
}

}  // namespace
}  // namespace sheaf::net
