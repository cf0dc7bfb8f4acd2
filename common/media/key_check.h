#pragma once

#include <memory>

extern "C" {
#include <libavcodec/avcodec.h>
}

#include "common/media/av.h"

namespace sheaf::media {

/// Tells the keys of a video that a decoder can begin at from those that only lead there: with periodic intra refresh (H.264)
/// a recovery point is marked as a key, though it takes the pictures of a whole period until nothing of those before is left.
class KeyCheck {
 public:
  explicit KeyCheck(const AVCodecParameters& parameters);

  /// Whether `packet`, which is marked as a key, holds a picture that refers to no other.
  bool is_real(const AVPacket& packet);

 private:
  struct ParserCloser {
    void operator()(AVCodecParserContext* parser) const { av_parser_close(parser); }
  };

  CodecContextPtr context_;
  std::unique_ptr<AVCodecParserContext, ParserCloser> parser_;  ///< Null where keys can be taken at their word.
};

}  // namespace sheaf::media
