#pragma once

#include <map>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "common/base/result.h"
#include "common/net/channel.h"
#include "common/net/key_directory.h"

namespace sheaf::net {

/// A handshake that was refused.
struct Denied {
  std::string address;  ///< Of the peer, without its port.
  std::string key;      ///< The public one that it has shown, Z85.
  std::string name;     ///< Whose that was, where it was revoked.
};

/// Who is let in at the sockets with keys of this process: ZeroMQ's authentication (ZAP, RFC 27), answered from a list that can
/// be replaced. ZeroMQ asks at the handshake only, so whoever was let in is looked up again with each message: find().
///
/// ZeroMQ answers for itself, and lets everybody in, where nobody listens for its questions, or where a socket names no domain:
/// RouterChannel::bind() sets what makes it refuse instead, wants a Gate, and prove_gate() tries all of it (gate_proof.h).
///
/// One a process. The thread that made it makes every call; handshakes wait for answer().
class Gate {
 public:
  /// Errors: kFailed when there is one already, or no descriptor is left.
  static Result<Gate> open(Context& context, const KeyDirectory& keys);

  /// The secret key of this process.
  const std::string& secret_key() const { return secret_key_; }
  /// From now on those who have a good key there, and nobody else. The master's own key stays as it is.
  void replace(const KeyDirectory& keys);
  /// Whose key that is, and what it may do; nullptr when it opens nothing (any more).
  const wire::Principal* find(const std::string& key) const;

  /// The same of one that opens nothing (any more): whose it was, if that is known.
  wire::Principal find_former(const std::string& key) const;

  /// Lets `key` in until the next replace(): for prove_gate().
  void admit(const std::string& key) { allowed_.emplace(key, wire::Principal{key, {}, wire::KeyRole::kObserver}); }

  /// Answers the handshakes that wait, a limited number at a time. Returns those that were refused.
  std::vector<Denied> answer();
  zmq::socket_ref zmq() { return socket_; }

 private:
  Gate(zmq::socket_t socket, std::string secret_key) : socket_(std::move(socket)), secret_key_(std::move(secret_key)) {}

  zmq::socket_t socket_;
  std::string secret_key_;
  std::map<std::string, wire::Principal> allowed_;
  std::map<std::string, std::string> revoked_;  ///< Names.
};

}  // namespace sheaf::net
