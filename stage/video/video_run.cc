#include "stage/video/video_run.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "common/base/check.h"
#include "common/media/muxer.h"
#include "common/media/packet_index.h"
#include "common/media/stream_parameters.h"
#include "sheaf/v1/video.pb.h"
#include "stage/video/video_binder.h"
#include "stage/video/video_job_source.h"
#include "stage/video/video_output.h"
#include "stage/video/video_plan.h"
#include "stage/video/video_verify.h"

namespace sheaf::stage {

namespace {

/// Whether the container tells the times of all frames apart. Errors: kOutput, `where` left empty.
Status check_times_fit(const media::PacketIndex& index, const media::Muxer& muxer) {
  std::uint32_t together = 0;
  for (std::uint32_t frame = 1; frame < index.frames(); ++frame) {
    if (muxer.video_time(index.frame_pts(frame)) == muxer.video_time(index.frame_pts(frame - 1))) together += 1;
  }
  if (together == 0) return {};
  const AVRational unit = muxer.video_time_base();
  return fail(ErrorCode::kOutput,
              "its container counts time in 1/" + std::to_string(unit.den / unit.num) + " s, in which " +
                  std::to_string(together) + " of " + std::to_string(index.frames()) +
                  " frames would have the time of the frame before",
              {}, "use .mov: it keeps times exactly");
}

/// How far all streams are moved up when they begin below 0, as ffmpeg does: no container of ours holds such times. In
/// microseconds. A first packet of sound that only warms a decoder up is below 0 in many files, and stays there.
std::int64_t shift_to_zero(const media::PacketIndex& index, const media::Input& input) {
  constexpr std::int64_t kWarmUp = 100'000;
  const std::int64_t video = av_rescale_q(index.frame_pts(0), input.video().time_base, {1, AV_TIME_BASE});
  const std::int64_t others = input.earliest_of_others();
  return video >= 0 && others >= -kWarmUp ? 0 : -std::min(video, others);
}

/// What source and sink share, each on its own thread. It does not change any more.
struct VideoCuts {
  std::shared_ptr<const media::InputFile> file;
  media::PacketIndex index;
  std::vector<JobCut> jobs;

  /// `error`, or that the input has changed, which is then its cause.
  tl::unexpected<Error> unless_changed(Error error) const;
};

class VideoSource final : public JobSource {
 public:
  VideoSource(std::shared_ptr<const VideoCuts> cuts, const std::string& scratch)
      : cuts_(std::move(cuts)), payloads_(cuts_->file, cuts_->index, scratch) {}

  Result<std::optional<JobOut>> next_job() override;

 private:
  std::shared_ptr<const VideoCuts> cuts_;
  VideoJobSource payloads_;
  std::size_t fed_ = 0;
};

class VideoSink final : public ResultSink {
 public:
  VideoSink(const v1::VideoRequest& request, const StageOptions& options)
      : request_(request), output_(request.output(), request.overwrite(), options.incarnation) {}
  ~VideoSink() override { abandon(); }

  /// Looks at the input, decides the cuts, makes the file that the results are bound into. Before anything else, once.
  Result<StagePlan> open();
  std::shared_ptr<const VideoCuts> cuts() const { return cuts_; }

  Result<Binding> bind(JobKey key, Blob result, const std::string& measures) override;
  Result<StageReport> finish() override;
  Status publish() override;
  void abandon() noexcept override;

 private:
  /// Makes the file that the results are bound into. `muxer`: what is known of it without the index.
  Status open_output(media::Muxer::Settings muxer, const media::Input& input, const media::Encoder& encoder);
  /// The error, with the output's own name where it speaks of the file that stands in for it until it is whole.
  tl::unexpected<Error> of_output(Error error) const;
  /// Notes for the user on how the output will differ from what the file says. `shift` as in Muxer::Settings.
  void note_what_differs(const media::Input& input, std::int64_t shift);
  /// Writes what is left and looks at input and output once more.
  Status complete();

