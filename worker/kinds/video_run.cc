#include "worker/kinds/video_run.h"

#include <malloc.h>

#include <ctime>
#include <vector>

#include "common/media/convert.h"
#include "common/media/decoder.h"
#include "common/media/encoder.h"
#include "common/media/payload.h"
#include "common/ops/geometry.h"
#include "worker/kinds/owned_frames.h"
#include "worker/kinds/part_times.h"
#include "worker/ops/op_factory.h"

namespace sheaf::worker {

namespace {

/// One op of one job, with its place in the report.
struct ChainLink {
  std::unique_ptr<FrameOp> op;
  std::size_t part = 0;
};

std::uint64_t thread_cpu_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

/// "ops/blur", and "ops/blur#2" for the second blur of a chain.
std::string part_name(const v1::VideoSetup& setup, int index) {
  int nth = 1;
  for (int i = 0; i < index; ++i) nth += setup.ops(i).name() == setup.ops(index).name() ? 1 : 0;
  return "ops/" + setup.ops(index).name() + (nth > 1 ? "#" + std::to_string(nth) : "");
}

ops::Geometry source_geometry(const v1::StreamParameters& stream) {
  return {stream.width(), stream.height(), stream.pixel_format()};
}

/// The work on one job: owned frames in, packets out.
class VideoWork {
 public:
  VideoWork(const v1::VideoSetup& setup, media::Encoder encoder, media::Converter converter, std::string scratch)
      : setup_(setup), encoder_(std::move(encoder)), converter_(std::move(converter)), blob_(std::move(scratch)) {}

  Status make_chain() {
    decode_part_ = times_.add("decode");
    ops::Geometry geometry = source_geometry(setup_.stream());
    for (int i = 0; i < setup_.ops_size(); ++i) {
      auto op = make_op(setup_.ops(i), geometry);
      if (!op) return propagate(op);
      chain_.push_back({std::move(*op), times_.add(part_name(setup_, i))});
      geometry = *ops::output_geometry(setup_.ops(i), geometry);
    }
    convert_part_ = times_.add("convert");
    encode_part_ = times_.add("encode");
    return {};
  }

  Result<JobOutput> run(OwnedFrames& frames) {
    const std::uint64_t cpu_begin = thread_cpu_nanoseconds();
    while (true) {
      auto frame = times_.measure(decode_part_, [&] { return frames.next(); });
      if (!frame) return propagate(frame);
      if (!*frame) break;
      if (Status status = put_through(std::move(*frame)); !status) return propagate(status);
    }
    if (Status status = encode(nullptr); !status) return propagate(status);
    if (result_.packets().size_size() != static_cast<int>(result_.frames())) {
      return fail(ErrorCode::kFailed, setup_.encoder().codec() + " gave " + std::to_string(result_.packets().size_size()) +
                                          " packets for " + std::to_string(result_.frames()) + " frames");
    }
    result_.set_extradata(encoder_.extradata());
    result_.set_encoder_delay(static_cast<std::uint32_t>(encoder_.delay()));
    result_.set_first_frame_digest(frames.first_digest());
    result_.set_seam_frame_digest(frames.seam_digest());
    if (Status status = media::append_table(result_, blob_); !status) return propagate(status);
    v1::VideoMeasures measures;
    times_.report(measures);
    measures.set_cpu_nanoseconds(thread_cpu_nanoseconds() - cpu_begin);
    return JobOutput{std::move(blob_), measures.SerializeAsString()};
  }

 private:
  Status put_through(media::FramePtr frame) {
    const std::int64_t pts = frame->pts;
    for (const ChainLink& link : chain_) {
      auto output = times_.measure(link.part, [&] { return link.op->apply({.frame = std::move(frame)}); });
      if (!output) return fail(output.error().code, output.error().what, place_of(pts, setup_.stream().time_base()));
      frame = std::move(output->frame);
    }
    auto converted = times_.measure(convert_part_, [&] { return converter_.convert(std::move(frame)); });
    if (!converted) return propagate(converted);
    result_.set_frames(result_.frames() + 1);
    return encode(converted->get());
  }

