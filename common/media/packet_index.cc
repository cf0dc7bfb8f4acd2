#include "common/media/packet_index.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/media/payload.h"

namespace sheaf::media {

static_assert(AV_NOPTS_VALUE == std::numeric_limits<std::int64_t>::min());

PacketFacts facts_of(const AVPacket& packet) {
  PacketFacts facts{packet.pts, packet.dts, packet.duration, static_cast<std::uint32_t>(packet.size), 0};
  if ((packet.flags & AV_PKT_FLAG_KEY) != 0) facts.flags |= PacketIndex::kKey;
  if ((packet.flags & AV_PKT_FLAG_DISCARD) != 0) facts.flags |= PacketIndex::kDiscard;
  if ((packet.flags & AV_PKT_FLAG_CORRUPT) != 0) facts.flags |= PacketIndex::kCorrupt;
  return facts;
}

namespace {

/// x264 signs the first picture of a stream, in words: "x264 - core 164 r3095 ...".
int x264_build_of(const AVPacket& packet) {
  constexpr std::string_view kSign = "x264 - core ";
  const std::string_view bytes(reinterpret_cast<const char*>(packet.data), static_cast<std::size_t>(packet.size));
  const std::size_t at = bytes.find(kSign);
  int build = 0;
  if (at != std::string_view::npos) std::from_chars(bytes.data() + at + kSign.size(), bytes.data() + bytes.size(), build);
  return build;
}

}  // namespace

Result<PacketIndex> PacketIndex::build(Input& input) {
  PacketIndex index;
  const PacketPtr packet = make_packet();
  for (;;) {
    auto more = input.read(*packet);
    if (!more) return propagate(more);
    if (!*more) break;
    if (index.packets() == std::numeric_limits<std::uint32_t>::max() ||
        static_cast<std::uint32_t>(packet->size) > kPacketBytesMax) {
      return fail(ErrorCode::kInput, "the video is too long, or one of its packets too large", input.path());
    }
    if (index.packets() == 0 && input.video().codecpar->codec_id == AV_CODEC_ID_H264)
      index.x264_build_ = x264_build_of(*packet);
    index.append(facts_of(*packet));
  }
  if (Status status = input.check_complete(); !status) return propagate(status);
  if (Status status = index.order_frames(); !status) {
    status.error().where = input.path();
    return propagate(status);
  }
  return index;
}

void PacketIndex::append(const PacketFacts& packet) {
  pts_.push_back(packet.pts);
  dts_.push_back(packet.dts);
  duration_.push_back(packet.duration);
  size_.push_back(packet.size);
  flags_.push_back(packet.flags);
}

Status PacketIndex::order_frames() {
  const auto is_frame = [](std::uint8_t flags) { return (flags & kDiscard) == 0; };
  if (pts_.empty()) return fail(ErrorCode::kInput, "its video stream is empty: the file is damaged or was not completed");
  const auto without_time = std::count(pts_.begin(), pts_.end(), AV_NOPTS_VALUE);
  if (without_time > 0) {
    return fail(ErrorCode::kInput,
                std::to_string(without_time) + " of " + std::to_string(pts_.size()) + " video packets have no time stamp", {},
                "give them one first: ffmpeg -fflags +genpts -i INPUT -c copy NEW.mkv");
  }
  frame_packet_.clear();
  frame_packet_.reserve(static_cast<std::size_t>(std::count_if(flags_.begin(), flags_.end(), is_frame)));
  for (std::uint32_t i = 0; i < packets(); ++i) {
    if (is_frame(flags_[i])) frame_packet_.push_back(i);
  }
  if (frame_packet_.empty()) return fail(ErrorCode::kInput, "its edit list leaves no frame of the video");

  std::sort(frame_packet_.begin(), frame_packet_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return pts_[a] != pts_[b] ? pts_[a] < pts_[b] : a < b; });
  std::uint32_t doubled = 0;
  for (std::uint32_t i = 1; i < frames(); ++i) doubled += frame_pts(i) == frame_pts(i - 1) ? 1 : 0;
  if (doubled > 0) {
    return fail(
        ErrorCode::kInput,
        std::to_string(doubled) + " of " + std::to_string(frames()) + " video packets share their time stamp with another", {},
        "sheaf tells frames apart by their times and cannot process such a file yet");
  }
  return {};
}

std::int64_t PacketIndex::frame_duration(std::uint32_t frame) const {
  SHEAF_CHECK(frame < frames());
  if (const std::int64_t stated = duration_[frame_packet_[frame]]; stated > 0) return stated;
  if (frame + 1 < frames()) return frame_pts(frame + 1) - frame_pts(frame);
  return frame > 0 ? frame_pts(frame) - frame_pts(frame - 1) : 0;
}

}  // namespace sheaf::media
