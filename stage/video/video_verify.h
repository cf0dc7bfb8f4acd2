#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/media/muxer.h"
#include "common/media/packet_index.h"

namespace sheaf::stage {

/// Reads the finished file at `path` back, without decoding: whether it has a frame at each time that `index` has one, as
/// `muxer` counts time, and no others; whether it has each packet of the other streams at its time, to a millisecond, and
/// subtitles for as long. Returns a sentence for each loss that nobody can hear or see. Errors: kOutput.
Result<std::vector<std::string>> verify_output(const std::string& path, const media::PacketIndex& index,
                                               const media::Muxer& muxer);

}  // namespace sheaf::stage
