#include "common/net/gate_proof.h"

#include <optional>

#include "common/net/curve.h"
#include "common/runtime/clock.h"

namespace sheaf::net {

namespace {

constexpr Duration kProofMax = std::chrono::seconds(5);
/// A connection takes a message a little later than its handshake is done, and says nothing of it.
constexpr Duration kLook = std::chrono::milliseconds(20);

enum class Reception { kRefused, kLetIn, kServed, kNoAnswer };

/// Somebody at the door, until it is known how it is received.
Result<Reception> knock(Context& context, Gate& gate, RouterChannel& channel, const wire::Endpoint& endpoint) {
  auto visitor = DealerChannel::connect(context, endpoint);
  if (!visitor) return propagate(visitor);
  Poller poller;
  poller.add(gate);
  poller.add(channel);
  visitor->watch_handshakes(poller);
  wire::Message word;
  word.envelope.mutable_heartbeat();
  bool was_let_in = false;
  for (const Instant end = now() + kProofMax; now() < end; poller.wait(kLook)) {
    gate.answer();
    const Handshake handshake = visitor->handshake();
    if (handshake == Handshake::kDenied || handshake == Handshake::kFailed) return Reception::kRefused;
    if (handshake == Handshake::kDone && !was_let_in) was_let_in = visitor->send(word) == wire::SendOutcome::kSent;
    if (was_let_in && !endpoint.keys) return Reception::kLetIn;
    while (const auto incoming = channel.receive()) {
      if (endpoint.keys && incoming->user == endpoint.keys->public_key) return Reception::kServed;
    }
  }
  return was_let_in ? Reception::kLetIn : Reception::kNoAnswer;
}

}  // namespace

Status prove_gate(Context& context, Gate& gate, RouterChannel& channel, const std::string& address, const KeyDirectory& keys) {
  const auto expect = [&](const std::optional<KeyPair>& pair, Reception expected, const std::string& who) -> Status {
    wire::Endpoint endpoint{address, {}, {}};
    if (pair) endpoint.keys = wire::CurveKeys{keys.server().server_key, pair->public_key, pair->secret_key};
    const auto reception = knock(context, gate, channel, endpoint);
    if (!reception) return tl::unexpected(reception.error());
    if (*reception == expected) return {};
    const bool is_open = expected == Reception::kRefused && *reception != Reception::kNoAnswer;
    return fail(ErrorCode::kFailed, who + (is_open ? " was let in" : " was not served") + " in the proof of its own gate",
                address, "nothing was served; is another program listening there, or a firewall in between?");
  };
  if (Status status = expect(std::nullopt, Reception::kRefused, "a stranger without a key"); !status) return status;
  if (Status status = expect(make_key_pair(), Reception::kRefused, "a stranger with an unknown key"); !status) return status;
  const KeyPair good = make_key_pair();
  gate.admit(good.public_key);
  Status served = expect(good, Reception::kServed, "a peer with a good key");
  gate.replace(keys);
  return served;
}

}  // namespace sheaf::net
