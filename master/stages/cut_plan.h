#pragma once

/// Where a video is cut into jobs: pure, from columns of its index and the command alone, so that a stage that starts again, or
/// runs on another cluster, cuts alike. The rule stands in docs/ARCHITECTURE.md, "Video"; tests/unit/video_exact_test.cc holds
/// it bit for bit, on closed and open GOPs.

#include <cstdint>
#include <span>
#include <vector>

namespace sheaf::stages {

/// What the planner sees of the video: columns with one value a packet, in decode order, and the packets of the frames in the
/// order of their (different) times. A packet that is marked to be discarded belongs to no frame. All must outlive the call.
struct CutInput {
  static constexpr std::uint8_t kKey = 1;
  static constexpr std::uint8_t kDiscard = 2;

  std::span<const std::int64_t> pts;
  std::span<const std::uint32_t> sizes;
  std::span<const std::uint8_t> flags;
  std::span<const std::uint32_t> frame_packets;
};

struct CutOptions {
  /// At most so many frames a job, always; 0: the planner chooses.
  std::uint32_t chunk_frames = 0;
  /// What the work on one frame costs beside decoding it, which costs 1: the ops and the encoder.
  double frame_cost = 1;
  /// Whether the packets of a job go on to the key that the next one starts at, so that both can digest that frame. Without use
  /// for codecs in which every picture stands alone.
  bool has_seams = true;
};

/// How the planner chooses when the user does not.
inline constexpr std::uint32_t kTargetFrames = 125;     ///< About this many frames a job ...
inline constexpr std::uint32_t kTargetFramesLast = 50;  ///< ... getting fewer towards the end, but no fewer than these.
inline constexpr double kRepeatedDecodeMax = 0.05;      ///< Of the run's estimated cost, for decoding packets more than once.
/// Short GOPs are not merged beyond this many bytes of packets.
inline constexpr std::uint64_t kJobBytesTarget = 64ULL * 1024 * 1024;

/// One job: decode the packets [first_packet, end_packet) with a fresh decoder, keep the frames [first_frame, end_frame), which
/// are those with own_begin <= pts < own_end.
struct JobCut {
  std::uint32_t first_packet = 0;
  std::uint32_t end_packet = 0;
  std::uint32_t first_frame = 0;
  std::uint32_t end_frame = 0;
  std::int64_t own_begin = 0;  ///< INT64_MIN for the first job.
  std::int64_t own_end = 0;    ///< INT64_MAX for the last job.
  /// The next job starts at a key, and this one's packets include it: its frame is the seam, with the pts own_end.
  bool has_seam = false;

  bool operator==(const JobCut&) const = default;
};

/// The jobs, in order: every frame is owned by exactly one, no job is without frames, first_packet and end_packet never go
/// back, and no job starts after the end of the one before. There must be at least one frame (checked).
std::vector<JobCut> plan_cuts(const CutInput& input, const CutOptions& options);

}  // namespace sheaf::stages
