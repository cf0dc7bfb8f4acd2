#include "stage/video/cut_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "common/base/check.h"

namespace sheaf::stage {

namespace {

constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();

// How many packets must follow the leading pictures of a job's key. A fresh decoder cannot rebuild those (H.264: it hides
// them), and if one of them is still in its reorder buffer when the packets end, libavcodec takes the hidden picture for the
// end and keeps the rest. 16 is the largest reorder buffer of H.264 and HEVC.
constexpr std::uint32_t kPacketsAfterLeading = 17;

/// What lies between two keys at which the video can be cut.
struct Gop {
  std::uint32_t first_packet = 0;
  std::uint32_t end_packet_min = 0;  ///< A job that starts here needs the packets up to here, even for its first frame alone.
  std::uint32_t first_frame = 0;
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

/// How far a job must read that starts at `key`, even for its first frame alone: over the key's leading pictures, which are
/// decoded after it and shown before it, and some more. They all come before the next key. What is never shown counts where
/// `with_hidden`.
std::uint32_t end_packet_min(const CutInput& input, std::uint32_t key, bool with_hidden) {
  std::uint32_t end = key + 1;
  for (std::uint32_t i = end; i < input.pts.size() && (input.flags[i] & CutInput::kKey) == 0; ++i) {
    if (input.pts[i] < input.pts[key] && (with_hidden || input.pts[i] != kFirst)) end = i + 1;
  }
  return end == key + 1 ? end : end + kPacketsAfterLeading;
}

std::vector<Gop> find_gops(const CutInput& input) {
  const std::vector<std::uint32_t> keys = find_cut_keys(input);
  std::vector<bool> is_cut_key(input.pts.size(), false);
  for (const std::uint32_t key : keys) is_cut_key[key] = true;

  // The first one has whatever comes before the first key, too; of the leading pictures there a decoder has shown none.
  const auto packets = static_cast<std::uint32_t>(input.pts.size());
  std::uint32_t first_key = 0;
  while (first_key < packets && (input.flags[first_key] & CutInput::kKey) == 0) ++first_key;
  std::vector<Gop> gops{Gop{}};
  if (first_key < packets) gops[0].end_packet_min = std::min(packets, end_packet_min(input, first_key, true));
  for (std::uint32_t frame = 1; frame < input.frame_packets.size(); ++frame) {
    const std::uint32_t packet = input.frame_packets[frame];
    if (!is_cut_key[packet]) continue;
    const std::uint32_t end_min = end_packet_min(input, packet, false);
    if (end_min <= packets) gops.push_back({packet, end_min, frame});
  }
  return gops;
}

/// What one more job costs the encoder in bytes, in frames of average size: a key frame where there would be one that refers to
/// others. Estimated from the input, whose keys cost as much for the same pictures, and a little more in the output, where
/// better encoders make the others smaller.
double key_cost(const CutInput& input) {
  constexpr double kUnknown = 8;
  constexpr double kOfOutput = 1.2;
  double keys = 0, key_bytes = 0, others = 0, other_bytes = 0;
  for (std::size_t i = 0; i < input.sizes.size(); ++i) {
    const bool is_key = (input.flags[i] & CutInput::kKey) != 0;
    (is_key ? keys : others) += 1;
    (is_key ? key_bytes : other_bytes) += input.sizes[i];
  }
  if (keys == 0 || other_bytes == 0) return kUnknown;
  return std::max(0.0, kOfOutput * (key_bytes / keys - other_bytes / others) / (other_bytes / others));
}

class Planner {
 public:
  Planner(const CutInput& input, const CutOptions& options)
      : input_(input),
        options_(options),
        frames_(static_cast<std::uint32_t>(input.frame_packets.size())),
        gops_(find_gops(input)),
        key_cost_(key_cost(input)) {
    bytes_before_.push_back(0);
    for (const std::uint32_t size : input.sizes) bytes_before_.push_back(bytes_before_.back() + size);
  }

  std::vector<JobCut> plan() {
    std::vector<JobCut> jobs = options_.chunk_frames > 0 ? cut_by_chunk() : choose();
    complete(jobs);
    return jobs;
  }

 private:
  /// A way to cut: about `frames` frames a job, and whether fewer towards the end.
  struct Shape {
    double frames;
    bool has_fine_end;
  };
  struct Plan {
    double frames;  ///< Of its shape.
    std::vector<JobCut> jobs;
    std::pair<bool, double> rank = {};  ///< Longer than usual, score: the least is the best.
    bool is_least = false;              ///< With fewer jobs slots would stand idle: it is taken whatever it costs in bytes.
  };

