#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/media/input_file.h"

namespace sheaf::media {

/// Where a file breaks.
struct Break {
  std::int64_t offset = 0;  ///< In bytes.
  std::string what;
};

/// Follows the chain of units that a container is made of (chunks, boxes, pages, tags, packs), from the length of each to the
/// next one, to its end: for containers of which libavformat does not notice that they break off between its packets, or that
/// a part of them is gone. `format` is libavformat's name of the container; nothing is found in those that have no such chain.
///
/// Sources: RIFF and OpenDML; ISO/IEC 14496-12; RFC 3533 (Ogg); Adobe's FLV 10.1, annex E; SMPTE ST 377-1 (MXF); ISO/IEC
/// 13818-1 (program streams; the counters of transport streams); Microsoft's Advanced Systems Format 1.2.
std::optional<Break> find_break(const InputFile& file, const std::string& format);

}  // namespace sheaf::media
