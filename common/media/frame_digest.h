#pragma once

#include <string>

#include "common/base/digest.h"
#include "common/media/av.h"

namespace sheaf::media {

/// The digest of a decoded frame: its format, its size, and the pixels of its planes without the padding of rows and without
/// the unused byte of formats like bgr0, whose content is anybody's guess. Two decodes of the same pictures give equal digests.
///
/// `frame` must lie in memory, as those of Decoder do (checked).
Digest frame_digest(const AVFrame& frame);

/// 16 bytes, as VideoResult carries them: high then low, little-endian.
std::string digest_bytes(const Digest& digest);

}  // namespace sheaf::media
