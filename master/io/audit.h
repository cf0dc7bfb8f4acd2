#pragma once

#include <string>

#include "common/wire/principal.h"

namespace sheaf::master {

/// Something that somebody did with his key, or tried to.
struct AuditEvent {
  enum class What {
    kJoined,     ///< Said hello and was welcomed.
    kLeft,       ///< Said goodbye, or is not heard any more.
    kSubmitted,  ///< A run.
    kCancelled,  ///< A run.
    kRefused,    ///< Sent what he may not, or what cannot be read.
    kDenied,     ///< Has no key that opens anything; nothing he sent was read.
    kRevoked,    ///< Was connected when his key was found to open nothing any more.
    kKeysRead,   ///< The list of keys was read anew.
    kKeysNotRead,
  };
  What what = What::kJoined;
  wire::Principal who;
  std::string peer;    ///< "host:pid", as he says of himself, or where he comes from.
  std::string detail;  ///< Which role, which run, why.
};

/// For those who have to know later. Never holds a secret.
class Audit {
 public:
  virtual ~Audit() = default;
  virtual void record(const AuditEvent& event) = 0;
};

}  // namespace sheaf::master