  /// Packets go to the blob as they come, so that only the encoder's own look-ahead is held.
  Status encode(const AVFrame* frame) {
    std::vector<media::PacketPtr> packets;
    Status status = times_.measure(encode_part_, [&] { return encoder_.encode(frame, packets); });
    if (!status) return status;
    for (const media::PacketPtr& packet : packets) {
      // Durations come from the index when the packets are bound. Side data of an encoder is its statistics: not content.
      packet->duration = 0;
      av_packet_free_side_data(packet.get());
      status = media::append_packet(*packet, false, blob_, *result_.mutable_packets());
      if (!status) return status;
    }
    return {};
  }

  const v1::VideoSetup& setup_;
  media::Encoder encoder_;
  media::Converter converter_;
  Blob blob_;
  v1::VideoResult result_;
  PartTimes times_;
  std::vector<ChainLink> chain_;
  std::size_t decode_part_ = 0;
  std::size_t convert_part_ = 0;
  std::size_t encode_part_ = 0;
};

class VideoRun : public RunContext {
 public:
  explicit VideoRun(v1::VideoSetup setup) : setup_(std::move(setup)) {}

  /// Between jobs an executor keeps its memory; between runs others may need it.
  ~VideoRun() override { malloc_trim(0); }

  Result<JobOutput> run(const Blob& payload, const JobContext& context) override {
    v1::VideoJob job;
    auto packet_bytes = media::read_table(payload, job);
    if (!packet_bytes) return propagate(packet_bytes);
    if (Status status = check_job(job, *packet_bytes); !status) return propagate(status);
    // Everything anew for each job: what a decoder or an encoder remembers would make results depend on the order of jobs.
    auto decoder = media::Decoder::open(setup_.stream());
    if (!decoder) return propagate(decoder);
    auto encoder = media::Encoder::open(setup_.encoder());
    if (!encoder) return propagate(encoder);
    auto converter = media::Converter::open(setup_.encoder().pixel_format());
    if (!converter) return propagate(converter);
    VideoWork work(setup_, std::move(*encoder), std::move(*converter), context.scratch);
    if (Status status = work.make_chain(); !status) return propagate(status);
    OwnedFrames frames(std::move(*decoder), payload, job, setup_.stream(), context.stop);
    return work.run(frames);
  }

 private:
  const v1::VideoSetup setup_;
};

/// That all parts can be made, and that they fit together.
Status check_setup(const v1::VideoSetup& setup) {
  const v1::Rational& time_base = setup.stream().time_base();
  if (time_base.num() <= 0 || time_base.den() <= 0) return fail(ErrorCode::kFailed, "malformed setup: no time base");
  if (setup.encoder().time_base().num() != time_base.num() || setup.encoder().time_base().den() != time_base.den()) {
    return fail(ErrorCode::kUsage, "the encoder counts time otherwise than the stream");
  }
  if (auto decoder = media::Decoder::open(setup.stream()); !decoder) return propagate(decoder);
  ops::Geometry geometry = source_geometry(setup.stream());
  for (const v1::OpCall& call : setup.ops()) {
    if (auto op = make_op(call, geometry); !op) return propagate(op);
    geometry = *ops::output_geometry(call, geometry);
  }
  if (setup.encoder().width() != geometry.width || setup.encoder().height() != geometry.height) {
    return fail(ErrorCode::kFailed, "malformed setup: the encoder expects frames of another size than the ops give");
  }
  if (auto encoder = media::Encoder::open(setup.encoder()); !encoder) return propagate(encoder);
  if (auto converter = media::Converter::open(setup.encoder().pixel_format()); !converter) return propagate(converter);
  return {};
}

}  // namespace

Result<std::unique_ptr<RunContext>> open_video_run(const std::string& setup) {
  v1::VideoSetup parsed;
  if (!parsed.ParseFromString(setup)) return fail(ErrorCode::kFailed, "malformed setup of a video run");
  if (Status status = check_setup(parsed); !status) return propagate(status);
  return std::make_unique<VideoRun>(std::move(parsed));
}

}  // namespace sheaf::worker
