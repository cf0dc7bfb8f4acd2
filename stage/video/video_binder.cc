#include "stage/video/video_binder.h"

#include <algorithm>
#include <cstdio>
#include <limits>

extern "C" {
#include <libavutil/mathematics.h>
}

#include "common/base/check.h"
#include "common/media/payload.h"

namespace sheaf::stage {

namespace {

tl::unexpected<Error> strange_result(const std::string& why) {
  return fail(ErrorCode::kFailed, "a worker's result cannot be bound: " + why, {},
              "are all workers of the same version, with the same libraries?");
}

/// When the packet is due, in the time base of its stream; AV_NOPTS_VALUE if it does not say.
std::int64_t due(const AVPacket& packet) {
  return packet.dts != AV_NOPTS_VALUE ? packet.dts : packet.pts;
}

}  // namespace

std::int64_t decode_time(const media::PacketIndex& index, std::uint32_t i, std::uint32_t delay) {
  if (i >= delay) return index.frame_pts(i - delay);
  const std::int64_t step =
      index.frames() > 1 ? index.frame_pts(1) - index.frame_pts(0) : std::max<std::int64_t>(1, index.frame_duration(0));
  return index.frame_pts(0) - static_cast<std::int64_t>(delay - i) * step;
}

VideoBinder::VideoBinder(Settings settings, const media::PacketIndex& index, std::unique_ptr<media::Muxer> muxer)
    : settings_(std::move(settings)), index_(index), muxer_(std::move(muxer)), other_(media::make_packet()) {}

std::string VideoBinder::place(std::int64_t pts) const {
  char text[64];
  std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(pts) * av_q2d(settings_.time_base));
  return text;
}

Status VideoBinder::bind(const JobCut& job, const Blob& result, const v1::VideoMeasures& measures) {
  SHEAF_CHECK(job.first_frame == bound_frames_);
  v1::VideoResult table;
  auto packet_bytes = media::read_table(result, table);
  if (!packet_bytes) return propagate(packet_bytes);
  if (Status status = media::check_columns(table.packets(), false, *packet_bytes); !status) return status;
  if (Status status = check_result(job, table); !status) return status;
  if (Status status = check_seam(job, table); !status) return status;
  if (Status status = write_packets(job, table, result); !status) return status;

  for (const auto& time : measures.times()) part_nanoseconds_[time.part()] += time.nanoseconds();
  cpu_nanoseconds_ += measures.cpu_nanoseconds();
  bound_frames_ = job.end_frame;
  return {};
}

Status VideoBinder::check_result(const JobCut& job, const v1::VideoResult& table) const {
  std::vector<std::int64_t> times(table.packets().pts().begin(), table.packets().pts().end());
  std::sort(times.begin(), times.end());
  for (std::uint32_t frame = job.first_frame; frame < job.end_frame; ++frame) {
    const std::size_t i = frame - job.first_frame;
    if (i < times.size() && times[i] == index_.frame_pts(frame)) continue;
    if (i < times.size() && times[i] < index_.frame_pts(frame)) return strange_result("it has a frame that nobody asked for");
    return fail(ErrorCode::kInput,
                "only " + std::to_string(times.size()) + " of " + std::to_string(job.end_frame - job.first_frame) +
                    " frames of a part can be decoded (first gap at " + place(index_.frame_pts(frame)) + ")",
                settings_.input->path());
  }
  if (times.size() != job.end_frame - job.first_frame || table.frames() != times.size()) {
    return strange_result("it has more frames than were asked for");
  }
  if (table.extradata() != settings_.extradata) return strange_result("its encoder has other parameters than this one");
  if (table.encoder_delay() != settings_.delay) return strange_result("its encoder puts frames in another order than this one");
  return {};
}

Status VideoBinder::check_seam(const JobCut& job, const v1::VideoResult& table) {
  const std::string seam = std::move(seam_digest_);
  seam_digest_ = job.has_seam ? table.seam_frame_digest() : std::string();
  if (seam.empty() || table.first_frame_digest().empty() || seam == table.first_frame_digest()) return {};
  return fail(ErrorCode::kInput,
              "the picture at " + place(index_.frame_pts(job.first_frame)) + " cannot be rebuilt from its key frame alone",
              settings_.input->path(), "decode it from its start, in one job: --chunk " + std::to_string(index_.frames()));
}

Status VideoBinder::write_packets(const JobCut& job, const v1::VideoResult& table, const Blob& result) {
  media::PacketReader reader(result, table.packets());
  const media::PacketPtr packet = media::make_packet();
  for (std::uint32_t i = job.first_frame;; ++i) {
    auto more = reader.next(*packet);
    if (!more) return propagate(more);
    if (!*more) return {};

    // Which frame it is: its time is one of the job's, as check_result() has seen.
    std::uint32_t low = job.first_frame;
    for (std::uint32_t count = job.end_frame - low; count > 0;) {
      const std::uint32_t half = count / 2;
      if (index_.frame_pts(low + half) < packet->pts) {
        low += half + 1;
        count -= half + 1;
      } else {
        count = half;
      }
    }
    packet->duration = index_.frame_duration(low);
    packet->dts = decode_time(index_, i, settings_.delay);
    if (packet->dts > packet->pts) return strange_result("its frames are further out of order than its encoder said");
    if (Status status = write_others_until(packet->dts); !status) return status;
    if (Status status = muxer_->write_video(*packet); !status) return status;
  }
}

Status VideoBinder::write_others_until(std::optional<std::int64_t> dts) {
  if (!settings_.has_others) return {};
  if (!others_) {
    auto opened = media::Input::open(settings_.input, media::Input::Purpose::kOthers);
    if (!opened) return propagate(opened);
    others_.emplace(std::move(*opened));
  }
  for (;;) {
    if (!has_other_) {
      auto more = others_->read(*other_);
      if (!more) return propagate(more);
      if (!*more) {
        settings_.has_others = false;
        return {};
      }
      has_other_ = true;
    }
    const AVRational time_base = others_->format().streams[other_->stream_index]->time_base;
    const std::int64_t when = due(*other_);
    // In step: a packet that is due later than the next picture waits, and with it what comes after it in the file.
    if (dts && when != AV_NOPTS_VALUE && av_compare_ts(when, time_base, *dts, settings_.time_base) > 0) return {};
    has_other_ = false;
    if (Status status = muxer_->write_other(*other_); !status) return status;
  }
}

Status VideoBinder::finish() {
  SHEAF_CHECK(bound_frames_ == index_.frames());
  if (Status status = write_others_until(std::nullopt); !status) return status;
  return muxer_->finish();
}

v1::VideoReport VideoBinder::report() const {
  v1::VideoReport report;
  report.set_frames(bound_frames_);
  report.set_input_frames(index_.frames());
  report.set_output_bytes(muxer_->bytes());
  report.set_cpu_nanoseconds(cpu_nanoseconds_);
  for (const auto& [part, nanoseconds] : part_nanoseconds_) {
    auto* time = report.add_times();
    time->set_part(part);
    time->set_nanoseconds(nanoseconds);
  }
  return report;
}

}  // namespace sheaf::stage
