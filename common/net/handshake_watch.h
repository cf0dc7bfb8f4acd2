#pragma once

#include <cstdint>
#include <utility>
#include <zmq.hpp>

#include "common/base/result.h"
#include "common/wire/endpoint.h"

namespace sheaf::net {

class Context;

/// How the last attempt to shake hands on a connection ended.
enum class Handshake {
  kNone,  ///< There was none: nobody listens there, say.
  kDone,  ///< The connection stands, or stood.
  /// The other side does not take this side's key, or so it says: a denial is not signed, and whoever listens on the master's
  /// address for a moment can send one.
  kDenied,
  kFailed,  ///< Somebody listens there who is not who was meant, or who speaks something else.
};

/// What kDenied and kFailed mean for whoever wants to connect to `endpoint`: kCluster.
Error handshake_error(Handshake handshake, const wire::Endpoint& endpoint);

/// Why there is no connection to `endpoint`, as far as it can be told: a handshake that has failed, a host that has no address;
/// else `otherwise`. Asks the system's name service, which may take seconds.
Error no_connection_error(Handshake handshake, const wire::Endpoint& endpoint, const Error& otherwise);

/// What ZeroMQ says of the handshakes of one socket, which it goes on trying. The thread that made it makes every call.
class HandshakeWatch {
 public:
  /// Call it before the socket connects; the socket must outlive it. Errors: kFailed when no descriptor is left.
  static Result<HandshakeWatch> of(Context& context, zmq::socket_t& socket);
  ~HandshakeWatch();
  HandshakeWatch(HandshakeWatch&& other) noexcept;
  HandshakeWatch& operator=(HandshakeWatch&&) = delete;

  /// Call it often: ZeroMQ waits when a thousand events are not read.
  Handshake last();
  /// Since it was asked last, ZeroMQ has given up: after a denial, or an answer in another language, it connects no more.
  bool take_given_up() { return std::exchange(given_up_, false); }
  /// How often it was kDenied, as far as last() has seen.
  std::uint64_t denials() const { return denials_; }
  zmq::socket_ref zmq() { return events_; }

 private:
  HandshakeWatch(void* watched, zmq::socket_t events);

  void* watched_;  ///< nullptr when it was moved from.
  zmq::socket_t events_;
  Handshake last_ = Handshake::kNone;
  bool given_up_ = false;
  std::uint64_t denials_ = 0;
};

}  // namespace sheaf::net
