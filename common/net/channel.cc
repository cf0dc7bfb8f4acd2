#include "common/net/channel.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>

#include "common/base/check.h"
#include "common/net/gate.h"
#include "common/runtime/clock.h"
#include "common/runtime/fd.h"
#include "common/wire/limits.h"

namespace sheaf::net {

namespace {

namespace sockopt = zmq::sockopt;
using namespace std::chrono_literals;

/// ZeroMQ reads messages up to its batch of 8 KiB into shared buffers. Below, a copy is also cheaper than what it keeps to give
/// bytes back.
constexpr std::size_t kCopiedBytesMax = 8192;

/// Until a connection that ZeroMQ has given up is tried again.
constexpr Duration kGivenUpPause = 1s;

constexpr zmq::pollitem_t kFreeItem{nullptr, -1, 0, 0};

bool is_free(const zmq::pollitem_t& item) {
  return item.socket == nullptr && item.fd < 0;
}

int as_milliseconds(Duration duration) {
  return static_cast<int>(milliseconds(duration));
}

/// Errors: kFailed when the process has no descriptors left.
Result<zmq::socket_t> make_socket(Context& context, zmq::socket_type type) {
  try {
    return zmq::socket_t(context.zmq(), type);
  } catch (const zmq::error_t& error) {
    return fail(ErrorCode::kFailed, std::string("cannot make a socket: ") + error.what());
  }
}

void set_common_options(zmq::socket_t& socket) {
  // The default waits for ever for a dead peer, and 0 drops a goodbye that was just said. 0 also aborts the process when the
  // peer goes at that moment with a message half sent (libzmq issue 3442: session_base.cpp reads on from a pipe that is closed
  // already).
  socket.set(sockopt::linger, as_milliseconds(wire::kFarewellMax));
  socket.set(sockopt::sndhwm, wire::kSendQueueMessagesMax);
  socket.set(sockopt::rcvhwm, wire::kReceiveQueueMessagesMax);
  socket.set(sockopt::maxmsgsize, static_cast<std::int64_t>(wire::kMessageBytesMax));  // Of one frame; decode() adds them up.
  socket.set(sockopt::heartbeat_ivl, as_milliseconds(wire::kHeartbeatInterval));
  socket.set(sockopt::heartbeat_timeout, 3 * as_milliseconds(wire::kHeartbeatInterval));
  socket.set(sockopt::heartbeat_ttl, 4 * as_milliseconds(wire::kHeartbeatInterval));
  socket.set(sockopt::tcp_keepalive, 1);
  socket.set(sockopt::tcp_keepalive_idle, 30);
  socket.set(sockopt::tcp_keepalive_intvl, 10);
  socket.set(sockopt::tcp_keepalive_cnt, 3);
}

/// Gives ZeroMQ one frame, or says why it does not take it.
wire::SendOutcome send_frame(zmq::socket_t& socket, zmq::message_t frame, bool is_last) {
  const zmq::send_flags flags = zmq::send_flags::dontwait | (is_last ? zmq::send_flags::none : zmq::send_flags::sndmore);
  while (true) {
    try {
      return socket.send(frame, flags) ? wire::SendOutcome::kSent : wire::SendOutcome::kFull;
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) return wire::SendOutcome::kGone;
    }
  }
}

/// A large one as it is, without a copy: ZeroMQ gives it up, on a thread of its own. It never writes to it.
zmq::message_t frame_of(Bytes payload) {
  if (payload.size() <= kCopiedBytesMax) return zmq::message_t(payload.data(), payload.size());
  auto* kept = new Bytes(std::move(payload));
  return zmq::message_t(
      const_cast<char*>(kept->data()), kept->size(), [](void*, void* hint) { delete static_cast<Bytes*>(hint); }, kept);
}

/// A large one stays where ZeroMQ has read it to. A small one may lie in one buffer with many others, which it would keep
/// alive.
Bytes bytes_of(zmq::message_t& frame) {
  if (frame.size() <= kCopiedBytesMax) return Bytes::copy_of(frame.to_string_view());
  return Bytes::kept_by(std::exchange(frame, zmq::message_t()));
}

/// ZeroMQ is full for a first frame only. When the connection goes in the middle of a message, it takes back what it has taken
/// and wants it from the beginning: so the payloads stay with the message.
wire::SendOutcome send_message(zmq::socket_t& socket, const wire::Message& message) {
  const std::string header = wire::encode_header(message);
  const auto outcome = send_frame(socket, zmq::message_t(header), message.payloads.empty());
  if (outcome != wire::SendOutcome::kSent) return outcome;
  for (std::size_t i = 0; i < message.payloads.size(); ++i) {
    const bool is_last = i + 1 == message.payloads.size();
    if (send_frame(socket, frame_of(message.payloads[i]), is_last) != wire::SendOutcome::kSent) {
      return wire::SendOutcome::kGone;
    }
  }
  return wire::SendOutcome::kSent;
}

/// False when nothing waits.
bool receive_frame(zmq::socket_t& socket, zmq::message_t& frame) {
  while (true) {
    try {
      return socket.recv(frame, zmq::recv_flags::dontwait).has_value();
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) return false;
    }
  }
}

