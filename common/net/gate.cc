#include "common/net/gate.h"

#include <array>
#include <string_view>
#include <utility>

namespace sheaf::net {

namespace {

/// Where ZeroMQ asks: ZAP, RFC 27.
constexpr char kZapAddress[] = "inproc://zeromq.zap.01";
constexpr std::size_t kQuestionFrames = 7;  ///< Version, request, domain, address, identity, mechanism, the key in 32 bytes.
constexpr std::size_t kKeyBytes = 32;
constexpr int kAnswersPerTurn = 64;

/// Empty when no question waits.
std::vector<std::string> receive_question(zmq::socket_t& socket) {
  std::vector<std::string> frames;
  zmq::message_t frame;
  do {
    // From ZeroMQ itself, so bounded.
    if (!socket.recv(frame, frames.empty() ? zmq::recv_flags::dontwait : zmq::recv_flags::none)) return {};
    frames.push_back(frame.to_string());
  } while (frame.more());
  return frames;
}

std::string as_text(const std::string& key_bytes) {
  std::array<char, 41> text{};
  ::zmq_z85_encode(text.data(), reinterpret_cast<const std::uint8_t*>(key_bytes.data()), key_bytes.size());
  return text.data();
}

}  // namespace

Result<Gate> Gate::open(Context& context, const KeyDirectory& keys) {
  try {
    zmq::socket_t socket(context.zmq(), zmq::socket_type::rep);
    socket.set(zmq::sockopt::linger, 0);
    socket.bind(kZapAddress);
    Gate gate(std::move(socket), keys.server().secret_key);
    gate.replace(keys);
    return gate;
  } catch (const zmq::error_t& error) {
    return fail(ErrorCode::kFailed, std::string("cannot check keys: ") + error.what());
  }
}

void Gate::replace(const KeyDirectory& keys) {
  allowed_.clear();
  revoked_.clear();
  for (const KeyHolder& holder : keys.holders()) {
    if (holder.revoked.empty()) {
      allowed_.emplace(holder.public_key, wire::Principal{holder.public_key, holder.name, holder.role});
    } else {
      revoked_.emplace(holder.public_key, holder.name);
    }
  }
}

const wire::Principal* Gate::find(const std::string& key) const {
  const auto found = allowed_.find(key);
  return found == allowed_.end() ? nullptr : &found->second;
}

wire::Principal Gate::find_former(const std::string& key) const {
  const auto found = revoked_.find(key);
  return {key, found == revoked_.end() ? "" : found->second, wire::KeyRole::kNobody};
}

std::vector<Denied> Gate::answer() {
  std::vector<Denied> denied;
  for (int i = 0; i < kAnswersPerTurn; ++i) {
    const std::vector<std::string> question = receive_question(socket_);
    if (question.empty()) break;
    const bool shows_a_key = question.size() == kQuestionFrames && question[5] == "CURVE" && question[6].size() == kKeyBytes;
    const std::string key = shows_a_key ? as_text(question[6]) : std::string();
    const bool is_allowed = shows_a_key && find(key) != nullptr;
    const std::string id = question.size() > 1 ? question[1] : std::string();
    // What we say of a peer comes back with each of its messages, as its user id.
    const std::array<std::string, 6> answer = {
        "1.0", id, is_allowed ? "200" : "400", is_allowed ? "" : "unknown key", is_allowed ? key : "", ""};
    for (std::size_t frame = 0; frame < answer.size(); ++frame) {
      const bool is_last = frame + 1 == answer.size();
      socket_.send(zmq::buffer(answer[frame]), is_last ? zmq::send_flags::none : zmq::send_flags::sndmore);
    }
    if (is_allowed) continue;
    denied.push_back({question.size() > 3 ? question[3] : "", key, find_former(key).name});
  }
  return denied;
}

}  // namespace sheaf::net