  /// Of all shapes that keep within the bounds the one that keeps slots busiest; a longer one only where none of usual length
  /// does.
  std::vector<JobCut> choose() const {
    std::vector<Plan> plans;
    for (double frames = kTargetFramesMin; frames <= kFramesMax; frames *= 1.05) {
      for (const bool has_fine_end : {true, false}) {
        std::vector<JobCut> jobs = cut({frames, has_fine_end});
        if (repeated_decodes(jobs) <= repeated_decodes_max()) plans.push_back({frames, std::move(jobs)});
      }
    }
    if (frames_ >= kSlotsFed * kFramesForASlot) keep_those_that_feed_all(plans);
    std::erase_if(plans, [&](const Plan& plan) { return !plan.is_least && more_bytes(plan.jobs) > kMoreBytesMax; });
    for (Plan& plan : plans) plan.rank = {plan.frames > kTargetFramesMax, score_of(plan.jobs)};
    const auto best =
        std::min_element(plans.begin(), plans.end(), [](const Plan& a, const Plan& b) { return a.rank < b.rank; });
    if (best != plans.end()) return std::move(best->jobs);
    // Of a video with few keys every shape may decode too much again. Longer jobs do less of it; in the end there is one.
    for (double frames = kFramesMax;; frames *= 1.1) {
      std::vector<JobCut> jobs = cut({frames, false});
      if (repeated_decodes(jobs) <= repeated_decodes_max()) return jobs;
    }
  }

  /// Takes away the plans with fewer jobs than kSlotsFed, and marks those with the least number that is enough. Does nothing
  /// where none is.
  static void keep_those_that_feed_all(std::vector<Plan>& plans) {
    std::size_t least = std::numeric_limits<std::size_t>::max();
    for (const Plan& plan : plans) least = plan.jobs.size() >= kSlotsFed ? std::min(least, plan.jobs.size()) : least;
    if (least == std::numeric_limits<std::size_t>::max()) return;
    std::erase_if(plans, [&](const Plan& plan) { return plan.jobs.size() < least; });
    for (Plan& plan : plans) plan.is_least = plan.jobs.size() == least;
  }

  /// What the key frames add that an unsplit output would not have, as a share of it.
  double more_bytes(const std::vector<JobCut>& jobs) const {
    if (options_.encoder_gop_frames == 1) return 0;
    const double keys_unsplit = std::ceil(1.0 * frames_ / options_.encoder_gop_frames);
    return (static_cast<double>(jobs.size()) - keys_unsplit) * key_cost_ / frames_;
  }

  double repeated_decodes_max() const { return kRepeatedDecodeMax * (1 + std::max(0.0, options_.frame_cost)) * frames_; }

  double repeated_decodes(const std::vector<JobCut>& jobs) const {
    double sum = 0;
    for (const JobCut& job : jobs) sum += job.first_frame - gops_[gop_of(job.first_frame)].first_frame;
    return sum;
  }

  /// How much longer 2, 4 and 8 slots would take for these jobs, each slot taking the next one when it is free, than if they
  /// could share the frames as they are fast: the sum of the three ratios. No two slots are equally fast, nor two frames
  /// equally dear: jobs that fit exactly into equal slots would be a gain on paper only.
  double score_of(const std::vector<JobCut>& jobs) const {
    constexpr double kJobStart = 4;    // In frames: what opening an encoder and filling its look-ahead takes.
    constexpr double kSlowest = 0.75;  // Of the fastest slot's speed.
    const double frame_cost = 1 + std::max(0.0, options_.frame_cost);
    double score = 0;
    for (const std::size_t slots : {2U, 4U, 8U}) {
      std::vector<double> busy_until(slots, 0.0);
      const auto speed = [&](std::ptrdiff_t slot) {
        return 1 - (1 - kSlowest) * static_cast<double>(slot) / static_cast<double>(slots - 1);
      };
      for (const JobCut& job : jobs) {
        const double repeated = job.first_frame - gops_[gop_of(job.first_frame)].first_frame;
        const auto free = std::min_element(busy_until.begin(), busy_until.end());
        *free += (repeated + frame_cost * (job.end_frame - job.first_frame + kJobStart)) / speed(free - busy_until.begin());
      }
      const double speed_of_all = static_cast<double>(slots) * (1 + kSlowest) / 2;
      score += *std::max_element(busy_until.begin(), busy_until.end()) * speed_of_all / (frame_cost * frames_);
    }
    return score;
  }

  /// The GOP that `frame` is in.
  std::size_t gop_of(std::uint32_t frame) const {
    const auto after = std::upper_bound(gops_.begin(), gops_.end(), frame,
                                        [](std::uint32_t value, const Gop& gop) { return value < gop.first_frame; });
    return static_cast<std::size_t>(after - gops_.begin()) - 1;
  }

  JobCut make_job(std::uint32_t first_frame, std::uint32_t end_frame) const {
    JobCut job;
    const Gop& gop = gops_[gop_of(first_frame)];
    job.first_packet = gop.first_packet;
    job.end_packet = gop.end_packet_min;
    job.first_frame = first_frame;
    job.end_frame = end_frame;
    return job;
  }

  /// Without regard to the bounds.
  std::vector<JobCut> cut(const Shape& shape) const {
    std::vector<JobCut> jobs;
    for (std::uint32_t frame = 0; frame < frames_; frame = jobs.back().end_frame) {
      jobs.push_back(make_job(frame, end_of_job(frame, shape)));
    }
    return jobs;
  }

