#include "common/media/muxer.h"

#include <algorithm>
#include <cstring>
#include <numeric>

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/mathematics.h>
#include <libavutil/mem.h>
}

#include "common/base/check.h"

namespace sheaf::media {

namespace {

Error write_error(int error, const std::string& where) {
  return {ErrorCode::kOutput, "cannot be written: " + av_error_text(error), where, {}};
}

constexpr AVRational kMicrosecond{1, AV_TIME_BASE};

/// What a Matroska file's reader takes off the times of a stream: the samples of Opus that only warm its decoder up.
/// libavformat writes how many there are, and leaves it to its caller to put them on. (video_verify.cc would notice if it did
/// no longer.)
std::int64_t taken_off_by_readers(const AVOutputFormat& container, const AVCodecParameters& parameters, AVRational time_base) {
  const bool is_matroska = std::strcmp(container.name, "matroska") == 0 || std::strcmp(container.name, "webm") == 0;
  if (!is_matroska || parameters.codec_id != AV_CODEC_ID_OPUS) return 0;
  return av_rescale_q(parameters.initial_padding, {1, 48000}, time_base);
}

/// Keys that describe the input's container or its encoding, which the output does not share.
bool describes_input(const char* key, bool is_new_video) {
  for (const char* name : {"major_brand", "minor_version", "compatible_brands"}) {
    if (std::strcmp(key, name) == 0) return true;
  }
  if (!is_new_video) return false;
  if (std::strcmp(key, "encoder") == 0 || std::strcmp(key, "vendor_id") == 0) return true;
  // Matroska's statistics tags: the size and the length of the old video.
  for (const char* prefix : {"BPS", "NUMBER_OF_", "_STATISTICS_", "DURATION"}) {
    if (std::strncmp(key, prefix, std::strlen(prefix)) == 0) return true;
  }
  return false;
}

void copy_metadata(const AVDictionary* from, bool is_new_video, AVDictionary** to) {
  const AVDictionaryEntry* entry = nullptr;
  while ((entry = av_dict_get(from, "", entry, AV_DICT_IGNORE_SUFFIX)) != nullptr) {
    if (!describes_input(entry->key, is_new_video)) av_dict_set(to, entry->key, entry->value, 0);
  }
}

void copy_chapters(const AVFormatContext& from, std::int64_t shift, AVFormatContext& to) {
  if (from.nb_chapters == 0) return;
  to.chapters = static_cast<AVChapter**>(av_calloc(from.nb_chapters, sizeof(AVChapter*)));
  SHEAF_CHECK(to.chapters != nullptr);
  for (unsigned i = 0; i < from.nb_chapters; ++i) {
    auto* chapter = static_cast<AVChapter*>(av_mallocz(sizeof(AVChapter)));
    SHEAF_CHECK(chapter != nullptr);
    chapter->id = from.chapters[i]->id;
    chapter->time_base = from.chapters[i]->time_base;
    const std::int64_t later = av_rescale_q(shift, kMicrosecond, chapter->time_base);
    chapter->start = from.chapters[i]->start + later;
    chapter->end = from.chapters[i]->end + later;
    av_dict_copy(&chapter->metadata, from.chapters[i]->metadata, 0);
    to.chapters[to.nb_chapters++] = chapter;
  }
}

void copy_side_data(const AVStream& from, bool is_new_video, AVStream& to) {
  for (int i = 0; i < from.nb_side_data; ++i) {
    const AVPacketSideData& side_data = from.side_data[i];
    // The rate control of the encoder that made the input.
    if (is_new_video && side_data.type == AV_PKT_DATA_CPB_PROPERTIES) continue;
    std::uint8_t* copy = av_stream_new_side_data(&to, side_data.type, side_data.size);
    SHEAF_CHECK(copy != nullptr);
    std::memcpy(copy, side_data.data, side_data.size);
  }
}

/// The tag may stay where it means the same codec in the output's container; else the muxer finds its own.
std::uint32_t tag_for(const AVOutputFormat& container, const AVCodecParameters& parameters) {
  unsigned other = 0;
  const bool keeps = container.codec_tag == nullptr ||
                     av_codec_get_id(container.codec_tag, parameters.codec_tag) == parameters.codec_id ||
                     av_codec_get_tag2(container.codec_tag, parameters.codec_id, &other) == 0;
  return keeps ? parameters.codec_tag : 0;
}

bool is_mov_like(const AVOutputFormat& container) {
  const std::string name = container.name;
  return name == "mov" || name == "mp4" || name == "ipod";
}

/// A movie's own time scale rounds where its tracks start: one that all of them divide keeps those exactly. 0: there is none.
std::int64_t common_time_scale(const AVFormatContext& format) {
  std::int64_t scale = 1;
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    scale = std::lcm(scale, static_cast<std::int64_t>(std::max(1, format.streams[i]->time_base.den)));
    if (scale > INT32_MAX) return format.streams[i]->time_base.den;
  }
  return scale;
}

void move(AVPacket& packet, std::int64_t later) {
  if (packet.pts != AV_NOPTS_VALUE) packet.pts += later;
  if (packet.dts != AV_NOPTS_VALUE) packet.dts += later;
}

}  // namespace

