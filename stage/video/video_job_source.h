#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/media/input.h"
#include "common/media/packet_index.h"
#include "common/runtime/blob.h"
#include "sheaf/v1/video.pb.h"
#include "stage/video/cut_plan.h"

namespace sheaf::stage {

/// Makes the payloads of a video's jobs, in their order, in one further pass over the input.
///
/// It keeps the packets from the first one of the current job to the last one read, in a blob: few of them in memory, the many
/// of a long GOP that several jobs share in a file.
class VideoJobSource {
 public:
  /// `index` must outlive it. Large payloads go to files in `scratch`.
  VideoJobSource(std::shared_ptr<const media::InputFile> input, const media::PacketIndex& index, std::string scratch);

  /// The payload of `job`; `next` is the job after it, or nullptr. Jobs come in their order, each once. Errors: kInput when the
  /// file is no longer what it was when the index was built; kFailed when the scratch directory is full.
  Result<Blob> payload(const JobCut& job, const JobCut* next);

 private:
  /// What is in the blob: the packets [first, end), one after the other.
  struct Window {
    std::uint32_t first = 0;
    std::uint32_t end = 0;
    Blob bytes;
    /// Side data of these packets, their `packet` counted from 0 for the first packet of the video.
    std::vector<v1::PacketSideData> side_data;
  };

  Status read_until(std::uint32_t end);
  Result<Window> tail_from(std::uint32_t first) const;
  v1::VideoJob table(const JobCut& job) const;

  std::shared_ptr<const media::InputFile> file_;
  const media::PacketIndex& index_;
  std::string scratch_;
  std::optional<media::Input> input_;
  media::PacketPtr packet_;
  Window window_;
  /// The extradata that a packet before the window has brought, and which its first packet needs; empty: the stream's own.
  std::string extradata_;
};

/// Appends `size` bytes of `from`, from `offset`, to `to`, a piece at a time. Errors: as Blob.
Status copy_bytes(const Blob& from, std::uint64_t offset, std::uint64_t size, Blob& to);

}  // namespace sheaf::stage
