#include "common/media/packed_vops.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "common/base/check.h"

namespace sheaf::media {

namespace {

// No encoder puts so many B pictures in a row; a stream that does has its times in decode order from there.
constexpr std::size_t kQueuedMax = 64;

/// The type of the first picture in the packet: 0 I, 1 P, 2 B, 3 S; -1 if there is none.
int vop_type(const AVPacket& packet) {
  for (int i = 0; i + 4 < packet.size; ++i) {
    const std::uint8_t* p = packet.data + i;
    if (p[0] == 0 && p[1] == 0 && p[2] == 1 && p[3] == 0xb6) return p[4] >> 6;
  }
  return -1;
}

}  // namespace

bool PackedVops::is_packed(const AVCodecParameters& parameters) {
  if (parameters.codec_id != AV_CODEC_ID_MPEG4 || parameters.extradata_size <= 0) return false;
  // User data: "DivX503b1393p"; the p says it.
  const std::string_view text(reinterpret_cast<const char*>(parameters.extradata),
                              static_cast<std::size_t>(parameters.extradata_size));
  std::size_t at = text.find("DivX");
  if (at == std::string_view::npos) return false;
  for (at += 4; at < text.size() && text[at] > ' ' && text[at] != 'p';) ++at;
  return at < text.size() && text[at] == 'p';
}

Result<std::unique_ptr<PackedVops>> PackedVops::open(AVStream& stream) {
  const AVBitStreamFilter* filter = av_bsf_get_by_name("mpeg4_unpack_bframes");
  AVBSFContext* context = nullptr;
  if (filter == nullptr || av_bsf_alloc(filter, &context) < 0) {
    return fail(ErrorCode::kFailed, "this libavcodec cannot take packed MPEG-4 pictures apart");
  }
  std::unique_ptr<PackedVops> self(new PackedVops);
  self->filter_.reset(context);
  SHEAF_CHECK(avcodec_parameters_copy(context->par_in, stream.codecpar) >= 0);
  context->time_base_in = stream.time_base;
  if (const int result = av_bsf_init(context); result < 0) {
    return fail(ErrorCode::kFailed, "packed MPEG-4 pictures cannot be taken apart: " + av_error_text(result));
  }
  SHEAF_CHECK(avcodec_parameters_copy(stream.codecpar, context->par_out) >= 0);
  return self;
}

Status PackedVops::send(AVPacket* packet) {
  int result = av_bsf_send_packet(filter_.get(), packet);
  while (result >= 0) {
    PacketPtr out = make_packet();
    result = av_bsf_receive_packet(filter_.get(), out.get());
    if (result >= 0) take(std::move(out));
  }
  if (result != AVERROR(EAGAIN) && result != AVERROR_EOF) {
    return fail(ErrorCode::kInput, "packed MPEG-4 pictures cannot be taken apart: " + av_error_text(result));
  }
  if (packet == nullptr && ready_ < queue_.size()) {
    queue_[ready_]->pts = queue_.back()->dts + 1;  // The last picture that is not B: shown after all others.
    ready_ = queue_.size();
  }
  return {};
}

void PackedVops::take(PacketPtr packet) {
  // The queue is: pictures whose times are known, then one that waits for the next of its sort, then B pictures.
  if (vop_type(*packet) == 2 || packet->dts == AV_NOPTS_VALUE) {
    packet->pts = packet->dts;
    queue_.push_back(std::move(packet));
    if (queue_.size() - ready_ == 1) ready_ = queue_.size();
    if (queue_.size() - ready_ < kQueuedMax) return;
    queue_[ready_]->pts = queue_[ready_]->dts;
    ready_ = queue_.size();
    return;
  }
  if (ready_ < queue_.size()) queue_[ready_]->pts = packet->dts;
  ready_ = queue_.size();
  packet->pts = AV_NOPTS_VALUE;
  queue_.push_back(std::move(packet));
}

bool PackedVops::receive(AVPacket& packet) {
  if (ready_ == 0) return false;
  av_packet_move_ref(&packet, queue_.front().get());
  queue_.pop_front();
  ready_ -= 1;
  return true;
}

}  // namespace sheaf::media
