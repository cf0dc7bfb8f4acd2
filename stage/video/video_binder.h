#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/media/input.h"
#include "common/media/muxer.h"
#include "common/media/packet_index.h"
#include "common/runtime/blob.h"
#include "sheaf/v1/video.pb.h"
#include "stage/video/cut_plan.h"

namespace sheaf::stage {

/// The decode time of packet `i` (in decode order, over the whole video) of an encoder that runs `delay` frames ahead, for
/// frames with the ascending times of `index`: the times themselves, `delay` frames later. So decode times are unique and grow
/// whatever the distances of frames, which an encoder's own are not across joins. Never above the packet's pts if `delay` is
/// the encoder's.
std::int64_t decode_time(const media::PacketIndex& index, std::uint32_t i, std::uint32_t delay);

/// Binds the results of jobs, in their order, into one output: checks them against the index, gives the packets their durations
/// and decode times, and writes them among the packets of the other streams, which it reads in step from the input.
class VideoBinder {
 public:
  struct Settings {
    std::shared_ptr<const media::InputFile> input;
    std::string extradata;    ///< What every result's must be equal to.
    std::uint32_t delay = 0;  ///< And their encoder_delay.
    AVRational time_base{0, 1};
    bool has_others = false;  ///< Whether there are other streams to copy.
  };

  /// `index` must outlive it.
  VideoBinder(Settings settings, const media::PacketIndex& index, std::unique_ptr<media::Muxer> muxer);

  /// Binds the result of `job`, the next in order. Errors: kInput when frames are missing from it or the seam to the job before
  /// does not fit; kOutput when it cannot be written; kFailed for a result that is not what a worker of this version gives.
  /// `measures`: what the attempt took, for the report.
  Status bind(const JobCut& job, const Blob& result, const v1::VideoMeasures& measures);

  /// Writes what is left of the other streams and completes the file. All jobs must be bound (checked). Errors: kInput,
  /// kOutput.
  Status finish();

  /// What the output must contain, in its own counting of time.
  const media::Muxer& muxer() const { return *muxer_; }

  /// Times and CPU of all results so far, frames, bytes.
  v1::VideoReport report() const;

 private:
  Status check_result(const JobCut& job, const v1::VideoResult& table) const;
  Status check_seam(const JobCut& job, const v1::VideoResult& table);
  Status write_packets(const JobCut& job, const v1::VideoResult& table, const Blob& result);
  Status write_others_until(std::optional<std::int64_t> dts);
  std::string place(std::int64_t pts) const;

  Settings settings_;
  const media::PacketIndex& index_;
  std::unique_ptr<media::Muxer> muxer_;
  std::optional<media::Input> others_;
  media::PacketPtr other_;  ///< Read and not yet written, if has_other_.
  bool has_other_ = false;
  std::uint32_t bound_frames_ = 0;
  std::string seam_digest_;  ///< What the job before saw at the first frame of the next one; empty: nothing.
  std::map<std::string, std::uint64_t> part_nanoseconds_;
  std::uint64_t cpu_nanoseconds_ = 0;
};

}  // namespace sheaf::stage
