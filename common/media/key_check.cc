#include "common/media/key_check.h"

#include <cstdint>

#include "common/base/check.h"

namespace sheaf::media {

KeyCheck::KeyCheck(const AVCodecParameters& parameters) {
  if (parameters.codec_id != AV_CODEC_ID_H264) return;
  context_.reset(avcodec_alloc_context3(nullptr));
  SHEAF_CHECK(context_ != nullptr && avcodec_parameters_to_context(context_.get(), &parameters) >= 0);
  parser_.reset(av_parser_init(parameters.codec_id));
  if (parser_) parser_->flags |= PARSER_FLAG_COMPLETE_FRAMES;
}

bool KeyCheck::is_real(const AVPacket& packet) {
  if (!parser_) return true;
  std::uint8_t* data = nullptr;
  int size = 0;
  parser_->pict_type = AV_PICTURE_TYPE_NONE;
  av_parser_parse2(parser_.get(), context_.get(), &data, &size, packet.data, packet.size, packet.pts, packet.dts, packet.pos);
  return parser_->pict_type != AV_PICTURE_TYPE_P && parser_->pict_type != AV_PICTURE_TYPE_B;
}

}  // namespace sheaf::media
