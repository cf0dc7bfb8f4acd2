#include "stage/video/video_verify.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

extern "C" {
#include <libavutil/mathematics.h>
}

namespace sheaf::stage {

namespace {

/// A verdict on the file that was written.
class Verifier {
 public:
  Verifier(const std::string& path, std::shared_ptr<const media::InputFile> file, const media::Muxer& muxer)
      : path_(path), file_(std::move(file)), muxer_(muxer) {}

  /// Errors: kOutput.
  Status check(const media::PacketIndex& index);
  std::vector<std::string> take_notes() { return std::move(notes_); }

 private:
  /// What was read back of a stream: its packets' times, for those with a duration also that, and all their bytes.
  struct Found {
    std::vector<std::int64_t> pts;
    std::vector<std::int64_t> durations;
    std::uint64_t bytes = 0;
  };

  Status check_video(std::vector<std::int64_t> times, const media::PacketIndex& index) const;
  Status check_stream(const media::Muxer::Copied& wanted, const Found& found, const AVStream& stream);
  tl::unexpected<Error> mismatch(std::string what) const {
    return fail(ErrorCode::kOutput, "the container does not keep " + std::move(what), path_,
                std::string(muxer_.container().name) == "mov" ? "" : "use .mov: it keeps times exactly");
  }

  const std::string& path_;
  const std::shared_ptr<const media::InputFile> file_;
  const media::Muxer& muxer_;
  std::vector<std::string> notes_;
};

Status Verifier::check(const media::PacketIndex& index) {
  auto input = media::Input::open(file_, media::Input::Purpose::kAll);
  if (!input) return mismatch("all streams: it cannot be read back (" + input.error().what + ")");
  // Only the times, and only until they are compared: a second index would double the stage's memory.
  std::vector<std::int64_t> times;
  times.reserve(index.frames());
  std::vector<Found> found(input->format().nb_streams);
  const media::PacketPtr packet = media::make_packet();
  for (;;) {
    auto more = input->read(*packet);
    if (!more) return propagate(more);
    if (!*more) break;
    if (packet->stream_index == input->video_index()) {
      if ((packet->flags & AV_PKT_FLAG_DISCARD) == 0)
        times.push_back(av_rescale_q(packet->pts, input->video().time_base, muxer_.video_time_base()));
      continue;
    }
    Found& stream = found[static_cast<std::size_t>(packet->stream_index)];
    stream.pts.push_back(packet->pts);
    const AVStream& info = *input->format().streams[packet->stream_index];
    if (info.codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE) stream.durations.push_back(packet->duration);
    stream.bytes += static_cast<std::uint64_t>(packet->size);
  }
  if (Status status = check_video(std::move(times), index); !status) return status;
  for (const media::Muxer::Copied& wanted : muxer_.copied()) {
    const auto i = static_cast<std::size_t>(wanted.output);
    if (i >= found.size()) return mismatch("stream " + std::to_string(wanted.input));
    if (Status status = check_stream(wanted, found[i], *input->format().streams[i]); !status) return status;
  }
  return {};
}

Status Verifier::check_video(std::vector<std::int64_t> times, const media::PacketIndex& index) const {
  if (times.size() != index.frames()) {
    return mismatch("all frames: " + std::to_string(times.size()) + " of " + std::to_string(index.frames()) + " are in it");
  }
  std::sort(times.begin(), times.end());
  for (std::uint32_t frame = 0; frame < index.frames(); ++frame) {
    if (times[frame] != muxer_.video_time(index.frame_pts(frame))) {
      return mismatch("all frames: frame " + std::to_string(frame) + " is at another time");
    }
  }
  return {};
}

Status Verifier::check_stream(const media::Muxer::Copied& wanted, const Found& found, const AVStream& stream) {
  const std::string name = media::stream_name(stream);
  if (wanted.moved > 0) {
    notes_.push_back(std::to_string(wanted.moved) + " packets of " + name +
                     " are later than they were: its times run backwards");
  }
  // Sound that is not compressed has no packets of its own, and a Blu-ray subtitle has one a segment: a container cuts them as
  // it likes.
  const AVCodecID codec = stream.codecpar->codec_id;
  const bool is_plain_sound = av_get_bits_per_sample(codec) > 0 && stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
  if (is_plain_sound || codec == AV_CODEC_ID_HDMV_PGS_SUBTITLE) {
    if (found.bytes == wanted.bytes) return {};
    return mismatch("all of " + name + ": " + std::to_string(found.bytes) + " of " + std::to_string(wanted.bytes) +
                    " bytes are in it");
  }
  // A millisecond, which nobody hears, or what the container can count if that is more.
  const std::int64_t tolerance = std::max<std::int64_t>(1, av_rescale_q(1, {1, 1000}, wanted.time_base));
  const auto differ = [&](std::int64_t read, std::int64_t written) {
    return read != AV_NOPTS_VALUE && written != AV_NOPTS_VALUE &&
           std::abs(av_rescale_q(read, stream.time_base, wanted.time_base) - written) > tolerance;
  };
  // A recording's sound may begin with the end of a packet, which mov does not take; nothing could play it.
  const bool lacks_first = stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO && found.pts.size() + 1 == wanted.pts.size() &&
                           wanted.pts.size() > 1 && differ(found.pts[0], wanted.pts[0]);
  const std::size_t skipped = lacks_first ? 1 : 0;
  if (found.pts.size() + skipped != wanted.pts.size()) {
    return mismatch("all of " + name + ": " + std::to_string(found.pts.size()) + " of " + std::to_string(wanted.pts.size()) +
                    " packets are in it");
  }
  for (std::size_t i = 0; i < found.pts.size(); ++i) {
    if (differ(found.pts[i], wanted.pts[i + skipped])) {
      return mismatch("the times of " + name + ": packet " + std::to_string(i) + " is at another time");
    }
    if (i < wanted.durations.size() && i < found.durations.size() && wanted.durations[i] > 0 &&
        differ(found.durations[i], wanted.durations[i])) {
      return mismatch("the times of " + name + ": packet " + std::to_string(i) + " has another duration");
    }
  }
  if (lacks_first)
    notes_.push_back("the first packet of " + name + " is left out: " + muxer_.container().name + " does not take it");
  return {};
}

}  // namespace

Result<std::vector<std::string>> verify_output(const std::string& path, const media::PacketIndex& index,
                                               const media::Muxer& muxer) {
  auto file = media::InputFile::open(path);
  if (!file) return propagate(file);
  Verifier verifier(path, std::move(*file), muxer);
  if (Status status = verifier.check(index); !status) return propagate(status);
  return verifier.take_notes();
}

}  // namespace sheaf::stage
