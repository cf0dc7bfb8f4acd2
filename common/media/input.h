#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/media/av.h"
#include "common/media/input_file.h"
#include "common/media/packed_vops.h"
#include "common/media/read_log.h"
#include "common/media/unit_chain.h"

namespace sheaf::media {

/// Pictures beyond this are refused: a header of a few bytes must not make a worker allocate gigabytes.
inline constexpr std::int64_t kPixelsMax = 16384LL * 16384;

/// A media file that is open for reading, packet by packet from front to back, without decoding. Only files: an input that
/// would make libavformat open something else (playlists, URLs) is refused.
///
/// Movable, not thread-safe.
class Input {
 public:
  Input(Input&&) = default;
  Input& operator=(Input&&) = delete;  // Would close the reader before what reads through it.

  /// What the packets are read for.
  enum class Purpose {
    kIndex,   ///< As kVideo, but the whole file is looked at: see check_complete().
    kVideo,   ///< Only the chosen video stream.
    kOthers,  ///< Every stream but that one.
    kAll,     ///< All streams.
  };

  /// Reads `file` from its start and chooses the video stream: the first one that is not an attached picture. Errors: kInput,
  /// saying in words why the file cannot be used: not a video, only audio, no decoder for it, and the like.
  static Result<Input> open(std::shared_ptr<const InputFile> file, Purpose purpose);

  const std::string& path() const { return file_->path(); }
  const std::shared_ptr<const InputFile>& file() const { return file_; }
  AVFormatContext& format() const { return *format_; }
  AVStream& video() const { return *format_->streams[video_]; }
  int video_index() const { return video_; }

  /// The next packet of the streams that were asked for, its old content dropped; false at the end of the file. Packets of
  /// streams that only turn up after the head of the file was read are skipped. Errors: kInput when the file cannot be read on.
  Result<bool> read(AVPacket& packet);

  /// After the end, with Purpose::kIndex: whether everything is there that the file announced, nothing in it was jumped over,
  /// and its clock never jumped back. Errors: kInput, with how much is there, how much was announced, and where it breaks.
  Status check_complete() const;

  /// After the end, with Purpose::kIndex: the streams that only turned up after the head of the file was read. read() skips
  /// them.
  std::vector<std::string> late_streams() const;

  /// After the end, with Purpose::kIndex: the earliest time in microseconds of a packet that is to be heard or seen, of all
  /// streams but the video; INT64_MAX if there is none.
  std::int64_t earliest_of_others() const { return earliest_of_others_; }

 private:
  struct Closer {
    void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
  };

  Input(std::shared_ptr<const InputFile> file, Purpose purpose)
      : file_(std::move(file)), purpose_(purpose), reader_(make_input_reader(file_)) {}
  Status open_format();
  Status choose_video();
  Result<bool> read_from_file(AVPacket& packet);
  void look_at(const AVPacket& packet);
  void note_break(std::string what);
  void note_jump(const AVPacket& packet);
  std::int64_t announced_duration() const;

  std::shared_ptr<const InputFile> file_;
  Purpose purpose_;
  InputReaderPtr reader_;
  std::unique_ptr<AVFormatContext, Closer> format_;
  int video_ = -1;
  unsigned streams_ = 0;
  ReadLog log_;
  std::optional<Break> break_;          ///< The first that was noticed, and about where.
  std::optional<Break> jump_;           ///< Where a clock first jumps back, in containers in which it may.
  std::vector<std::int64_t> last_dts_;  ///< Of each stream.
  std::int64_t begin_ = 0;              ///< Of the earliest packet and of the latest one's end, in units of AV_TIME_BASE.
  std::int64_t end_ = 0;
  bool has_times_ = false;
  std::int64_t earliest_of_others_ = std::numeric_limits<std::int64_t>::max();
  std::unique_ptr<PackedVops> packed_;  ///< Between the file and read(), for the few files that need it.
};

/// "stream 2 (subrip subtitles)", for messages.
std::string stream_name(const AVStream& stream);

}  // namespace sheaf::media
