#include "common/media/encoder_traits.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/text.h"

namespace sheaf::media {

namespace {

const std::vector<std::string>& x26x_presets() {
  static const std::vector<std::string> presets = {"ultrafast", "superfast", "veryfast", "faster",   "fast",
                                                   "medium",    "slow",      "slower",   "veryslow", "placebo"};
  return presets;
}

const std::vector<EncoderTraits>& encoders() {
  static const std::vector<EncoderTraits> table = {
      {.name = "libx264",
       .crf_default = 23,
       .crf_max = 51,
       .presets = x26x_presets(),
       .preset_default = "medium",
       .gop_frames = 250,
       .cost = 14,
       // cpu-independent turns off the assembly whose results differ between processors; stitchable keeps out of the parameter
       // sets what depends on the content or the rate control.
       .exact_option = "x264-params",
       .exact_value = "cpu-independent=1:stitchable=1:open-gop=0"},
      {.name = "libx265",
       .crf_default = 28,
       .crf_max = 51,
       .presets = x26x_presets(),
       .preset_default = "medium",
       .gop_frames = 250,
       .cost = 30,
       // info would write the processor's features into the stream; closed GOPs are not its default; no thread pools, since one
       // slot is one thread.
       .exact_option = "x265-params",
       .exact_value = "info=0:open-gop=0:pools=none:frame-threads=1:wpp=0:repeat-headers=0:log-level=none",
       // With the B-pyramid that all presets have, x265 writes 2 into the parameter sets (sps_max_num_reorder_pics) and keeps
       // to it.
       .reordered_frames = 2},
      {.name = "ffv1", .cost = 4, .level = 3, .takes_odd_sizes = true, .is_lossless = true, .container_ending = ".mkv"},
  };
  return table;
}

}  // namespace

Result<EncoderTraits> find_encoder(const std::string& name) {
  for (const EncoderTraits& traits : encoders()) {
    if (traits.name == name) return traits;
  }
  return fail(ErrorCode::kUsage, "sheaf cannot encode with '" + name + "'; it can with " + join(encoder_names()), "--codec",
              did_you_mean(name, encoder_names()));
}

const EncoderTraits& lossless_encoder() {
  const auto found =
      std::find_if(encoders().begin(), encoders().end(), [](const EncoderTraits& traits) { return traits.is_lossless; });
  SHEAF_CHECK(found != encoders().end());
  return *found;
}

std::vector<std::string> encoder_names() {
  std::vector<std::string> names;
  for (const EncoderTraits& traits : encoders()) names.push_back(traits.name);
  return names;
}

}  // namespace sheaf::media
