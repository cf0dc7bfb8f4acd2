#include "master/stages/cut_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/base/check.h"

namespace sheaf::stages {

namespace {

constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();

// A part of a long GOP, or a GOP that stands alone, may be this much larger than the target before it is split.
constexpr double kSlack = 1.5;

// How many packets must follow the leading pictures of a job's key. A fresh decoder cannot rebuild those (H.264: it hides
// them), and if one of them is still in its reorder buffer when the packets end, libavcodec takes the hidden picture for the
// end and keeps the rest. 16 is the largest reorder buffer of H.264 and HEVC.
constexpr std::uint32_t kPacketsAfterLeading = 17;

/// What lies between two keys at which the video can be cut.
struct Gop {
  std::uint32_t first_packet = 0;
  std::uint32_t end_packet_min = 0;  ///< A job that starts here needs the packets up to here, even for its first frame alone.
  std::uint32_t first_frame = 0;
  std::uint64_t bytes = 0;
};

/// The keys that the video can be cut at, in decode order. A decoder that starts at key k gives every frame from its time T on,
/// if all frames decoded before k are shown before T, and if what is shown before T but decoded after k (its leading pictures)
/// comes before the next key, so that the job before does not have to run on for long. Streams with jumps in their time stamps
/// have keys that are neither; a key that is discarded by an edit list shows no frame that could be owned.
std::vector<std::uint32_t> find_cut_keys(const CutInput& input) {
  const auto packets = static_cast<std::uint32_t>(input.pts.size());
  const auto is = [&](std::uint32_t i, std::uint8_t flag) { return (input.flags[i] & flag) != 0; };

  std::vector<std::uint32_t> keys;
  std::int64_t latest = kFirst;
  for (std::uint32_t i = 0; i < packets; ++i) {
    if (is(i, CutInput::kKey) && !is(i, CutInput::kDiscard) && (i == 0 || latest < input.pts[i])) keys.push_back(i);
    if (!is(i, CutInput::kDiscard)) latest = std::max(latest, input.pts[i]);
  }

  // From the back: the earliest time of anything from the next key on, be that one a place to cut or not.
  std::int64_t earliest_since_key = kLast;
  std::int64_t earliest_here = kLast;
  auto candidate = keys.rbegin();
  std::vector<std::uint32_t> good;
  for (std::uint32_t i = packets; i-- > 0;) {
    if (!is(i, CutInput::kDiscard)) earliest_here = std::min(earliest_here, input.pts[i]);
    if (candidate != keys.rend() && *candidate == i) {
      if (input.pts[i] < earliest_since_key) good.push_back(i);
      ++candidate;
    }
    if (is(i, CutInput::kKey)) earliest_since_key = std::min(earliest_since_key, earliest_here);
  }
  std::reverse(good.begin(), good.end());
  return good;
}

/// Behind the last leading picture of `key`: decoded after it, shown before it. They all come before the next key.
std::uint32_t end_of_leading(const CutInput& input, std::uint32_t key) {
  std::uint32_t end = key + 1;
  for (std::uint32_t i = end; i < input.pts.size() && (input.flags[i] & CutInput::kKey) == 0; ++i) {
    if (input.pts[i] < input.pts[key]) end = i + 1;
  }
  return end;
}

std::vector<Gop> find_gops(const CutInput& input) {
  const std::vector<std::uint32_t> keys = find_cut_keys(input);
  std::vector<bool> is_cut_key(input.pts.size(), false);
  for (const std::uint32_t key : keys) is_cut_key[key] = true;

  std::vector<Gop> gops{Gop{}};  // The first one has whatever comes before the first key, too.
  for (std::uint32_t frame = 1; frame < input.frame_packets.size(); ++frame) {
    const std::uint32_t packet = input.frame_packets[frame];
    if (!is_cut_key[packet]) continue;
    const std::uint32_t leading_end = end_of_leading(input, packet);
    const std::uint32_t end_min = leading_end == packet + 1 ? leading_end : leading_end + kPacketsAfterLeading;
    if (end_min <= input.pts.size()) gops.push_back({packet, end_min, frame, 0});
  }
  for (std::size_t g = 0; g < gops.size(); ++g) {
    const std::size_t end = g + 1 < gops.size() ? gops[g + 1].first_packet : input.pts.size();
    for (std::size_t i = gops[g].first_packet; i < end; ++i) gops[g].bytes += input.sizes[i];
  }
  return gops;
}

class Planner {
 public:
  Planner(const CutInput& input, const CutOptions& options)
      : input_(input),
        options_(options),
        frames_(static_cast<std::uint32_t>(input.frame_packets.size())),
        gops_(find_gops(input)) {}

