#include "tests/unit/video_run.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <variant>
#include <vector>

#include "stage/video/video_run.h"
#include "tests/unit/media_fixture.h"
#include "worker/kinds/video_kind.h"

namespace sheaf::test {

namespace {

/// The pixel format of a file's video.
std::string pixel_format_of(const std::string& path) {
  const std::string text =
      test::run_command("ffprobe -v error -select_streams v:0 -show_entries stream=pix_fmt -of csv=p=0 '" + path + "'");
  return text.substr(0, text.find_first_of(",\n"));
}

}  // namespace

v1::VideoRequest copy_request(const std::string& input, const std::string& output) {
  v1::VideoRequest request;
  request.set_input(input);
  request.set_output(output);
  request.set_overwrite(true);
  request.add_ops()->set_name("copy");
  request.set_codec("ffv1");
  return request;
}

Result<Outcome> run_video(const v1::VideoRequest& request, const std::function<void()>& planned) {
  v1::RunDescription description;
  description.set_request(request.SerializeAsString());
  auto opened = stage::open_video_run(description, {"test", scratch()});
  if (!opened) return propagate(opened);
  stage::JobSource& source = *opened->source;
  stage::ResultSink& sink = *opened->sink;
  Outcome outcome;
  outcome.plan = std::move(opened->plan);
  if (planned) planned();
  const auto kind = worker::make_video_kind();
  auto run = kind->open_run(outcome.plan.setup);
  if (!run) return propagate(run);
  std::uint64_t jobs = 0;
  for (;;) {
    auto job = source.next_job();
    if (!job) return propagate(job);
    if (!*job) break;
    auto result = (*run)->run((*job)->payload, {{}, scratch()});
    if (!result) return propagate(result);
    auto binding = sink.bind((*job)->key, std::move(result->result), result->measures);
    if (!binding) return propagate(binding);
    EXPECT_TRUE(std::holds_alternative<stage::Accepted>(*binding));
    jobs += 1;
  }
  EXPECT_EQ(jobs, outcome.plan.jobs);
  auto report = sink.finish();
  if (!report) return propagate(report);
  outcome.report = std::move(*report);
  if (Status status = sink.publish(); !status) return propagate(status);
  return outcome;
}

void expect_exact(const std::string& input, const std::string& output) {
  // The output's format without the padding byte that ffv1 gives RGB. Samples of full range (yuvj) stay as they are under the
  // plain name; asked for that name, ffmpeg would squeeze the input's into the limited range.
  std::string format = pixel_format_of(output);
  if (format == "bgr0") format = "rgb24";
  const std::string source_format = pixel_format_of(input);
  const bool is_full_range = source_format.starts_with("yuvj") && format == "yuv" + source_format.substr(4);
  const std::vector<OracleFrame> expected = oracle(input, is_full_range ? source_format : format);
  const std::vector<OracleFrame> actual = oracle(output, format);
  ASSERT_FALSE(expected.empty());
  ASSERT_EQ(actual.size(), expected.size());
  const bool is_in_milliseconds = output.ends_with(".mkv");
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(actual[i].hash, expected[i].hash) << "frame " << i;
    if (is_in_milliseconds) {
      ASSERT_LE(std::abs(actual[i].approximate_seconds - expected[i].approximate_seconds), 0.000501) << "frame " << i;
    } else {
      ASSERT_EQ(actual[i].seconds, expected[i].seconds) << "frame " << i;
    }
  }
}

void expect_same_times(const std::string& input, const std::string& output) {
  const std::vector<OracleFrame> expected = oracle(input, "gray");
  const std::vector<OracleFrame> actual = oracle(output, "gray");
  ASSERT_FALSE(expected.empty());
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(actual[i].seconds, expected[i].seconds) << "frame " << i;
}

Error error_of(v1::VideoRequest request) {
  request.set_overwrite(false);
  auto outcome = run_video(request);
  EXPECT_FALSE(outcome);
  return outcome ? Error{} : outcome.error();
}

}  // namespace sheaf::test
