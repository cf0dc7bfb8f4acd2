#include "stage/video/video_plan.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include "common/media/stream_parameters.h"
#include "common/ops/catalogue.h"
#include "common/ops/geometry.h"

namespace sheaf::stage {
namespace {

const AVPixFmtDescriptor* describe(const std::string& pixel_format) {
  return av_pix_fmt_desc_get(av_get_pix_fmt(pixel_format.c_str()));
}

Status check_supported(const v1::StreamParameters& stream, const std::string& path) {
  const AVPixFmtDescriptor* format = describe(stream.pixel_format());
  if (format == nullptr) return fail(ErrorCode::kInput, "its pixel format is unknown", path);
  if (format->comp[0].depth > 8) {
    return fail(ErrorCode::kInput,
                "its frames have " + std::to_string(format->comp[0].depth) + " bits a sample (" + stream.pixel_format() +
                    "): only 8 are supported yet",
                path,
                "make an 8-bit copy first: ffmpeg -i INPUT -c:a copy -c:v ffv1 -pix_fmt " +
                    media::nearest_eight_bit_format(stream.pixel_format()) + " NEW.mkv");
  }
  return {};
}

}  // namespace

Result<VideoSetupPlan> plan_setup(const v1::VideoRequest& request, media::Input& input) {
  VideoSetupPlan plan;
  v1::StreamParameters& stream = *plan.setup.mutable_stream();
  stream = media::describe_stream(input.format(), input.video());
  if (Status status = check_supported(stream, input.path()); !status) return propagate(status);
  auto traits = media::find_encoder(request.codec());
  if (!traits) return propagate(traits);

  *plan.setup.mutable_ops() = request.ops();
  ops::Geometry geometry{stream.width(), stream.height(), stream.pixel_format()};
  const ops::Geometry source = geometry;
  plan.frame_cost = traits->cost;
  plan.encoder_gop_frames = traits->gop_frames;
  for (const auto& op : request.ops()) {
    plan.frame_cost += ops::find_op(op.name())->cost(op, geometry);
    auto out = ops::output_geometry(op, geometry);
    if (!out) return propagate(out);
    geometry = std::move(*out);
  }
  auto pixel_format = media::lossless_pixel_format(request.codec(), geometry.pixel_format);
  if (!pixel_format) return propagate(pixel_format);

  v1::EncoderSettings& encoder = *plan.setup.mutable_encoder();
  encoder.set_codec(request.codec());
  if (request.has_crf()) encoder.set_crf(request.crf());
  encoder.set_preset(request.preset());
  encoder.set_width(geometry.width);
  encoder.set_height(geometry.height);
  encoder.set_pixel_format(*pixel_format);
  *encoder.mutable_time_base() = stream.time_base();
  *encoder.mutable_frame_rate() = stream.frame_rate();
  *encoder.mutable_sample_aspect_ratio() = ops::output_aspect(stream.sample_aspect_ratio(), source, geometry);
  encoder.set_color_range(stream.color_range());
  encoder.set_color_primaries(stream.color_primaries());
  encoder.set_color_transfer(stream.color_transfer());
  encoder.set_color_space(stream.color_space());
  encoder.set_chroma_location(stream.chroma_location());
  const AVCodecDescriptor* codec = avcodec_descriptor_get(input.video().codecpar->codec_id);
  plan.has_seams = codec == nullptr || (codec->props & AV_CODEC_PROP_INTRA_ONLY) == 0;
  return plan;
}

std::vector<JobCut> plan_jobs(const media::PacketIndex& index, const VideoSetupPlan& setup, std::uint32_t chunk_frames) {
  static_assert(CutInput::kKey == media::PacketIndex::kKey && CutInput::kDiscard == media::PacketIndex::kDiscard);
  const CutInput input{index.pts(), index.sizes(), index.flags(), index.frame_packets()};
  return plan_cuts(input, {chunk_frames, setup.frame_cost, setup.encoder_gop_frames, setup.has_seams});
}

}  // namespace sheaf::stage