  std::vector<JobCut> plan() {
    // The smallest parts whose repeated decode is affordable. Growing them ends when no GOP is split any more.
    const double affordable = kRepeatedDecodeMax * (1 + std::max(0.0, options_.frame_cost)) * frames_;
    for (double scale = 1;; scale *= 1.1) {
      const double repeated = cut(scale);
      if (options_.chunk_frames > 0 || repeated <= affordable) break;
    }
    complete();
    return std::move(jobs_);
  }

 private:
  std::uint32_t end_of(std::size_t gop) const { return gop + 1 < gops_.size() ? gops_[gop + 1].first_frame : frames_; }

  /// How many frames a job that starts at `frame` should have. Fewer towards the end: the workers that are done first wait no
  /// longer than for a job of these.
  double target_at(std::uint32_t frame) const {
    if (options_.chunk_frames > 0) return options_.chunk_frames;
    return std::clamp((frames_ - frame) / 4.0, 1.0 * kTargetFramesLast, 1.0 * kTargetFrames);
  }

  /// Into how many parts `count` frames of one GOP are split.
  std::uint32_t parts(std::uint32_t count, double target) const {
    if (options_.chunk_frames > 0) return (count - 1) / options_.chunk_frames + 1;
    if (count <= kSlack * target) return 1;
    return std::max(1U, static_cast<std::uint32_t>(std::lround(count / target)));
  }

  /// Whether a job of `count` frames is better with the `more` frames of the next GOP.
  bool merges(std::uint32_t count, std::uint32_t more, double target) const {
    if (options_.chunk_frames > 0) return count + more <= options_.chunk_frames;
    return std::abs(count + more - target) < std::abs(count - target);
  }

  /// Cuts all, split parts `scale` times the target, and returns how many frames are decoded more than once.
  double cut(double scale) {
    jobs_.clear();
    double repeated = 0;
    std::uint32_t frame = 0;
    for (std::size_t gop = 0; frame < frames_;) {
      const double target = target_at(frame);
      const std::uint32_t gop_begin = gops_[gop].first_frame;
      std::uint32_t end = end_of(gop);
      const std::uint32_t n = parts(end - frame, target * scale);
      std::size_t next = gop + 1;
      if (n > 1) {
        end = frame + (end - frame - 1) / n + 1;
        next = gop;
      } else if (frame == gop_begin) {
        std::uint64_t bytes = gops_[gop].bytes;
        for (; next < gops_.size() && merges(end - frame, end_of(next) - end, target); ++next) {
          if (bytes + gops_[next].bytes > kJobBytesTarget) break;
          bytes += gops_[next].bytes;
          end = end_of(next);
        }
      }
      repeated += frame - gop_begin;
      JobCut job;
      job.first_packet = gops_[gop].first_packet;
      job.end_packet = gops_[gop].end_packet_min;
      job.first_frame = frame;
      job.end_frame = end;
      jobs_.push_back(job);
      frame = end;
      gop = next;
    }
    return repeated;
  }

  /// Fills in what follows from the ranges of frames.
  void complete() {
    for (std::size_t j = 0; j < jobs_.size(); ++j) {
      JobCut& job = jobs_[j];
      const JobCut* next = j + 1 < jobs_.size() ? &jobs_[j + 1] : nullptr;
      job.own_begin = j == 0 ? kFirst : jobs_[j - 1].own_end;
      job.own_end = next == nullptr ? kLast : input_.pts[input_.frame_packets[next->first_frame]];
      if (j > 0) job.end_packet = std::max(job.end_packet, jobs_[j - 1].end_packet);
      for (std::uint32_t frame = job.first_frame; frame < job.end_frame; ++frame) {
        job.end_packet = std::max(job.end_packet, input_.frame_packets[frame] + 1);
      }
      if (next == nullptr || next->first_packet == job.first_packet) continue;
      // Without a gap, so that the packets are read from front to back once; there is one only where an edit list hides
      // pictures.
      job.has_seam = options_.has_seams;
      job.end_packet = std::max(job.end_packet, next->first_packet + (job.has_seam ? 1 : 0));
    }
  }

  const CutInput& input_;
  const CutOptions& options_;
  const std::uint32_t frames_;
  const std::vector<Gop> gops_;
  std::vector<JobCut> jobs_;
};

}  // namespace

std::vector<JobCut> plan_cuts(const CutInput& input, const CutOptions& options) {
  SHEAF_CHECK(!input.frame_packets.empty());
  SHEAF_CHECK(input.pts.size() == input.sizes.size() && input.pts.size() == input.flags.size());
  return Planner(input, options).plan();
}

}  // namespace sheaf::stages
