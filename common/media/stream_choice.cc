#include <algorithm>
#include <cstring>

#include "common/base/check.h"
#include "common/media/muxer.h"

namespace sheaf::media {

namespace {

// Those that keep the time of every frame: exactly, or in whole milliseconds.
constexpr const char* kContainers[] = {"mov", "mp4", "ipod", "matroska", "webm"};
constexpr const char* kChoices = "use .mp4, .mov, .m4v, .mkv or .webm";

std::string extension_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? std::string() : name.substr(dot + 1);
}

/// Streams that say something about the input's container rather than to a viewer. The output's container says it its own way:
/// chapters and the time code are copied as such.
bool only_describes_container(const AVStream& stream) {
  const AVCodecParameters& parameters = *stream.codecpar;
  if ((stream.disposition & AV_DISPOSITION_TIMED_THUMBNAILS) != 0) return true;
  if (parameters.codec_tag == MKTAG('t', 'm', 'c', 'd')) return true;
  if (parameters.codec_type != AVMEDIA_TYPE_DATA && parameters.codec_type != AVMEDIA_TYPE_UNKNOWN) return false;
  return parameters.codec_id == AV_CODEC_ID_NONE || parameters.codec_id == AV_CODEC_ID_BIN_DATA;
}

/// Whether the container takes the stream: it is tried, for the container's own list of codecs is neither complete nor true.
bool carries(const AVOutputFormat& container, const AVCodecParameters& parameters, AVRational time_base) {
  OutputFile nowhere;
  AVFormatContext* format = nullptr;
  SHEAF_CHECK(avformat_alloc_output_context2(&format, &container, nullptr, nullptr) >= 0);
  format->pb = nowhere.io();
  format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  AVStream* stream = avformat_new_stream(format, nullptr);
  SHEAF_CHECK(stream != nullptr && avcodec_parameters_copy(stream->codecpar, &parameters) >= 0);
  stream->codecpar->codec_tag = 0;
  stream->time_base = time_base;
  const bool is_taken = avformat_write_header(format, nullptr) >= 0;
  avformat_free_context(format);
  return is_taken;
}

std::string describe_left_out(const AVStream& stream) {
  std::string kind = "it only describes the input's container";
  if (stream.codecpar->codec_tag == MKTAG('t', 'm', 'c', 'd')) kind = "a time code track, kept as metadata";
  if (stream.codecpar->codec_tag == MKTAG('t', 'e', 'x', 't')) kind = "the track of the chapters, which are kept";
  return stream_name(stream) + " is left out: " + kind;
}

}  // namespace

Result<const AVOutputFormat*> container_for(const std::string& path) {
  const std::string extension = extension_of(path);
  if (extension.empty()) return fail(ErrorCode::kOutput, "the name has no extension to tell the container by", path, kChoices);
  const AVOutputFormat* container = av_guess_format(nullptr, ("x." + extension).c_str(), nullptr);
  if (container == nullptr) return fail(ErrorCode::kOutput, "no container is known for ." + extension, path, kChoices);
  for (const char* name : kContainers) {
    if (std::strcmp(container->name, name) == 0) return container;
  }
  return fail(ErrorCode::kOutput, "." + extension + " does not keep the time of every frame", path, kChoices);
}

namespace {

/// The parameters of a stream as the output shall have it.
CodecParametersPtr output_parameters(const AVStream& stream, const AVCodecContext* video_encoder) {
  CodecParametersPtr parameters(avcodec_parameters_alloc());
  SHEAF_CHECK(parameters != nullptr);
  SHEAF_CHECK((video_encoder != nullptr ? avcodec_parameters_from_context(parameters.get(), video_encoder)
                                        : avcodec_parameters_copy(parameters.get(), stream.codecpar)) >= 0);
  return parameters;
}

/// The extensions of the containers that carry all these streams: "use .mkv". Empty if none does.
std::string advise_container(const Input& input, const std::vector<int>& streams, const AVCodecContext& video_encoder) {
  std::string advice;
  for (const char* extension : {"mkv", "mov", "mp4"}) {
    const AVOutputFormat* container = av_guess_format(nullptr, (std::string("x.") + extension).c_str(), nullptr);
    const bool carries_all = std::all_of(streams.begin(), streams.end(), [&](int i) {
      const AVStream& stream = *input.format().streams[i];
      const auto parameters = output_parameters(stream, i == input.video_index() ? &video_encoder : nullptr);
      return carries(*container, *parameters, stream.time_base);
    });
    if (carries_all) advice += (advice.empty() ? "use ." : " or .") + std::string(extension);
  }
  return advice;
}

}  // namespace

Result<StreamChoice> choose_streams(const Input& input, const AVOutputFormat& container, const AVCodecContext& video_encoder) {
  StreamChoice choice;
  std::string refused;
  for (unsigned i = 0; i < input.format().nb_streams; ++i) {
    const AVStream& stream = *input.format().streams[i];
    const bool is_video = static_cast<int>(i) == input.video_index();
    if (!is_video && only_describes_container(stream)) {
      choice.notes.push_back(describe_left_out(stream));
      continue;
    }
    if ((stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0 && std::strcmp(container.name, "mov") == 0) {
      choice.notes.push_back(stream_name(stream) + " is left out: mov has no place for a cover picture, .mkv and .mp4 have");
      continue;
    }
    const auto parameters = output_parameters(stream, is_video ? &video_encoder : nullptr);
    if (!carries(container, *parameters, stream.time_base)) {
      const std::string name =
          is_video ? std::string("the video as ") + avcodec_get_name(parameters->codec_id) : stream_name(stream);
      refused += (refused.empty() ? "" : ", ") + name;
    }
    choice.kept.push_back(static_cast<int>(i));
  }
  if (!refused.empty()) {
    return fail(ErrorCode::kOutput, std::string(container.name) + " cannot carry " + refused, {},
                advise_container(input, choice.kept, video_encoder));
  }
  return choice;
}

}  // namespace sheaf::media
