#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "sheaf/v1/wire.pb.h"

namespace sheaf::wire {

/// The one place that decides whether a message may be read at all: every limit on counts, lengths and ranges, and that there
/// are as many payloads of the right sizes as the header says. Afterwards every field can be used as it is.
///
/// `payload_sizes`: of the frames behind the header. Returns why it is refused, in words, or nothing.
std::optional<std::string> validate(const v1::Envelope& envelope, std::span<const std::size_t> payload_sizes);

}  // namespace sheaf::wire