/// What the gate has said of the sender; empty where there is none. ZeroMQ 4.3.4 may have lost it on the first frame of a
/// message (the address), so ask any other.
std::string user_of(zmq::message_t& frame) {
  const char* user = ::zmq_msg_gets(frame.handle(), "User-Id");
  return user == nullptr ? std::string() : user;
}

/// The next message; empty when none waits. It is read to its end in any case, since ZeroMQ bounds neither the number of frames
/// nor their sum; what is beyond the limits is counted, not kept. `user`: filled in where it is wanted.
std::optional<Result<wire::Message>> receive_message(zmq::socket_t& socket, std::string* user = nullptr) {
  std::vector<Bytes> frames;
  std::size_t count = 0;
  std::size_t bytes = 0;
  bool has_more = false;
  zmq::message_t frame;
  do {
    if (!receive_frame(socket, frame)) return std::nullopt;  // Only the first: ZeroMQ gives a message's frames together.
    if (user != nullptr && count == 0) *user = user_of(frame);
    count += 1;
    bytes += frame.size();
    has_more = frame.more();
    if (wire::check_size(count, bytes)) frames.push_back(bytes_of(frame));
  } while (has_more);
  if (Status fits = wire::check_size(count, bytes); !fits) return propagate(fits);
  return wire::decode(std::move(frames));
}

}  // namespace

Result<bool> is_listened_to(const wire::Endpoint& endpoint) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  SHEAF_CHECK(endpoint.is_ipc() && endpoint.ipc_path.size() < sizeof address.sun_path);
  endpoint.ipc_path.copy(address.sun_path, endpoint.ipc_path.size());
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  if (errno == EAGAIN) return true;  // Somebody listens, and his queue is full.
  if (errno == ENOENT || errno == ECONNREFUSED) return false;
  return fail(ErrorCode::kCluster, "cannot connect: " + errno_text(errno), endpoint.address);
}

Context::Context() {
  context_.set(zmq::ctxopt::blocky, false);
  // The I/O thread is made with the first socket: made here, running out of descriptors is an error at the start (of the
  // channel that is made next) and not an abort later.
  make_socket(*this, zmq::socket_type::dealer);
}

namespace {

/// ZeroMQ fails open: without a domain it does not ask the gate, and without the second option it lets in whom the gate could
/// not be asked about.
void set_server_keys(zmq::socket_t& socket, const Gate& gate) {
  socket.set(sockopt::curve_server, true);
  socket.set(sockopt::curve_secretkey, gate.secret_key());
  socket.set(sockopt::zap_domain, "sheaf");
  // The library has it; its header calls it a draft, and does not name it.
  constexpr int kZapEnforceDomain = 93;
  const int on = 1;
  SHEAF_CHECK(::zmq_setsockopt(socket.handle(), kZapEnforceDomain, &on, sizeof on) == 0);
}

}  // namespace

Result<RouterChannel> RouterChannel::bind(Context& context, const wire::Endpoint& endpoint, const Gate* gate) {
  auto socket = make_socket(context, zmq::socket_type::router);
  if (!socket) return propagate(socket);
  set_common_options(*socket);
  socket->set(sockopt::router_mandatory, true);  // The default drops what cannot be routed without a word.
  socket->set(sockopt::router_handover, false);  // true would let a second peer take over the first one's messages.
  socket->set(sockopt::handshake_ivl, 3000);     // A connection that says nothing is dropped.
  socket->set(sockopt::backlog, 128);
  if (gate != nullptr) set_server_keys(*socket, *gate);
  // ZeroMQ would not ask: it takes the path away from whoever listens there.
  if (endpoint.is_ipc() && is_listened_to(endpoint).value_or(false)) {
    return fail(ErrorCode::kUsage, "cannot listen there: a master listens there already", endpoint.address,
                "stop that one, or choose another endpoint");
  }
  try {
    socket->bind(endpoint.address);
  } catch (const zmq::error_t& error) {
    return fail(ErrorCode::kUsage, std::string("cannot listen there: ") + error.what(), endpoint.address,
                error.num() == EADDRINUSE ? "stop the master that listens there, or choose another endpoint" : "");
  }
  std::string bound = socket->get(sockopt::last_endpoint);
  return RouterChannel(std::move(*socket), std::move(bound));
}

wire::SendOutcome RouterChannel::send(const wire::PeerAddress& to, const wire::Message& message) {
  if (const auto outcome = send_frame(socket_, zmq::message_t(to), false); outcome != wire::SendOutcome::kSent) return outcome;
  // Once it has taken the address, the message has its place: what it does not take now, it never will. Encoded only now: a
  // peer that is full is tried often.
  return send_message(socket_, message) == wire::SendOutcome::kSent ? wire::SendOutcome::kSent : wire::SendOutcome::kGone;
}

