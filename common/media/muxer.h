#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/media/decode_clock.h"
#include "common/media/input.h"
#include "common/media/output_file.h"

namespace sheaf::media {

/// The container that a file name asks for. Errors: kOutput for an extension that sheaf does not know, and for containers that
/// do not keep the time of each frame (AVI, MPEG); `where` is the path.
Result<const AVOutputFormat*> container_for(const std::string& path);

/// Which streams of the input go into the output, beside the video.
struct StreamChoice {
  std::vector<int> kept;           ///< Indices in the input, the video among them; the output has them in this order.
  std::vector<std::string> notes;  ///< A sentence for each stream that is left out.
};

/// Keeps every stream but those that only describe the input's container. Errors: kOutput, naming every stream that `container`
/// cannot carry, the new video in `video_codec` included.
Result<StreamChoice> choose_streams(const Input& input, const AVOutputFormat& container, const AVCodecContext& video_encoder);

/// Writes one output file: the new video, and the other streams' packets as they are. Metadata, chapters, dispositions and side
/// data come from the input; nothing of the time or place of writing goes into the file, so that equal packets give equal
/// bytes. Time stamps are kept as they are, not moved to start at zero, unless Settings::shift says so.
///
/// The caller gives packets in the order in which they shall stand in the file. Not thread-safe.
class Muxer {
 public:
  struct Settings {
    const AVOutputFormat* container = nullptr;
    std::string path;  ///< Created; must not exist. Empty: nothing is written, to see whether the container takes the streams.
    std::vector<int> streams;  ///< StreamChoice::kept.
    AVRational frame_rate{0, 1};
    AVRational aspect{0, 1};     ///< Of the output's samples.
    AVRational time_base{0, 1};  ///< Of the video packets that will come.
    std::int64_t shift = 0;      ///< All times, those of chapters too, become later by so many microseconds.
    bool starts_at_zero = true;  ///< Whether all streams do; else times are kept finer where the container rounds starts.
  };

  /// Writes the head. Errors: kOutput. `input` and `video_encoder` are only read during the call.
  static Result<std::unique_ptr<Muxer>> open(const Settings& settings, const Input& input, const AVCodecContext& video_encoder);
  ~Muxer();

  /// Writes a packet of the new video, pts, dts and duration in Settings::time_base. Its content is consumed. Errors: kOutput.
  Status write_video(AVPacket& packet);
  /// Writes a packet of another stream, time stamps in the time base that the stream has in the input. Time stamps that are
  /// missing or run backwards are filled as ffmpeg does. A packet of a stream that is not kept is dropped. Errors: kOutput.
  Status write_other(AVPacket& packet);

  /// Completes the file and makes it durable; the last call. Errors: kOutput.
  Status finish();

  /// Where a time of the video lies in the container's own counting.
  std::int64_t video_time(std::int64_t pts) const;
  AVRational video_time_base() const;
  std::uint64_t bytes() const { return file_.size(); }

  const AVOutputFormat& container() const { return *format_->oformat; }

  /// What the file must hold of a stream that is copied, as its packets went in: for whoever reads it back.
  struct Copied {
    int input = 0;                        ///< Stream of the input.
    int output = 0;                       ///< Stream of the output.
    AVRational time_base{0, 1};           ///< Of the output's stream; so are all times here.
    std::vector<std::int64_t> pts;        ///< Where the input had none, or they ran backwards: those that were made up.
    std::vector<std::int64_t> durations;  ///< Of subtitles alone; 0: unknown.
    std::uint64_t bytes = 0;              ///< Of all packets.
    std::size_t moved = 0;                ///< So many packets had to be moved, for their times ran backwards.
  };
  const std::vector<Copied>& copied() const { return copied_; }

 private:
  struct FormatDeleter {
    void operator()(AVFormatContext* format) const { avformat_free_context(format); }
  };
  /// What is known of one stream of the input.
  struct Track {
    int output = -1;          ///< Stream of the output; -1: left out.
    std::size_t copied = 0;   ///< Its place among those that are copied.
    std::int64_t hidden = 0;  ///< In the time base of the output: what readers take off.
    AVRational time_base{0, 1};
    std::int64_t shift = 0;                   ///< In that time base; added to all times.
    std::optional<DecodeClock> decode_clock;  ///< Of another video, whose container may lack decode times.
    std::int64_t next_dts = AV_NOPTS_VALUE;   ///< In the output's time base: where the last packet ends.
    std::int64_t last_dts = AV_NOPTS_VALUE;
  };

  Muxer() = default;
  Status add_streams(const Settings& settings, const Input& input, const AVCodecContext& video_encoder);
  Status write(AVPacket& packet, Track& track);

  OutputFile file_;
  std::unique_ptr<AVFormatContext, FormatDeleter> format_;
  std::vector<Track> tracks_;  ///< One a stream of the input.
  std::vector<Copied> copied_;
  int video_ = -1;  ///< Of the input.
  std::string where_;
};

}  // namespace sheaf::media
