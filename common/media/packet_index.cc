#include "common/media/packet_index.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/media/key_check.h"
#include "common/media/payload.h"

namespace sheaf::media {

static_assert(AV_NOPTS_VALUE == std::numeric_limits<std::int64_t>::min());

namespace {

PacketFacts facts_of(const AVPacket& packet) {
  PacketFacts facts{packet.pts, packet.dts, packet.duration, static_cast<std::uint32_t>(packet.size), 0};
  if ((packet.flags & AV_PKT_FLAG_KEY) != 0) facts.flags |= PacketIndex::kKey;
  if ((packet.flags & AV_PKT_FLAG_DISCARD) != 0) facts.flags |= PacketIndex::kDiscard;
  if ((packet.flags & AV_PKT_FLAG_CORRUPT) != 0) facts.flags |= PacketIndex::kCorrupt;
  return facts;
}

/// x264 signs the first picture of a stream, in words: "x264 - core 164 r3095 ...".
int x264_build_of(const AVPacket& packet) {
  constexpr std::string_view kSign = "x264 - core ";
  const std::string_view bytes(reinterpret_cast<const char*>(packet.data), static_cast<std::size_t>(packet.size));
  const std::size_t at = bytes.find(kSign);
  int build = 0;
  if (at != std::string_view::npos) std::from_chars(bytes.data() + at + kSign.size(), bytes.data() + bytes.size(), build);
  return build;
}

/// Whether the packet holds a picture that is never shown, though it may have a time of its own. (RFC 6386, 9.1: show_frame.)
bool is_hidden(const AVCodecParameters& parameters, const AVPacket& packet) {
  return parameters.codec_id == AV_CODEC_ID_VP8 && packet.size > 0 && (packet.data[0] & 0x10) == 0;
}

}  // namespace

Result<PacketIndex> PacketIndex::build(Input& input) {
  PacketIndex index;
  KeyCheck keys(*input.video().codecpar);
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
    PacketFacts facts = facts_of(*packet);
    if ((facts.flags & kKey) != 0 && !keys.is_real(*packet)) facts.flags &= static_cast<std::uint8_t>(~kKey);
    index.has_hidden_ |= is_hidden(*input.video().codecpar, *packet);
    index.append(facts);
  }
  if (Status status = input.check_complete(); !status) return propagate(status);
  Status status;
  if (!index.says_when_shown(input.video().codecpar->video_delay)) {
    auto again = Input::open(input.file(), Input::Purpose::kVideo);
    if (!again) return propagate(again);
    auto shown = decode_in_order(*again);
    if (!shown) return propagate(shown);
    status = index.learn(*shown);
  }
  if (status) status = index.order_frames();
  if (!status) {
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

bool PacketIndex::says_when_shown(int delay) const {
  if (pts_.empty()) return true;
  if (has_hidden_) return false;
  if ((flags_[0] & kKey) == 0) return false;  // The key that the first pictures refer to is not there.
  bool has_reordering = delay == 0;
  std::vector<std::int64_t> times;
  for (std::uint32_t i = 0; i < packets(); ++i) {
    if (pts_[i] == AV_NOPTS_VALUE) return false;
    if ((flags_[i] & kDiscard) != 0) continue;
    if (pts_[i] < pts_[0]) return false;  // Refers to something before the first key.
    has_reordering |= pts_[i] != dts_[i];
    times.push_back(pts_[i]);
  }
  // Some containers know decode times alone, which some readers pass off as both.
  if (!has_reordering) return false;
  std::sort(times.begin(), times.end());
  return std::adjacent_find(times.begin(), times.end()) == times.end();
}

Status PacketIndex::learn(const ShownFrames& shown) {
  if (shown.damaged > 0) {
    return fail(ErrorCode::kInput,
                "damaged: " + std::to_string(shown.damaged) + " of " + std::to_string(packets()) +
                    " packets of its video cannot be decoded",
                {}, "copy it once more from where it came from");
  }
  if (shown.pts.size() != pts_.size()) return fail(ErrorCode::kInput, "the file has changed since it was looked at");
  if (shown.unclaimed > 0) {
    return fail(ErrorCode::kInput,
                "its decoder shows " + std::to_string(shown.unclaimed) + " pictures more than its video has packets for", {},
                "sheaf cannot process such a file yet");
  }
  if (shown.not_later > 0) {
    return fail(ErrorCode::kInput,
                "the times of its video do not go on: " + std::to_string(shown.not_later) + " of " + std::to_string(packets()) +
                    " pictures are not shown later than the one before",
                {}, "sheaf tells pictures apart by their times and cannot process such a file yet");
  }
  has_learned_times_ = true;
  pts_ = shown.pts;
  for (std::uint32_t i = 0; i < packets(); ++i) {
    if ((flags_[i] & kDiscard) != 0 || pts_[i] != AV_NOPTS_VALUE) continue;
    flags_[i] |= kDiscard;
    hidden_ += 1;
  }
  return {};
}

Status PacketIndex::order_frames() {
  const auto is_frame = [](std::uint8_t flags) { return (flags & kDiscard) == 0; };
  if (pts_.empty()) return fail(ErrorCode::kInput, "its video stream is empty: the file is damaged or was not completed");
  frame_packet_.clear();
  frame_packet_.reserve(static_cast<std::size_t>(std::count_if(flags_.begin(), flags_.end(), is_frame)));
  for (std::uint32_t i = 0; i < packets(); ++i) {
    if (is_frame(flags_[i])) frame_packet_.push_back(i);
  }
  if (frame_packet_.empty()) return fail(ErrorCode::kInput, "its edit list leaves no frame of the video");

  std::sort(frame_packet_.begin(), frame_packet_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return pts_[a] != pts_[b] ? pts_[a] < pts_[b] : a < b; });
  return {};
}

std::int64_t PacketIndex::frame_duration(std::uint32_t frame) const {
  SHEAF_CHECK(frame < frames());
  if (const std::int64_t stated = duration_[frame_packet_[frame]]; stated > 0) return stated;
  if (frame + 1 < frames()) return frame_pts(frame + 1) - frame_pts(frame);
  return frame > 0 ? frame_pts(frame) - frame_pts(frame - 1) : 0;
}

}  // namespace sheaf::media