  /// Where a job ends that starts at `frame`: at the key that is nearest to its target, or at the target itself where none is
  /// within half of it.
  std::uint32_t end_of_job(std::uint32_t frame, const Shape& shape) const {
    double target = shape.frames;
    if (shape.has_fine_end) target = std::clamp((frames_ - frame) / 4.0, std::min(target, 1.0 * kTargetFramesLast), target);
    if (frames_ - frame < 1.5 * target) return fitting(frame, frames_);
    const auto distance = [&](std::uint32_t end) { return std::abs(end - (frame + target)); };
    std::uint32_t nearest = frame;
    for (std::size_t gop = gop_of(frame) + 1; gop < gops_.size(); ++gop) {
      if (distance(gops_[gop].first_frame) > distance(nearest)) break;
      nearest = gops_[gop].first_frame;
    }
    if (distance(nearest) > target / 2) nearest = frame + static_cast<std::uint32_t>(std::lround(target));
    return fitting(frame, nearest);
  }

  /// `end`, or the last key before it up to which a job that starts at `frame` has no more than kJobBytesTarget of packets; the
  /// first key if that is already more.
  std::uint32_t fitting(std::uint32_t frame, std::uint32_t end) const {
    std::size_t gop = gop_of(end - 1);
    const std::size_t first = gop_of(frame);
    const auto bytes_to = [&](std::size_t packet) { return bytes_before_[packet] - bytes_before_[gops_[first].first_packet]; };
    if (gop == first || bytes_to(input_.frame_packets[end - 1] + 1) <= kJobBytesTarget) return end;
    while (gop > first + 1 && bytes_to(gops_[gop].first_packet) > kJobBytesTarget) --gop;
    return gops_[gop].first_frame;
  }

  /// As many whole GOPs as a chunk has room for; a longer GOP in equal parts. A chunk for all frames is one job, however large:
  /// the way out where keys are not what they say.
  std::vector<JobCut> cut_by_chunk() const {
    const std::uint32_t chunk = options_.chunk_frames;
    if (chunk >= frames_) return {make_job(0, frames_)};
    std::vector<JobCut> jobs;
    for (std::uint32_t frame = 0; frame < frames_; frame = jobs.back().end_frame) {
      const std::size_t gop = gop_of(frame);
      const auto begin_of = [&](std::size_t index) { return index < gops_.size() ? gops_[index].first_frame : frames_; };
      std::size_t next = gop + 1;
      std::uint32_t end = begin_of(next);
      if (end - frame > chunk) {
        const std::uint32_t parts = (end - frame - 1) / chunk + 1;
        end = frame + (end - frame - 1) / parts + 1;
      } else {
        while (next < gops_.size() && begin_of(next + 1) - frame <= chunk) end = begin_of(++next);
      }
      jobs.push_back(make_job(frame, fitting(frame, end)));
    }
    return jobs;
  }

  /// `end`, or behind the packets after it that show no picture: the second field of the last one may be there.
  std::uint32_t with_hidden(std::uint32_t end) const {
    while (end < input_.pts.size() && input_.pts[end] == kFirst && (input_.flags[end] & CutInput::kKey) == 0) ++end;
    return end;
  }

  /// Fills in what follows from the ranges of frames.
  void complete(std::vector<JobCut>& jobs) const {
    for (std::size_t j = 0; j < jobs.size(); ++j) {
      JobCut& job = jobs[j];
      const JobCut* next = j + 1 < jobs.size() ? &jobs[j + 1] : nullptr;
      job.own_begin = j == 0 ? kFirst : jobs[j - 1].own_end;
      job.own_end = next == nullptr ? kLast : input_.pts[input_.frame_packets[next->first_frame]];
      if (j > 0) job.end_packet = std::max(job.end_packet, jobs[j - 1].end_packet);
      for (std::uint32_t frame = job.first_frame; frame < job.end_frame; ++frame) {
        job.end_packet = std::max(job.end_packet, with_hidden(input_.frame_packets[frame] + 1));
      }
      if (next == nullptr || next->first_packet == job.first_packet) continue;
      // Without a gap, so that the packets are read from front to back once; there is one only where an edit list hides
      // pictures.
      // A job that goes on into the next GOP and ends there shares that GOP with the next one, and no seam.
      job.has_seam = options_.has_seams && input_.frame_packets[next->first_frame] == next->first_packet;
      job.end_packet = std::max(job.end_packet, job.has_seam ? with_hidden(next->first_packet + 1) : next->first_packet);
    }
  }

  const CutInput& input_;
  const CutOptions& options_;
  const std::uint32_t frames_;
  const std::vector<Gop> gops_;
  const double key_cost_;
  std::vector<std::uint64_t> bytes_before_;  ///< Of the packets before each packet.
};

}  // namespace

std::vector<JobCut> plan_cuts(const CutInput& input, const CutOptions& options) {
  SHEAF_CHECK(!input.frame_packets.empty());
  SHEAF_CHECK(input.pts.size() == input.sizes.size() && input.pts.size() == input.flags.size());
  return Planner(input, options).plan();
}

}  // namespace sheaf::stage