Result<std::unique_ptr<Muxer>> Muxer::open(const Settings& settings, const Input& input, const AVCodecContext& video_encoder) {
  std::unique_ptr<Muxer> muxer(new Muxer);
  muxer->where_ = settings.path;
  if (!settings.path.empty()) {
    if (Status status = muxer->file_.create(settings.path); !status) return propagate(status);
  }
  AVFormatContext* format = nullptr;
  SHEAF_CHECK(avformat_alloc_output_context2(&format, settings.container, nullptr, nullptr) >= 0);
  muxer->format_.reset(format);
  format->pb = muxer->file_.io();
  format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  format->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
  copy_metadata(input.format().metadata, false, &format->metadata);
  copy_chapters(input.format(), settings.shift, *format);
  if (Status status = muxer->add_streams(settings, input, video_encoder); !status) return propagate(status);

  AVDictionary* options = nullptr;
  if (is_mov_like(*settings.container) && !settings.starts_at_zero) {
    av_dict_set_int(&options, "movie_timescale", common_time_scale(*format), 0);
  }
  const int written = avformat_write_header(format, &options);
  av_dict_free(&options);
  if (written < 0) {
    if (Status status = muxer->file_.check(); !status) return propagate(status);
    return fail(
        ErrorCode::kOutput,
        std::string("the container ") + settings.container->name + " does not take these streams: " + av_error_text(written),
        settings.path);
  }
  for (Copied& copied : muxer->copied_) {
    const AVStream& stream = *format->streams[copied.output];
    copied.time_base = stream.time_base;
    muxer->tracks_[static_cast<std::size_t>(copied.input)].hidden =
        taken_off_by_readers(*settings.container, *stream.codecpar, stream.time_base);
  }
  return muxer;
}

Muxer::~Muxer() = default;

Status Muxer::add_streams(const Settings& settings, const Input& input, const AVCodecContext& video_encoder) {
  tracks_.resize(input.format().nb_streams);
  video_ = input.video_index();
  for (const int index : settings.streams) {
    const AVStream& from = *input.format().streams[index];
    AVStream* to = avformat_new_stream(format_.get(), nullptr);
    SHEAF_CHECK(to != nullptr);
    const bool is_new_video = index == video_;
    to->id = from.id;
    to->disposition = from.disposition;
    if (is_new_video) {
      SHEAF_CHECK(avcodec_parameters_from_context(to->codecpar, &video_encoder) >= 0);
      to->codecpar->codec_tag = 0;
      to->codecpar->sample_aspect_ratio = to->sample_aspect_ratio = settings.aspect;
      to->avg_frame_rate = to->r_frame_rate = settings.frame_rate;
      to->time_base = settings.time_base;
    } else {
      SHEAF_CHECK(avcodec_parameters_copy(to->codecpar, from.codecpar) >= 0);
      to->codecpar->codec_tag = tag_for(*settings.container, *from.codecpar);
      to->sample_aspect_ratio = from.sample_aspect_ratio;
      to->avg_frame_rate = from.avg_frame_rate;
      to->r_frame_rate = from.r_frame_rate;
      to->time_base = from.time_base;
      if ((from.disposition & AV_DISPOSITION_ATTACHED_PIC) == 0)
        to->duration = av_rescale_q(from.duration, from.time_base, to->time_base);
    }
    copy_metadata(from.metadata, is_new_video, &to->metadata);
    copy_side_data(from, is_new_video, *to);
    Track& track = tracks_[static_cast<std::size_t>(index)];
    track.output = to->index;
    track.time_base = to->time_base;
    if (!is_new_video && from.codecpar->codec_type == AVMEDIA_TYPE_VIDEO) {
      track.decode_clock.emplace(from.time_base, from.avg_frame_rate, from.codecpar->video_delay);
    }
    track.shift = av_rescale_q(settings.shift, kMicrosecond, track.time_base);
    if (is_new_video) continue;
    track.copied = copied_.size();
    copied_.push_back({index, to->index, {0, 1}, {}, {}, 0, 0});
  }
  return {};
}

