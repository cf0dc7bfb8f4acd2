#include "common/media/shown_frames.h"

#include <deque>
#include <utility>

#include "common/media/decode_clock.h"
#include "common/media/decoder.h"
#include "common/media/stream_parameters.h"

namespace sheaf::media {

namespace {

/// One pass through a decoder.
class Pass {
 public:
  Pass(Decoder decoder, DecodeClock clock) : decoder_(std::move(decoder)), clock_(clock) {}

  Status send(AVPacket& packet) {
    const auto index = static_cast<std::uint32_t>(shown_.pts.size());
    shown_.pts.push_back(AV_NOPTS_VALUE);
    const std::int64_t dts = clock_.next(packet.dts);
    packet.dts = dts;
    packet.pos = index;  // Comes back with the frame.
    if (packet.size > 0) {
      if (Status status = decoder_.send(&packet); !status) return status;
    }
    clock_.advance(packet.duration);
    for (bool is_first = true;; is_first = false) {
      auto frame = decoder_.receive();
      if (!frame) return propagate(frame);
      if (!*frame) return {};
      if (!is_first) clock_.advance(packet.duration);
      take(**frame, (*frame)->best_effort_timestamp);
    }
  }

  Status finish() {
    if (Status status = decoder_.send(nullptr); !status) return status;
    std::deque<std::int64_t> invented;
    for (;;) {
      invented.push_back(clock_.next(AV_NOPTS_VALUE));
      auto frame = decoder_.receive();
      if (!frame) return propagate(frame);
      if (!*frame) return {};
      std::int64_t pts = (*frame)->best_effort_timestamp;
      if (pts == AV_NOPTS_VALUE) {
        pts = invented.front();
        invented.pop_front();
      }
      take(**frame, pts);
      clock_.advance(0);
    }
  }

  ShownFrames take_shown() {
    shown_.damaged = has_shown_ ? decoder_.damaged_packets() - damaged_at_start_ : 0;
    return std::move(shown_);
  }

 private:
  void take(const AVFrame& frame, std::int64_t pts) {
    if (!has_shown_) damaged_at_start_ = decoder_.damaged_packets();
    if (has_shown_ && pts <= last_pts_) shown_.not_later += 1;
    has_shown_ = true;
    last_pts_ = pts;
    const auto packet = static_cast<std::size_t>(frame.pkt_pos);  // Unknown, -1, becomes the largest.
    const bool is_free = packet < shown_.pts.size() && shown_.pts[packet] == AV_NOPTS_VALUE;
    if (is_free) shown_.pts[packet] = pts;
    shown_.unclaimed += is_free ? 0 : 1;
  }

  Decoder decoder_;
  DecodeClock clock_;
  ShownFrames shown_;
  bool has_shown_ = false;
  std::int64_t last_pts_ = 0;
  int damaged_at_start_ = 0;
};

}  // namespace

Result<ShownFrames> decode_in_order(Input& input) {
  const v1::StreamParameters stream = describe_stream(input.format(), input.video());
  auto decoder = Decoder::open(stream, Decoder::Purpose::kOrder);
  if (!decoder) return propagate(decoder);
  Pass pass(std::move(*decoder),
            DecodeClock(input.video().time_base, input.video().avg_frame_rate, input.video().codecpar->video_delay));
  const PacketPtr packet = make_packet();
  for (;;) {
    auto more = input.read(*packet);
    if (!more) return propagate(more);
    if (Status status = *more ? pass.send(*packet) : pass.finish(); !status) return propagate(status);
    if (!*more) return pass.take_shown();
  }
}

}  // namespace sheaf::media
