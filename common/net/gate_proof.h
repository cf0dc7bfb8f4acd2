#pragma once

#include "common/base/result.h"
#include "common/net/channel.h"
#include "common/net/gate.h"

namespace sheaf::net {

/// Knocks at `channel` without a key, with one that nobody knows, and with one that the gate is told for the moment: the first
/// two must be refused, the third served. `address`: where this process reaches the channel. Leaves `gate` as `keys` say.
///
/// Messages of others that arrive meanwhile are lost, as a Hello may be: it is said again.
///
/// Errors: kFailed when any of it goes otherwise, or nothing happens for some seconds.
Status prove_gate(Context& context, Gate& gate, RouterChannel& channel, const std::string& address, const KeyDirectory& keys);

}  // namespace sheaf::net