  const v1::VideoRequest request_;
  VideoOutput output_;
  std::vector<std::string> notes_;
  std::shared_ptr<const VideoCuts> cuts_;
  std::optional<VideoBinder> binder_;
  std::size_t bound_ = 0;
  bool has_temporary_ = false;
};

tl::unexpected<Error> VideoCuts::unless_changed(Error error) const {
  Status unchanged = file->check_unchanged();
  return tl::unexpected(unchanged ? std::move(error) : std::move(unchanged.error()));
}

Result<std::optional<JobOut>> VideoSource::next_job() {
  const std::vector<JobCut>& jobs = cuts_->jobs;
  if (fed_ == jobs.size()) return std::optional<JobOut>();
  const JobCut& job = jobs[fed_];
  auto payload = payloads_.payload(job, fed_ + 1 < jobs.size() ? &jobs[fed_ + 1] : nullptr);
  if (!payload) return cuts_->unless_changed(std::move(payload.error()));
  JobOut out;
  out.key = JobKey{fed_, 0};
  out.payload = std::move(*payload);
  out.units = job.end_frame - job.first_frame;
  out.label = "frames " + std::to_string(job.first_frame) + "-" + std::to_string(job.end_frame - 1);
  fed_ += 1;
  return std::optional<JobOut>(std::move(out));
}

Result<StagePlan> VideoSink::open() {
  SHEAF_CHECK(!cuts_);
  // What costs nothing comes first, and the index, which reads the whole file, last.
  auto file = media::InputFile::open(request_.input());
  if (!file) return propagate(file);
  auto cuts = std::make_shared<VideoCuts>();
  cuts->file = *file;
  auto input = media::Input::open(cuts->file, media::Input::Purpose::kIndex);
  if (!input) return propagate(input);
  if (Status status = output_.check(request_.input()); !status) return propagate(status);
  auto container = media::container_for(request_.output());
  if (!container) return propagate(container);
  auto setup = plan_setup(request_, *input);
  if (!setup) return propagate(setup);
  auto encoder = media::Encoder::open(setup->setup.encoder());
  if (!encoder) return propagate(encoder);
  auto streams = media::choose_streams(*input, **container, encoder->context());
  if (!streams) {
    streams.error().where = request_.output();
    return propagate(streams);
  }
  media::Muxer::Settings muxer{*container, {}, streams->kept, {0, 1}, {0, 1}, {0, 1}, 0, true};
  muxer.frame_rate = media::to_av(setup->setup.encoder().frame_rate());
  muxer.aspect = media::to_av(setup->setup.encoder().sample_aspect_ratio());
  muxer.time_base = input->video().time_base;
  // Into nowhere first: a container that refuses is named before the file is read.
  if (auto dry_run = media::Muxer::open(muxer, *input, encoder->context()); !dry_run) {
    dry_run.error().where = request_.output();
    return propagate(dry_run);
  }

  auto index = media::PacketIndex::build(*input);
  if (!index) return cuts->unless_changed(std::move(index.error()));
  cuts->index = std::move(*index);
  setup->setup.mutable_stream()->set_x264_build(cuts->index.x264_build());
  cuts->jobs = plan_jobs(cuts->index, *setup, request_.chunk_frames());
  cuts_ = std::move(cuts);
  notes_ = std::move(streams->notes);
  if (Status status = open_output(std::move(muxer), *input, *encoder); !status) return propagate(status);

  StagePlan plan;
  plan.setup = setup->setup.SerializeAsString();
  plan.jobs = cuts_->jobs.size();
  plan.units = cuts_->index.frames();
  plan.notes = notes_;
  return plan;
}

Status VideoSink::open_output(media::Muxer::Settings muxer, const media::Input& input, const media::Encoder& encoder) {
  muxer.path = output_.temporary_path();
  muxer.shift = shift_to_zero(cuts_->index, input);
  note_what_differs(input, muxer.shift);
  muxer.starts_at_zero = cuts_->index.frame_pts(0) == 0;
  for (unsigned i = 0; i < input.format().nb_streams; ++i) {
    const std::int64_t start = input.format().streams[i]->start_time;
    muxer.starts_at_zero &= start == 0 || start == AV_NOPTS_VALUE;
  }
  output_.remove_temporary();  // Of an earlier stage that bore the same incarnation: there is none, or it is dead.
  auto opened = media::Muxer::open(muxer, input, encoder.context());
  if (!opened) {
    output_.remove_temporary();
    return of_output(std::move(opened.error()));
  }
  has_temporary_ = true;
  if (Status status = check_times_fit(cuts_->index, **opened); !status) {
    status.error().where = request_.output();
    abandon();
    return status;
  }
  VideoBinder::Settings binder;
  binder.input = cuts_->file;
  binder.extradata = encoder.extradata();
  binder.delay = static_cast<std::uint32_t>(encoder.delay());
  binder.time_base = muxer.time_base;
  binder.has_others = muxer.streams.size() > 1;
  binder_.emplace(std::move(binder), cuts_->index, std::move(*opened));
  return {};
}

void VideoSink::note_what_differs(const media::Input& input, std::int64_t shift) {
  for (const std::string& name : input.late_streams()) {
    notes_.push_back(name + " is left out: it begins long after the file does");
  }
  if (cuts_->index.has_learned_times()) {
    notes_.push_back("the file does not say which picture is shown when: all of it was decoded once to learn that");
  }
  if (const std::uint32_t hidden = cuts_->index.hidden(); hidden > 0) {
    notes_.push_back(std::to_string(hidden) + (hidden == 1 ? " packet" : " packets") +
                     " of the video show no picture: it is hidden, or refers to others that the file does not have");
  }
  if (shift > 0) {
    char text[96];
    std::snprintf(text, sizeof text, "its times begin below 0: all streams are moved up by %.3f s",
                  static_cast<double>(shift) / 1e6);
    notes_.push_back(text);
  }
}

tl::unexpected<Error> VideoSink::of_output(Error error) const {
  if (error.where == output_.temporary_path()) error.where = output_.path();
  return tl::unexpected(std::move(error));
}

Result<Binding> VideoSink::bind(JobKey key, Blob result, const std::string& measures) {
  SHEAF_CHECK(binder_);
  if (key != JobKey{bound_, 0} || bound_ >= cuts_->jobs.size()) {
    return fail(ErrorCode::kFailed, "the result of job " + to_string(key) + " came out of order");
  }
  v1::VideoMeasures parsed;
  if (!parsed.ParseFromString(measures)) parsed.Clear();  // Only for the report: no reason to lose a good result.
  if (Status status = binder_->bind(cuts_->jobs[bound_], result, parsed); !status) {
    return of_output(cuts_->unless_changed(std::move(status.error())).value());
  }
  bound_ += 1;
  return Binding(Accepted{});
}

Status VideoSink::complete() {
  if (Status status = binder_->finish(); !status) return cuts_->unless_changed(std::move(status.error()));
  // After the last byte of it was read.
  if (Status status = cuts_->file->check_unchanged(); !status) return status;
  auto verified = verify_output(output_.temporary_path(), cuts_->index, binder_->muxer());
  if (!verified) return propagate(verified);
  notes_.insert(notes_.end(), verified->begin(), verified->end());
  return {};
}

Result<StageReport> VideoSink::finish() {
  SHEAF_CHECK(binder_ && bound_ == cuts_->jobs.size());
  if (Status status = complete(); !status) {
    abandon();
    return of_output(std::move(status.error()));
  }
  v1::VideoReport details = binder_->report();
  for (const auto& note : notes_) details.add_notes(note);
  StageReport report;
  report.units = details.frames();
  report.output_bytes = details.output_bytes();
  report.details = details.SerializeAsString();
  return report;
}

Status VideoSink::publish() {
  SHEAF_CHECK(has_temporary_);
  has_temporary_ = false;
  return output_.publish();
}

void VideoSink::abandon() noexcept {
  if (has_temporary_) output_.remove_temporary();
  has_temporary_ = false;
}

}  // namespace

Result<OpenedRun> open_video_run(const v1::RunDescription& run, const StageOptions& options) {
  v1::VideoRequest request;
  if (!request.ParseFromString(run.request())) return fail(ErrorCode::kUsage, "the request for a video run cannot be read");
  if (request.input().empty()) return fail(ErrorCode::kUsage, "no input is named", "sheaf video");
  if (request.output().empty()) return fail(ErrorCode::kUsage, "no output is named", "sheaf video", "give it with -o");
  if (options.incarnation.empty() || options.incarnation.find('/') != std::string::npos) {
    return fail(ErrorCode::kUsage, "an incarnation must be a part of a file's name", options.incarnation);
  }
  media::set_up_libav();
  auto sink = std::make_unique<VideoSink>(request, options);
  auto plan = sink->open();
  if (!plan) return propagate(plan);
  OpenedRun opened;
  opened.plan = std::move(*plan);
  opened.source = std::make_unique<VideoSource>(sink->cuts(), options.scratch);
  opened.sink = std::move(sink);
  return opened;
}

}  // namespace sheaf::stage
