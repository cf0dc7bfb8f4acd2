#include "common/net/handshake_watch.h"

#include <netdb.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "common/net/channel.h"

namespace sheaf::net {

namespace {

constexpr int kEvents = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;

Handshake meaning_of(std::uint16_t event) {
  switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return Handshake::kDone;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return Handshake::kDenied;
    default: return Handshake::kFailed;
  }
}

}  // namespace

Error handshake_error(Handshake handshake, const wire::Endpoint& endpoint) {
  if (handshake == Handshake::kDenied) {
    return Error{ErrorCode::kCluster, "the master does not let this key in: it was revoked, or never added there",
                 endpoint.address,
                 "`sheaf keygen DIR --list`, where the master is, shows its keys; a master that runs reads new ones on SIGHUP"};
  }
  return endpoint.keys
             ? Error{ErrorCode::kCluster, "what listens there is not the master that this key was made for, or has no keys",
                     endpoint.address, "join with a file that was made in the directory of that master's keys"}
             : Error{ErrorCode::kCluster, "what listens there wants a key, or is no master", endpoint.address,
                     "join with a file that `sheaf keygen` has made: --join FILE"};
}

Error no_connection_error(Handshake handshake, const wire::Endpoint& endpoint, const Error& otherwise) {
  if (handshake == Handshake::kDenied || handshake == Handshake::kFailed) return handshake_error(handshake, endpoint);
  if (endpoint.is_ipc() || handshake == Handshake::kDone) return otherwise;
  const std::string host_and_port = endpoint.address.substr(std::string("tcp://").size());
  const std::string host = host_and_port.substr(0, host_and_port.rfind(':'));
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, nullptr, &found);
  if (found != nullptr) ::freeaddrinfo(found);
  if (error != 0) {
    return Error{ErrorCode::kCluster, "the host has no address: " + std::string(::gai_strerror(error)), endpoint.address,
                 "see how the master's host is called"};
  }
  Error told = otherwise;
  told.advice = "see whether sheaf-master runs there, and whether its port can be reached from here";
  return told;
}

Result<HandshakeWatch> HandshakeWatch::of(Context& context, zmq::socket_t& socket) {
  const std::string address = "inproc://handshakes-" + std::to_string(reinterpret_cast<std::uintptr_t>(socket.handle()));
  if (::zmq_socket_monitor(socket.handle(), address.c_str(), kEvents) == 0) {
    try {
      zmq::socket_t events(context.zmq(), zmq::socket_type::pair);
      events.set(zmq::sockopt::linger, 0);
      events.connect(address);
      return HandshakeWatch(socket.handle(), std::move(events));
    } catch (const zmq::error_t&) {
      ::zmq_socket_monitor(socket.handle(), nullptr, 0);
    }
  }
  return fail(ErrorCode::kFailed, std::string("cannot watch a connection: ") + zmq_strerror(zmq_errno()));
}

HandshakeWatch::HandshakeWatch(void* watched, zmq::socket_t events) : watched_(watched), events_(std::move(events)) {}

HandshakeWatch::HandshakeWatch(HandshakeWatch&& other) noexcept
    : watched_(std::exchange(other.watched_, nullptr)),
      events_(std::move(other.events_)),
      last_(other.last_),
      given_up_(other.given_up_),
      denials_(other.denials_) {}

HandshakeWatch::~HandshakeWatch() {
  // Before the reading end closes: ZeroMQ would wait for a reader.
  if (watched_ != nullptr) ::zmq_socket_monitor(watched_, nullptr, 0);
}

Handshake HandshakeWatch::last() {
  zmq::message_t frame;
  while (events_.recv(frame, zmq::recv_flags::dontwait)) {
    // An event is two frames, its number (16 bit, of this machine) and a value, and the address.
    std::uint16_t event = 0;
    if (frame.size() >= sizeof event) std::memcpy(&event, frame.data(), sizeof event);
    last_ = meaning_of(event);
    if (last_ == Handshake::kDenied) denials_ += 1;
    given_up_ = event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH || event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;
    while (frame.more() && events_.recv(frame, zmq::recv_flags::none)) {
    }
  }
  return last_;
}

}  // namespace sheaf::net
