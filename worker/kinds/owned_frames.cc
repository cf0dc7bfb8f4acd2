#include "worker/kinds/owned_frames.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <utility>

#include "common/media/frame_digest.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

namespace sheaf::worker {

Status check_job(const v1::VideoJob& job, std::uint64_t packet_bytes) {
  if (Status status = media::check_columns(job.packets(), true, packet_bytes); !status) return status;
  const auto& expected = job.expected_pts();
  const auto refuse = [](const char* why) { return fail(ErrorCode::kFailed, std::string("malformed video job: ") + why); };
  if (std::adjacent_find(expected.begin(), expected.end(), std::greater_equal<>()) != expected.end()) {
    return refuse("expected frames out of order");
  }
  if (!expected.empty() && (expected[0] < job.own_begin() || expected[expected.size() - 1] >= job.own_end())) {
    return refuse("it expects frames that it does not own");
  }
  if (job.has_seam_pts() && job.seam_pts() >= job.own_begin() && job.seam_pts() < job.own_end()) {
    return refuse("its seam frame is its own");
  }
  return {};
}

std::string place_of(std::int64_t pts, const v1::Rational& time_base) {
  const double seconds = static_cast<double>(pts) * time_base.num() / time_base.den();
  char text[64];
  std::snprintf(text, sizeof text, "%.3f", seconds);
  std::string trimmed(text);
  while (trimmed.ends_with('0') && !trimmed.ends_with(".0")) trimmed.pop_back();
  return trimmed + " s";
}

OwnedFrames::OwnedFrames(media::Decoder decoder, const Blob& payload, const v1::VideoJob& job,
                         const v1::StreamParameters& stream, std::stop_token stop)
    : decoder_(std::move(decoder)),
      packets_(payload, job.packets()),
      job_(job),
      stream_(stream),
      stop_(std::move(stop)),
      packet_(media::make_packet()) {}

Result<media::FramePtr> OwnedFrames::next() {
  while (true) {
    if (stop_.stop_requested()) return fail(ErrorCode::kStopped, "cancelled");
    if (!held_.empty() && held_.begin()->first == job_.expected_pts(next_)) {
      media::FramePtr frame = std::move(held_.begin()->second);
      held_.erase(held_.begin());
      if (next_ == 0) first_digest_ = media::digest_bytes(media::frame_digest(*frame));
      ++next_;
      return frame;
    }
    if (has_all()) return media::FramePtr();
    auto advanced = advance();
    if (!advanced) return propagate(advanced);
    if (!*advanced) {
      if (next_ < job_.expected_pts_size()) return missing();
      return media::FramePtr();  // The packets do not hold the seam frame.
    }
  }
}

bool OwnedFrames::has_all() const {
  return next_ == job_.expected_pts_size() && (!job_.has_seam_pts() || !seam_digest_.empty());
}

Result<bool> OwnedFrames::advance() {
  auto frame = decoder_.receive();
  if (!frame) return propagate(frame);
  if (*frame) {
    if (Status status = take(std::move(*frame)); !status) return propagate(status);
    return true;
  }
  if (sent_all_) return false;
  auto read = packets_.next(*packet_);
  if (!read) return propagate(read);
  sent_all_ = !*read;
  if (Status status = decoder_.send(sent_all_ ? nullptr : packet_.get()); !status) return propagate(status);
  return true;
}

Status OwnedFrames::take(media::FramePtr frame) {
  const std::int64_t pts = media::frame_pts(*frame);
  const bool is_seam = job_.has_seam_pts() && pts == job_.seam_pts();
  const bool is_owned = pts != AV_NOPTS_VALUE && pts >= job_.own_begin() && pts < job_.own_end();
  if (!is_seam && !is_owned) return {};  // A neighbour's, decoded because ours refer to it.
  if (Status status = check_frame(*frame, pts); !status) return status;
  if (is_seam) {
    seam_digest_ = media::digest_bytes(media::frame_digest(*frame));
    return {};
  }
  if (media::is_damaged(*frame)) {
    return fail(ErrorCode::kInput, "the frame is damaged", place(pts));
  }
  const auto& expected = job_.expected_pts();
  if (!std::binary_search(expected.begin(), expected.end(), pts)) {
    return fail(ErrorCode::kInput, "a frame that the index of packets does not know", place(pts));
  }
  if (has_gap_) {
    ++counted_;
    return {};
  }
  const bool is_late = next_ == expected.size() || pts < expected[next_];
  frame->pts = pts;
  if (is_late || !held_.emplace(pts, std::move(frame)).second) {
    return fail(ErrorCode::kInput, "two frames with the same time", place(pts));
  }
  if (held_.size() > kHeldFramesMax) {
    has_gap_ = true;
    counted_ = next_ + static_cast<int>(held_.size());
    held_.clear();
  }
  return {};
}

Status OwnedFrames::check_frame(const AVFrame& frame, std::int64_t pts) const {
  if (frame.width != stream_.width() || frame.height != stream_.height()) {
    return fail(ErrorCode::kInput,
                "the size of the frames changes from " + std::to_string(stream_.width()) + "x" +
                    std::to_string(stream_.height()) + " to " + std::to_string(frame.width) + "x" +
                    std::to_string(frame.height) + " at " + place(pts),
                place(pts));
  }
  const char* format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame.format));
  if (format == nullptr || stream_.pixel_format() != format) {
    return fail(ErrorCode::kInput,
                "the pixel format of the frames changes from " + stream_.pixel_format() + " to " +
                    (format == nullptr ? "an unknown one" : format) + " at " + place(pts),
                place(pts));
  }
  return {};
}

tl::unexpected<Error> OwnedFrames::missing() const {
  const int decoded = has_gap_ ? counted_ : next_ + static_cast<int>(held_.size());
  const std::string gap = place(job_.expected_pts(next_));
  return fail(ErrorCode::kInput,
              "only " + std::to_string(decoded) + " of " + std::to_string(job_.expected_pts_size()) +
                  " frames can be decoded (first gap at " + gap + ")",
              gap);
}

}  // namespace sheaf::worker
