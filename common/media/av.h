#pragma once

/// libav* in C++ clothes: owners for its objects, and its errors as Result. Who else includes libav stands in
/// docs/ARCHITECTURE.md.

#include <memory>
#include <string>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

namespace sheaf::media {

struct AvDeleter {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVCodecParameters* parameters) const { avcodec_parameters_free(&parameters); }
  void operator()(AVDictionary* dictionary) const { av_dict_free(&dictionary); }
};

using FramePtr = std::unique_ptr<AVFrame, AvDeleter>;
using PacketPtr = std::unique_ptr<AVPacket, AvDeleter>;
using CodecContextPtr = std::unique_ptr<AVCodecContext, AvDeleter>;
using CodecParametersPtr = std::unique_ptr<AVCodecParameters, AvDeleter>;

/// Never null: out of memory ends the process.
FramePtr make_frame();
PacketPtr make_packet();

/// "Invalid data found when processing input".
std::string av_error_text(int error);

/// Quiets libav's own log, which writes to stderr past ours; errors come back as return values.
void set_up_libav();

}  // namespace sheaf::media
