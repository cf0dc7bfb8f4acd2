#include "common/media/input.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

#include "common/base/check.h"

namespace sheaf::media {

namespace {

// The containers that libavformat may recognise. Left out are those that open other files (playlists, image sequences) or
// devices. Audio containers are in the list so that their files are called by their name: "has no video".
constexpr const char* kContainers =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,ogg,asf,nut,ivf,mxf,wtv,rm,gif,apng,y4m,"
    "yuv4mpegpipe,dv,gxf,h264,hevc,m4v,vc1,obu,av1,aac,ac3,eac3,aiff,amr,ape,au,caf,dts,flac,mp3,tta,w64,wav,wv";

constexpr const char* kAdvice = "use a video file: .mp4, .mov, .mkv, .webm, .avi, .ts, .mpg";

constexpr AVRational kMicrosecond{1, AV_TIME_BASE};

/// How much earlier than announced a file may end. What is announced is often rounded, or counts from another start.
constexpr std::int64_t kShortMicroseconds = 500'000;

/// Decode times that go back by this much are those of another clock; by less, of a careless muxer.
constexpr std::int64_t kJumpMicroseconds = 250'000;

std::string seconds_text(std::int64_t microseconds) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2f s", static_cast<double>(microseconds) / 1e6);
  return text;
}

bool is_attached_picture(const AVStream& stream) {
  return (stream.disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)) != 0;
}

}  // namespace

std::string stream_name(const AVStream& stream) {
  const char* type = av_get_media_type_string(stream.codecpar->codec_type);
  std::string codec = avcodec_get_name(stream.codecpar->codec_id);
  if (stream.codecpar->codec_id == AV_CODEC_ID_NONE) codec = "unknown";
  return "stream " + std::to_string(stream.index) + " (" + codec + " " + (type != nullptr ? type : "stream") + ")";
}

Result<Input> Input::open(std::shared_ptr<const InputFile> file, Purpose purpose) {
  Input input(std::move(file), purpose);
  if (Status status = input.open_format(); !status) return propagate(status);
  if (Status status = input.choose_video(); !status) return propagate(status);

  AVFormatContext* const format = input.format_.get();
  const bool for_video = purpose != Purpose::kOthers;
  if (for_video && PackedVops::is_packed(*input.video().codecpar)) {
    auto packed = PackedVops::open(input.video());
    if (!packed) return propagate(packed);
    input.packed_ = std::move(*packed);
  }
  input.streams_ = format->nb_streams;
  for (unsigned i = 0; i < format->nb_streams; ++i) {
    const bool wanted = (static_cast<int>(i) == input.video_) == for_video;
    if (!wanted && purpose != Purpose::kIndex && purpose != Purpose::kAll) format->streams[i]->discard = AVDISCARD_ALL;
  }
  return input;
}

Status Input::open_format() {
  const ReadLog::Listening listening(log_);
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "file", 0);
  av_dict_set(&options, "format_whitelist", kContainers, 0);
  AVFormatContext* raw = avformat_alloc_context();
  SHEAF_CHECK(raw != nullptr);
  raw->pb = reader_.get();
  // "file:" keeps a name like "http:x.mp4" from being taken for an address.
  const int opened = avformat_open_input(&raw, ("file:" + path()).c_str(), nullptr, &options);
  av_dict_free(&options);
  if (opened < 0) {
    if (opened == AVERROR(EIO)) return fail(ErrorCode::kInput, "cannot be read: " + av_error_text(opened), path());
    return fail(ErrorCode::kInput, "not a video: no known container is in it, or its head is damaged", path(), kAdvice);
  }
  format_.reset(raw);
  if (const int found = avformat_find_stream_info(raw, nullptr); found < 0) {
    return fail(ErrorCode::kInput, "its streams cannot be read: " + av_error_text(found), path(), kAdvice);
  }
  return {};
}

Status Input::choose_video() {
  bool has_audio = false;
  bool has_picture = false;
  for (unsigned i = 0; i < format_->nb_streams && video_ < 0; ++i) {
    const AVStream& stream = *format_->streams[i];
    has_audio |= stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    if (stream.codecpar->codec_type != AVMEDIA_TYPE_VIDEO) continue;
    if (is_attached_picture(stream)) {
      has_picture = true;
    } else {
      video_ = static_cast<int>(i);
    }
  }
  if (video_ < 0) {
    const char* what = has_audio     ? "has no video, only audio"
                       : has_picture ? "has no video, only a cover picture"
                                     : "not a video: it has no video stream";
    return fail(ErrorCode::kInput, what, path(), kAdvice);
  }
  const AVCodecParameters& parameters = *video().codecpar;
  if (avcodec_find_decoder(parameters.codec_id) == nullptr) {
    const std::string codec =
        parameters.codec_id == AV_CODEC_ID_NONE ? "an unknown codec" : avcodec_get_name(parameters.codec_id);
    return fail(ErrorCode::kInput, "there is no decoder for its video (" + codec + ")", path());
  }
  if (parameters.width <= 0 || parameters.height <= 0 || parameters.format < 0) {
    return fail(ErrorCode::kInput, "the size or pixel format of its video cannot be found out: is the file complete?", path());
  }
  if (static_cast<std::int64_t>(parameters.width) * parameters.height > kPixelsMax) {
    return fail(ErrorCode::kInput,
                "its pictures are too large: " + std::to_string(parameters.width) + "x" + std::to_string(parameters.height) +
                    " pixels, at most " + std::to_string(kPixelsMax),
                path());
  }
  return {};
}