std::optional<Incoming> RouterChannel::receive() {
  zmq::message_t address;
  if (!receive_frame(socket_, address)) return std::nullopt;
  std::string user;
  auto message = address.more() ? receive_message(socket_, &user) : wire::decode({});
  return message ? std::optional(Incoming{address.to_string(), std::move(user), std::move(*message)}) : std::nullopt;
}

Result<DealerChannel> DealerChannel::connect(Context& context, const wire::Endpoint& endpoint) {
  auto socket = make_socket(context, zmq::socket_type::dealer);
  if (!socket) return propagate(socket);
  set_common_options(*socket);
  socket->set(sockopt::immediate, true);  // The default queues for a connection that is not there, and loses it.
  socket->set(sockopt::reconnect_ivl, 20);
  socket->set(sockopt::reconnect_ivl_max, 1000);
  if (endpoint.keys) {
    socket->set(sockopt::curve_serverkey, endpoint.keys->server_key);
    socket->set(sockopt::curve_publickey, endpoint.keys->public_key);
    socket->set(sockopt::curve_secretkey, endpoint.keys->secret_key);
    socket->set(sockopt::reconnect_ivl, 100);  // It begins anew with each handshake that fails, and one costs both sides.
  }
  std::optional<HandshakeWatch> handshakes;
  if (!endpoint.is_ipc()) {
    auto watch = HandshakeWatch::of(context, *socket);
    if (!watch) return propagate(watch);
    handshakes.emplace(std::move(*watch));
  }
  try {
    socket->connect(endpoint.address);
  } catch (const zmq::error_t& error) {
    return fail(ErrorCode::kUsage, std::string("cannot connect there: ") + error.what(), endpoint.address);
  }
  return DealerChannel(std::move(*socket), endpoint.address, std::move(handshakes));
}

wire::SendOutcome DealerChannel::send(const wire::Message& message) {
  return send_message(socket_, message);
}

std::optional<Result<wire::Message>> DealerChannel::receive() {
  connect_again_if_given_up();
  return receive_message(socket_);
}

void DealerChannel::connect_again_if_given_up() {
  if (!handshakes_) return;
  handshakes_->last();  // Also so that what ZeroMQ says of them does not pile up.
  if (handshakes_->take_given_up()) connect_again_at_ = now() + kGivenUpPause;
  if (!connect_again_at_ || now() < *connect_again_at_) return;
  connect_again_at_.reset();
  try {
    socket_.disconnect(address_);  // It may know the address still, and would have two connections.
  } catch (const zmq::error_t&) {
  }
  try {
    socket_.connect(address_);
  } catch (const zmq::error_t&) {
    connect_again_at_ = now() + kGivenUpPause;
  }
}

void DealerChannel::watch_handshakes(Poller& poller) {
  if (handshakes_) poller.add(*handshakes_);
}

std::size_t Poller::add(const zmq::pollitem_t& item) {
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (!is_free(items_[i])) continue;
    items_[i] = item;
    return i;
  }
  items_.push_back(item);
  return items_.size() - 1;
}

std::size_t Poller::add(RouterChannel& channel) {
  return add({channel.zmq().handle(), -1, ZMQ_POLLIN, 0});
}
std::size_t Poller::add(DealerChannel& channel) {
  return add({channel.zmq().handle(), -1, ZMQ_POLLIN, 0});
}
std::size_t Poller::add(Gate& gate) {
  return add({gate.zmq().handle(), -1, ZMQ_POLLIN, 0});
}
std::size_t Poller::add(HandshakeWatch& handshakes) {
  return add({handshakes.zmq().handle(), -1, ZMQ_POLLIN, 0});
}
std::size_t Poller::add(int fd) {
  return add({nullptr, fd, ZMQ_POLLIN, 0});
}

void Poller::watch_writable(std::size_t index, bool on) {
  items_.at(index).events = static_cast<short>(on ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN);
}

void Poller::remove(std::size_t index) {
  items_.at(index) = kFreeItem;
}

void Poller::wait(std::optional<Duration> timeout) {
  for (zmq::pollitem_t& item : items_) item.revents = 0;
  // Rounded up: waking a moment too early would spin until the deadline.
  const auto limit = timeout ? std::max(0ms, std::chrono::ceil<std::chrono::milliseconds>(*timeout)) : -1ms;
  try {
    zmq::poll(items_, limit);
  } catch (const zmq::error_t& error) {
    SHEAF_CHECK(error.num() == EINTR);
  }
}

bool Poller::is_ready(std::size_t index) const {
  return (items_.at(index).revents & (ZMQ_POLLIN | ZMQ_POLLERR)) != 0;
}
bool Poller::is_writable(std::size_t index) const {
  return (items_.at(index).revents & ZMQ_POLLOUT) != 0;
}

}  // namespace sheaf::net
