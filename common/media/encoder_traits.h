#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.h"

namespace sheaf::media {

/// What sheaf knows of an encoder that it can use: the one place that tells one encoder from another. One that is not in the
/// table is refused, since joining exactly depends on it.
struct EncoderTraits {
  std::string name = {};                  ///< libavcodec's name.
  double crf_default = -1;                ///< -1: --crf is refused.
  double crf_max = 0;                     ///< The range is [0, crf_max].
  std::vector<std::string> presets = {};  ///< Empty: --preset is refused.
  std::string preset_default = {};
  std::uint32_t gop_frames = 1;  ///< The most frames from one key frame to the next. Every frame of ffv1 is as good as one.
  double cost = 1;               ///< Encoding one frame costs about this many times decoding one; for the planner only.

  /// An option of the encoder's own and its value: what makes one process's packets equal to any other's, and one job's
  /// parameter sets equal to the next's. Both empty: it needs none.
  std::string exact_option = {};
  std::string exact_value = {};
  int level = 0;                 ///< Of the format; 0: the encoder's choice.
  int reordered_frames = -1;     ///< By how many frames decode order runs ahead, where libavcodec does not tell; -1: it does.
  bool takes_odd_sizes = false;  ///< Also where chroma is subsampled: half a chroma sample may stand over at the edge.
  bool is_lossless = false;      ///< The one to advise where another would lose something.
  std::string container_ending = {};  ///< Of an output that takes it, for that advice: ".mkv".
};

/// Errors: kUsage, with the names that there are and the closest one.
Result<EncoderTraits> find_encoder(const std::string& name);

/// The encoder that loses nothing.
const EncoderTraits& lossless_encoder();

/// All names that find_encoder() takes, for messages and help.
std::vector<std::string> encoder_names();

}  // namespace sheaf::media
