#include "client/summary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sheaf::client {
namespace {

using namespace std::chrono_literals;

VideoOptions options() {
  VideoOptions options;
  options.input = "in.mp4";
  options.output = "out.mp4";
  options.request.set_input("/v/in.mp4");
  options.request.set_output("/v/out.mp4");
  return options;
}

void add_time(v1::VideoReport& report, const std::string& part, Duration time) {
  v1::PartTime& entry = *report.add_times();
  entry.set_part(part);
  entry.set_nanoseconds(static_cast<std::uint64_t>(time.count()));
}

RunOutcome done() {
  v1::VideoReport report;
  report.set_frames(795);
  report.set_input_frames(795);
  report.set_cpu_nanoseconds(9'000'000'000);
  add_time(report, "decode", 1s);
  add_time(report, "convert", 500ms);
  add_time(report, "ops/blur", 2s);
  add_time(report, "ops/blur#2", 1s);
  add_time(report, "encode", 4s);
  report.add_notes("stream 2 (tmcd) only describes the container and is left out");

  RunOutcome outcome;
  outcome.run = 7;
  outcome.wall = 5300ms;
  outcome.update.set_state(v1::RUN_DONE);
  outcome.update.set_units_total(795);
  outcome.update.set_jobs_total(13);
  outcome.update.set_slots(2);
  outcome.update.set_attempts_total(13);
  outcome.update.set_output_bytes(12'300'000);
  outcome.update.set_report(report.SerializeAsString());
  return outcome;
}

TEST(SummaryTest, SaysWhatWasMadeAndHowFast) {
  EXPECT_EQ(video_summary(options(), done()),
            "out.mp4: 795 frames in 5.3 s (150 frames/s), 13 jobs on 2 slots, 12.3 MB\n"
            "out.mp4: stream 2 (tmcd) only describes the container and is left out\n");
}

TEST(SummaryTest, SaysWhatHadToBeDoneAgainAndEachNoteOnce) {
  RunOutcome outcome = done();
  outcome.update.set_attempts_lost(1);
  outcome.update.set_attempts_repeated(3);
  outcome.update.add_notes("stream 2 (tmcd) only describes the container and is left out");
  outcome.update.add_notes("a note\nwith a control character");
  EXPECT_EQ(video_summary(options(), outcome),
            "out.mp4: 795 frames in 5.3 s (150 frames/s), 13 jobs on 2 slots, 12.3 MB\n"
            "out.mp4: 1 attempt lost with a worker or its process, and done again\n"
            "out.mp4: 3 attempts repeated\n"
            "out.mp4: stream 2 (tmcd) only describes the container and is left out\n"
            "out.mp4: a note\\nwith a control character\n");
}

TEST(SummaryTest, TheJsonOfARunThatIsDoneIsSchemaOne) {
  EXPECT_EQ(
      video_json(options(), done(), 0),
      R"({"schema":1,"command":"video","run":"7","status":"done","exit_code":0,)"
      R"("input":{"path":"/v/in.mp4","frames":795},"output":{"path":"/v/out.mp4","frames":795,"bytes":12300000},)"
      R"("attempts":{"total":13,"lost":0,"repeated":0},)"
      R"("seconds":{"wall":5.3,"cpu":9.0,"decode":1.0,"convert":0.5,"ops":{"blur":2.0,"blur#2":1.0},"encode":4.0,"wait":2.1},)"
      R"("errors":[]})"
      "\n");
}

TEST(SummaryTest, TheJsonOfAFailureHasTheSameFieldsAndNullWhereNothingIsKnown) {
  RunOutcome outcome;
  outcome.wall = 1ms;
  outcome.errors = {{ErrorCode::kInput, "no such file", "in.mp4", ""},
                    {ErrorCode::kOutput, "exists", "out.mp4", "use --overwrite"}};
  const auto json = nlohmann::json::parse(video_json(options(), outcome, 3));
  const auto complete = nlohmann::json::parse(video_json(options(), done(), 0));
  for (const auto& [key, value] : complete.items()) EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_EQ(json["status"], "failed");
  EXPECT_EQ(json["exit_code"], 3);
  EXPECT_TRUE(json["run"].is_null());
  EXPECT_TRUE(json["input"]["frames"].is_null());
  EXPECT_TRUE(json["output"]["bytes"].is_null());
  ASSERT_EQ(json["errors"].size(), 2u);
  EXPECT_EQ(json["errors"][1],
            nlohmann::json({{"code", "output"}, {"what", "exists"}, {"where", "out.mp4"}, {"do", "use --overwrite"}}));
}

TEST(SummaryTest, ARunThatWasInterruptedIsStopped) {
  RunOutcome outcome;
  outcome.signal = 2;
  outcome.update.set_units_total(795);
  outcome.errors = {{ErrorCode::kStopped, "stopped by SIGINT", "", ""}};
  const auto json = nlohmann::json::parse(video_json(options(), outcome, 130));
  EXPECT_EQ(json["status"], "stopped");
  EXPECT_EQ(json["input"]["frames"], 795);
  EXPECT_TRUE(json["output"]["frames"].is_null());
}

TEST(SummaryTest, JsonSurvivesNamesThatAreNotUtf8AndReportsThatAreNotReports) {
  VideoOptions strange = options();
  strange.request.set_input("/v/\xff.mp4");
  RunOutcome outcome = done();
  outcome.update.set_report("\xff\xff\xff");
  const auto json = nlohmann::json::parse(video_json(strange, outcome, 0));
  EXPECT_EQ(json["output"]["frames"], 0);
}

TEST(SummaryTest, TheJsonOfACommandThatMakesNothing) {
  EXPECT_EQ(failure_json("ops", {{ErrorCode::kUsage, "is no op", "blu", ""}}, 2),
            R"({"schema":1,"command":"ops","status":"failed","exit_code":2,)"
            R"("errors":[{"code":"usage","what":"is no op","where":"blu","do":""}]})"
            "\n");
}

}  // namespace
}  // namespace sheaf::client
