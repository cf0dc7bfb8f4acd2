#pragma once

#include "sheaf/v1/wire.pb.h"

namespace sheaf::net {

/// A Hello with what every process says of itself: a new session (16 random bytes), host and pid. Role and the part of the role
/// are the peer's to add.
v1::Hello hello_of_this_process();

}  // namespace sheaf::net
