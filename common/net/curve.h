#pragma once

#include <string>

#include "common/base/result.h"

namespace sheaf::net {

/// Curve25519, as ZeroMQ's CURVE uses it: 40 characters of Z85 each.
struct KeyPair {
  std::string public_key;
  std::string secret_key;
};

/// A new one, from the system's randomness.
KeyPair make_key_pair();

/// Errors: kUsage for what is no key, and for the keys that stand in zmq_curve's manual, which everybody has. The message does
/// not repeat the key: it may be a secret one.
Status check_key(const std::string& key);

/// The public half of a key that passes check_key().
std::string public_key_of(const std::string& secret_key);

}  // namespace sheaf::net
