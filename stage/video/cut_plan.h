#pragma once

/// Where a video is cut into jobs: pure, from columns of its index and the command alone, so that a stage that starts again, or
/// runs on another cluster, cuts alike. The rule stands in docs/ARCHITECTURE.md, "Video", its reasons in
/// docs/decisions/cuts.md; tests/unit/video_exact_test.cc holds it bit for bit, on closed and open GOPs.

#include <cstdint>
#include <span>
#include <vector>

namespace sheaf::stage {

/// What the planner sees of the video: columns with one value a packet, in decode order, and the packets of the frames in the
/// order of their (different) times. A packet that is marked to be discarded belongs to no frame; it may have the time
/// INT64_MIN, if it never comes to be shown. All must outlive the call.
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
  /// After how many frames the encoder makes a key frame by itself; 1: every frame is one.
  std::uint32_t encoder_gop_frames = 250;
  /// Whether the packets of a job go on to the key that the next one starts at, so that both can digest that frame. Without use
  /// for codecs in which every picture stands alone.
  bool has_seams = true;
};

/// How the planner chooses when the user does not.
inline constexpr std::uint32_t kTargetFramesMin = 100;  ///< Shorter jobs cost the encoder too much time.
inline constexpr std::uint32_t kTargetFramesMax = 150;  ///< Longer ones are taken only where these cost too many bytes ...
inline constexpr std::uint32_t kFramesMax = 250;        ///< ... and beyond these nothing is saved.
inline constexpr std::uint32_t kTargetFramesLast = 50;  ///< Towards the end jobs may get fewer frames, but no fewer than these.
inline constexpr double kMoreBytesMax = 0.03;           ///< Of the output, for key frames that an unsplit one would not have.
inline constexpr double kRepeatedDecodeMax = 0.05;      ///< Of the run's estimated cost, for decoding packets more than once.
inline constexpr std::uint32_t kSlotsFed = 8;           ///< So many slots have work, bytes or not, when each gets ...
inline constexpr std::uint32_t kFramesForASlot = 100;   ///< ... at least so many frames.
/// Short GOPs are not merged beyond this many bytes of packets, unless --chunk has room for all frames.
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
  /// The next job's first frame is the key that it starts at, and this one's packets include it: it is the seam, with the pts
  /// own_end.
  bool has_seam = false;

  bool operator==(const JobCut&) const = default;
};

/// The jobs, in order: every frame is owned by exactly one, no job is without frames, first_packet and end_packet never go
/// back, and no job starts after the end of the one before. There must be at least one frame (checked).
std::vector<JobCut> plan_cuts(const CutInput& input, const CutOptions& options);

}  // namespace sheaf::stage
