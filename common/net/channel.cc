#include "common/net/channel.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <zmq.h>

#include <algorithm>
#include <cerrno>

#include "common/base/check.h"
#include "common/runtime/fd.h"
#include "common/wire/limits.h"

namespace sheaf::net {

namespace {

template <class T>
void set(void* socket, int option, T value) {
  SHEAF_CHECK(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

int as_milliseconds(Duration duration) {
  return static_cast<int>(milliseconds(duration));
}

void set_common_options(void* socket) {
  // The default waits for ever for a dead peer, and 0 drops a goodbye that was just said. 0 also aborts the process when the
  // peer goes at that moment with a message half sent (libzmq issue 3442: session_base.cpp reads on from a pipe that is closed
  // already).
  set(socket, ZMQ_LINGER, as_milliseconds(wire::kFarewellMax));
  set(socket, ZMQ_SNDHWM, wire::kSendQueueMessagesMax);
  set(socket, ZMQ_RCVHWM, wire::kReceiveQueueMessagesMax);
  set(socket, ZMQ_MAXMSGSIZE, static_cast<std::int64_t>(wire::kMessageBytesMax));  // Of one frame; decode() adds them up.
  set(socket, ZMQ_HEARTBEAT_IVL, as_milliseconds(wire::kHeartbeatInterval));
  set(socket, ZMQ_HEARTBEAT_TIMEOUT, 3 * as_milliseconds(wire::kHeartbeatInterval));
  set(socket, ZMQ_HEARTBEAT_TTL, 4 * as_milliseconds(wire::kHeartbeatInterval));
  set(socket, ZMQ_TCP_KEEPALIVE, 1);
  set(socket, ZMQ_TCP_KEEPALIVE_IDLE, 30);
  set(socket, ZMQ_TCP_KEEPALIVE_INTVL, 10);
  set(socket, ZMQ_TCP_KEEPALIVE_CNT, 3);
}

/// Whether a living process has that socket. ZeroMQ would not ask: it takes the path away from whoever listens there.
bool is_listened_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  path.copy(address.sun_path, path.size());
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe.is_open()) return false;
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  return errno == EAGAIN;  // Somebody listens, and his queue is full.
}

/// Sends one frame; true when ZeroMQ took it, otherwise errno says why.
bool send_frame(void* socket, const std::string& frame, int flags) {
  int result = 0;
  do {
    result = zmq_send(socket, frame.data(), frame.size(), flags | ZMQ_DONTWAIT);
  } while (result < 0 && errno == EINTR);
  return result >= 0;
}

/// All frames of the next message, or empty when none waits. What is beyond the limits is read to its end and counted, not
/// kept: the number of frames is not bounded by ZeroMQ.
std::optional<std::vector<std::string>> receive_frames(void* socket) {
  std::vector<std::string> frames;
  std::size_t total = 0;
  zmq_msg_t part;
  bool more = true;
  while (more) {
    zmq_msg_init(&part);
    int size = 0;
    do {
      size = zmq_msg_recv(&part, socket, ZMQ_DONTWAIT);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
      zmq_msg_close(&part);
      return std::nullopt;  // ZeroMQ gives a message's frames together: this can only be the first.
    }
    total += static_cast<std::size_t>(size);
    more = zmq_msg_more(&part) != 0;
    // One frame beyond the limit is kept, so that decode() sees that there were too many; +1 for a ROUTER's address frame.
    const bool keep = frames.size() <= wire::kFramesMax + 1 && total <= wire::kMessageBytesMax + wire::kHeaderBytesMax;
    if (keep) {
      frames.emplace_back(static_cast<const char*>(zmq_msg_data(&part)), zmq_msg_size(&part));
    } else {
      frames.resize(std::max<std::size_t>(frames.size(), wire::kFramesMax + 2));
    }
    zmq_msg_close(&part);
  }
  return frames;
}

}  // namespace

Context::Context() : handle_(zmq_ctx_new()) {
  SHEAF_CHECK(handle_ != nullptr);
  zmq_ctx_set(handle_, ZMQ_BLOCKY, 0);
  // The I/O thread is made with the first socket: made here, running out of descriptors is an error at the start and not an
  // abort later.
  void* probe = zmq_socket(handle_, ZMQ_DEALER);
  if (probe != nullptr) zmq_close(probe);
}

Context::~Context() {
  zmq_ctx_term(handle_);
}

void RouterChannel::Closer::operator()(void* socket) const {
  zmq_close(socket);
}

Result<RouterChannel> RouterChannel::bind(Context& context, const wire::Endpoint& endpoint) {
  RouterChannel channel;
  channel.socket_.reset(zmq_socket(context.handle(), ZMQ_ROUTER));
  if (!channel.socket_) return fail(ErrorCode::kFailed, std::string("cannot make a socket: ") + zmq_strerror(errno));
  void* socket = channel.socket_.get();
  set_common_options(socket);
  set(socket, ZMQ_ROUTER_MANDATORY, 1);  // The default drops what cannot be routed without a word.
  set(socket, ZMQ_ROUTER_HANDOVER, 0);   // 1 would let a second peer take over the first one's messages.
  set(socket, ZMQ_HANDSHAKE_IVL, 3000);  // A connection that says nothing is dropped.
  set(socket, ZMQ_BACKLOG, 128);
  if (endpoint.is_ipc() && is_listened_to(endpoint.ipc_path)) {
    return fail(ErrorCode::kUsage, "cannot listen there: a master listens there already", endpoint.address,
                "stop that one, or choose another endpoint");
  }
  if (zmq_bind(socket, endpoint.address.c_str()) != 0) {
    return fail(ErrorCode::kUsage, std::string("cannot listen there: ") + zmq_strerror(errno), endpoint.address,
                errno == EADDRINUSE ? "stop the master that listens there, or choose another endpoint" : "");
  }
  char bound[256];
  std::size_t size = sizeof bound;
  SHEAF_CHECK(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &size) == 0);
  channel.address_ = bound;
  return channel;
}