Status Muxer::write_video(AVPacket& packet) {
  SHEAF_CHECK(packet.pts != AV_NOPTS_VALUE && packet.dts != AV_NOPTS_VALUE);
  Track& track = tracks_[static_cast<std::size_t>(video_)];
  move(packet, track.shift);
  av_packet_rescale_ts(&packet, track.time_base, video_time_base());
  return write(packet, track);
}

Status Muxer::write_other(AVPacket& packet) {
  SHEAF_CHECK(packet.stream_index >= 0);
  const auto index = static_cast<std::size_t>(packet.stream_index);
  if (index >= tracks_.size() || tracks_[index].output < 0) return {};
  Track& track = tracks_[index];
  const AVStream& stream = *format_->streams[track.output];
  if (track.decode_clock) {
    if (packet.pts == AV_NOPTS_VALUE && stream.codecpar->video_delay > 0) {
      return fail(ErrorCode::kInput,
                  "stream " + std::to_string(index) + ", another video, does not say which picture is shown when");
    }
    const std::int64_t dts = track.decode_clock->next(packet.dts);
    if (packet.dts == AV_NOPTS_VALUE) packet.dts = dts;
    track.decode_clock->advance(packet.duration);
  }
  move(packet, track.shift);
  av_packet_rescale_ts(&packet, track.time_base, stream.time_base);
  move(packet, track.hidden);
  const std::int64_t meant = packet.pts;
  if (packet.dts == AV_NOPTS_VALUE) packet.dts = packet.pts;
  if (packet.dts == AV_NOPTS_VALUE) packet.dts = track.next_dts == AV_NOPTS_VALUE ? 0 : track.next_dts;
  if (packet.pts == AV_NOPTS_VALUE) packet.pts = packet.dts;
  if (track.last_dts != AV_NOPTS_VALUE) {
    // Packets whose dts runs backwards are refused by the muxer. Moving them, as ffmpeg does, keeps them.
    const bool may_be_equal = (format_->oformat->flags & AVFMT_TS_NONSTRICT) != 0;
    packet.dts = std::max(packet.dts, track.last_dts + (may_be_equal ? 0 : 1));
    packet.pts = std::max(packet.pts, packet.dts);
  }
  Copied& copied = copied_[track.copied];
  if (meant != AV_NOPTS_VALUE && packet.pts != meant) copied.moved += 1;
  copied.pts.push_back(packet.pts - track.hidden);
  if (stream.codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE) copied.durations.push_back(packet.duration);
  copied.bytes += static_cast<std::uint64_t>(packet.size);
  const bool is_sound = stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
  // Without a duration mov would hide the last packet, behind the end of its track.
  if (is_sound && packet.duration <= 0 && track.last_dts != AV_NOPTS_VALUE) packet.duration = packet.dts - track.last_dts;
  track.next_dts = packet.dts + std::max<std::int64_t>(0, packet.duration);
  return write(packet, track);
}

Status Muxer::write(AVPacket& packet, Track& track) {
  packet.stream_index = track.output;
  packet.pos = -1;
  track.last_dts = packet.dts;
  const int result = av_write_frame(format_.get(), &packet);
  if (Status status = file_.check(); !status) return status;
  if (result < 0) return tl::unexpected(write_error(result, where_));
  return {};
}

Status Muxer::finish() {
  const int result = av_write_trailer(format_.get());
  if (Status status = file_.close(); !status) return status;
  if (result < 0) return tl::unexpected(write_error(result, where_));
  return {};
}

std::int64_t Muxer::video_time(std::int64_t pts) const {
  // As av_packet_rescale_ts() rounds.
  const Track& track = tracks_[static_cast<std::size_t>(video_)];
  return av_rescale_q(pts + track.shift, track.time_base, video_time_base());
}

AVRational Muxer::video_time_base() const {
  return format_->streams[tracks_[static_cast<std::size_t>(video_)].output]->time_base;
}

}  // namespace sheaf::media
