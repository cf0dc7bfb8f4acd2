#pragma once

#include <zmq.hpp>

#include "common/base/result.h"
#include "common/wire/endpoint.h"

namespace sheaf::net {

class Context;

/// How the last attempt to shake hands on a connection ended.
enum class Handshake {
  kNone,    ///< There was none: nobody listens there, say.
  kDone,    ///< The connection stands, or stood.
  kDenied,  ///< The other side does not take this side's key.
  kFailed,  ///< Somebody listens there who is not who was meant, or who speaks something else.
};

/// What kDenied and kFailed mean for whoever wants to connect to `endpoint`: kCluster.
Error handshake_error(Handshake handshake, const wire::Endpoint& endpoint);

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
  zmq::socket_ref zmq() { return events_; }

 private:
  HandshakeWatch(void* watched, zmq::socket_t events);

  void* watched_;  ///< nullptr when it was moved from.
  zmq::socket_t events_;
  Handshake last_ = Handshake::kNone;
};

}  // namespace sheaf::net