wire::SendOutcome RouterChannel::send(const wire::PeerAddress& to, const wire::Message& message) {
  const std::vector<std::string> frames = wire::encode(message);
  // Only the address frame can fail: ZeroMQ takes the rest of a message that it has begun to take.
  if (!send_frame(socket_.get(), to, ZMQ_SNDMORE))
    return errno == EHOSTUNREACH ? wire::SendOutcome::kGone : wire::SendOutcome::kFull;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (!send_frame(socket_.get(), frames[i], i + 1 < frames.size() ? ZMQ_SNDMORE : 0)) return wire::SendOutcome::kGone;
  }
  return wire::SendOutcome::kSent;
}

std::optional<Incoming> RouterChannel::receive() {
  std::optional<std::vector<std::string>> frames = receive_frames(socket_.get());
  if (!frames) return std::nullopt;
  wire::PeerAddress from = std::move(frames->front());
  frames->erase(frames->begin());
  return Incoming{std::move(from), wire::decode(std::move(*frames))};
}

Result<DealerChannel> DealerChannel::connect(Context& context, const wire::Endpoint& endpoint) {
  DealerChannel channel;
  channel.socket_.reset(zmq_socket(context.handle(), ZMQ_DEALER));
  if (!channel.socket_) return fail(ErrorCode::kFailed, std::string("cannot make a socket: ") + zmq_strerror(errno));
  void* socket = channel.socket_.get();
  set_common_options(socket);
  set(socket, ZMQ_IMMEDIATE, 1);  // The default queues for a connection that is not there, and loses it.
  set(socket, ZMQ_RECONNECT_IVL, 20);
  set(socket, ZMQ_RECONNECT_IVL_MAX, 1000);
  if (zmq_connect(socket, endpoint.address.c_str()) != 0) {
    return fail(ErrorCode::kUsage, std::string("cannot connect there: ") + zmq_strerror(errno), endpoint.address);
  }
  return channel;
}

bool DealerChannel::send(const wire::Message& message) {
  const std::vector<std::string> frames = wire::encode(message);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (!send_frame(socket_.get(), frames[i], i + 1 < frames.size() ? ZMQ_SNDMORE : 0)) return false;
  }
  return true;
}

std::optional<Result<wire::Message>> DealerChannel::receive() {
  std::optional<std::vector<std::string>> frames = receive_frames(socket_.get());
  if (!frames) return std::nullopt;
  return wire::decode(std::move(*frames));
}

std::size_t Poller::add(Item item) {
  item.used = true;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (!items_[i].used) {
      items_[i] = item;
      return i;
    }
  }
  items_.push_back(item);
  return items_.size() - 1;
}

std::size_t Poller::add(const RouterChannel& channel) {
  return add(Item{channel.handle(), -1, ZMQ_POLLIN, 0, true});
}
std::size_t Poller::add(const DealerChannel& channel) {
  return add(Item{channel.handle(), -1, ZMQ_POLLIN, 0, true});
}
std::size_t Poller::add(int fd) {
  return add(Item{nullptr, fd, ZMQ_POLLIN, 0, true});
}

void Poller::watch_writable(std::size_t index, bool on) {
  items_.at(index).events = static_cast<short>(on ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN);
}

void Poller::remove(std::size_t index) {
  items_.at(index) = Item{};
}

void Poller::wait(std::optional<Duration> timeout) {
  std::vector<zmq_pollitem_t> polled;
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    items_[i].revents = 0;
    if (!items_[i].used) continue;
    polled.push_back(zmq_pollitem_t{items_[i].socket, items_[i].fd, items_[i].events, 0});
    indices.push_back(i);
  }
  long limit = -1;
  // Rounded up: waking a moment too early would spin until the deadline.
  if (timeout) limit = std::max<long>(0, static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(*timeout).count()));
  if (zmq_poll(polled.data(), static_cast<int>(polled.size()), limit) <= 0) return;
  for (std::size_t k = 0; k < indices.size(); ++k) items_[indices[k]].revents = polled[k].revents;
}

bool Poller::is_ready(std::size_t index) const {
  return (items_.at(index).revents & (ZMQ_POLLIN | ZMQ_POLLERR)) != 0;
}
bool Poller::is_writable(std::size_t index) const {
  return (items_.at(index).revents & ZMQ_POLLOUT) != 0;
}

}  // namespace sheaf::net