Result<bool> Input::read(AVPacket& packet) {
  if (packed_ == nullptr) return read_from_file(packet);
  for (bool has_ended = false;;) {
    av_packet_unref(&packet);
    if (packed_->receive(packet)) return true;
    if (has_ended) return false;
    auto more = read_from_file(packet);
    if (!more) return more;
    has_ended = !*more;
    if (Status status = packed_->send(*more ? &packet : nullptr); !status) {
      status.error().where = path();
      return propagate(status);
    }
  }
}

Result<bool> Input::read_from_file(AVPacket& packet) {
  const ReadLog::Listening listening(log_);
  for (;;) {
    av_packet_unref(&packet);
    const int result = av_read_frame(format_.get(), &packet);
    if (!log_.complaint().empty()) note_break(log_.complaint());
    if (result == AVERROR_EOF) return false;
    if (result == AVERROR(EAGAIN)) continue;
    if (result < 0) return fail(ErrorCode::kInput, "cannot be read on: " + av_error_text(result), path());
    if (packet.stream_index >= static_cast<int>(streams_)) continue;
    look_at(packet);
    if (purpose_ == Purpose::kAll || (packet.stream_index == video_) == (purpose_ != Purpose::kOthers)) return true;
  }
}

void Input::look_at(const AVPacket& packet) {
  if ((packet.flags & AV_PKT_FLAG_CORRUPT) != 0) {
    note_break("a packet of " + stream_name(*format_->streams[packet.stream_index]) + " is not whole");
  }
  note_jump(packet);
  const std::int64_t time = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
  if (time == AV_NOPTS_VALUE) return;
  const AVRational time_base = format_->streams[packet.stream_index]->time_base;
  const std::int64_t begin = av_rescale_q(time, time_base, kMicrosecond);
  const std::int64_t end = av_rescale_q(time + packet.duration, time_base, kMicrosecond);
  begin_ = has_times_ ? std::min(begin_, begin) : begin;
  end_ = has_times_ ? std::max(end_, end) : end;
  has_times_ = true;
  if (packet.stream_index != video_ && (packet.flags & AV_PKT_FLAG_DISCARD) == 0) {
    earliest_of_others_ = std::min(earliest_of_others_, begin);
  }
}

void Input::note_break(std::string what) {
  if (!break_) break_ = Break{avio_tell(format_->pb), std::move(what)};
}

void Input::note_jump(const AVPacket& packet) {
  if ((format_->iformat->flags & AVFMT_TS_DISCONT) == 0 || packet.dts == AV_NOPTS_VALUE) return;
  last_dts_.resize(streams_, AV_NOPTS_VALUE);
  const AVStream& stream = *format_->streams[packet.stream_index];
  const std::int64_t last = std::exchange(last_dts_[static_cast<std::size_t>(packet.stream_index)], packet.dts);
  if (jump_ || last == AV_NOPTS_VALUE) return;
  const std::int64_t from = av_rescale_q(last, stream.time_base, kMicrosecond);
  const std::int64_t to = av_rescale_q(packet.dts, stream.time_base, kMicrosecond);
  if (from - to < kJumpMicroseconds) return;
  jump_ = Break{avio_tell(format_->pb),
                "the clock of " + stream_name(stream) + " jumps back from " + seconds_text(from) + " to " + seconds_text(to)};
}

std::int64_t Input::announced_duration() const {
  // In mov every sample is announced by itself, and edit lists play with the duration; an AVI of which nobody wrote the head to
  // its end announces anything. Durations that are not from the head of the file are found by looking at what is there.
  const std::string_view name = format_->iformat->name;
  const bool means_it = !name.starts_with("mov,") && name != "avi";
  return means_it && format_->duration_estimation_method == AVFMT_DURATION_FROM_STREAM ? format_->duration : AV_NOPTS_VALUE;
}

std::vector<std::string> Input::late_streams() const {
  std::vector<std::string> names;
  for (unsigned i = streams_; i < format_->nb_streams; ++i) names.push_back(stream_name(*format_->streams[i]));
  return names;
}

Status Input::check_complete() const {
  SHEAF_CHECK(purpose_ == Purpose::kIndex);
  if (jump_) {  // What is missing there, by the counters, is then no loss but another recording.
    return fail(ErrorCode::kInput,
                jump_->what + " near byte " + std::to_string(jump_->offset) + ": are these recordings one after the other?",
                path(), "process each by itself");
  }
  const std::int64_t announced = announced_duration();
  const std::int64_t there = has_times_ ? end_ - begin_ : 0;
  // Some count it from 0, wherever the first packet is.
  const bool is_short = announced != AV_NOPTS_VALUE && announced - std::max(there, end_) > kShortMicroseconds;
  std::optional<Break> found = find_break(*file_, format_->iformat->name);
  if (!found) found = break_;
  if (!found && !is_short) return {};

  std::string what = "the file is damaged or incomplete: " + seconds_text(there) + " of it can be read";
  if (announced != AV_NOPTS_VALUE) what += ", " + seconds_text(announced) + " were announced";
  if (found) what += "; it breaks near byte " + std::to_string(found->offset) + " (" + found->what + ")";
  return fail(ErrorCode::kInput, std::move(what), path(), "copy it once more from where it came from");
}

}  // namespace sheaf::media
