#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/wire/message.h"

namespace sheaf::wire {

/// One good message of every kind, by the name of its field in Envelope: with every part that the kind may have, so that a test
/// can spoil each of them.
std::map<std::string, Message> wire_samples();

/// The described payload of `bytes`, as the next frame of its message.
v1::PayloadRef inlined_ref(std::string_view bytes);

/// The field of Envelope that `envelope` has: "feed", "assign", ...
std::string kind_of(const v1::Envelope& envelope);

}  // namespace sheaf::wire
