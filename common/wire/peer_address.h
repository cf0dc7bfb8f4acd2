#pragma once

#include <string>

namespace sheaf::wire {

/// The transport's name for one connection to the master, made by its socket; a peer that reconnects gets another one.
using PeerAddress = std::string;

enum class SendOutcome {
  kSent,  ///< On its way, which is not delivery: leases and acknowledgements are ours.
  kFull,  ///< The peer reads too slowly; nothing was sent.
  kGone,  ///< No such connection any more; nothing was sent.
};

}  // namespace sheaf::wire
