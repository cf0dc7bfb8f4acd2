// Results go to standard output, everything else to standard error.
#include <gmock/gmock.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/e2e/support/corpus.h"
#include "tests/e2e/support/e2e_test.h"

namespace sheaf::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class SummaryTest : public E2eTest {
 protected:
  nlohmann::json parse_one_line(const std::string& out) const {
    EXPECT_EQ(lines_of(out).size(), 1U) << out;
    return nlohmann::json::parse(out);
  }
};

TEST_F(SummaryTest, HasAllFieldsOfARunThatIsDone) {
  const std::string input = path_of(footage("H264Closed"));
  const Finished finished = run_sheaf({"video", input, "-o", output("out.mp4"), "--op", "blur:sigma=2", "--op", "blur:sigma=3",
                                       "--chunk", "30", "--json", "--quiet"});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.err, "");
  const auto json = parse_one_line(finished.out);
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["command"], "video");
  EXPECT_TRUE(json["run"].is_string());
  EXPECT_EQ(json["status"], "done");
  EXPECT_EQ(json["exit_code"], 0);
  EXPECT_EQ(json["input"]["path"], input);
  EXPECT_EQ(json["input"]["frames"], 90);
  EXPECT_EQ(json["output"]["path"], output("out.mp4"));
  EXPECT_EQ(json["output"]["frames"], 90);
  EXPECT_EQ(json["output"]["bytes"], read_file(output("out.mp4")).size());
  EXPECT_GE(json["attempts"]["total"], 3);
  EXPECT_EQ(json["attempts"]["lost"], 0);
  EXPECT_EQ(json["attempts"]["repeated"], 0);
  for (const char* part : {"wall", "cpu", "decode", "convert", "encode", "wait"}) {
    ASSERT_TRUE(json["seconds"][part].is_number()) << part;
    EXPECT_GE(json["seconds"][part].get<double>(), 0) << part;
  }
  for (const char* part : {"wall", "cpu", "decode", "encode"}) EXPECT_GT(json["seconds"][part].get<double>(), 0) << part;
  EXPECT_GT(json["seconds"]["ops"]["blur"].get<double>(), 0);
  EXPECT_TRUE(json["errors"].empty());
}

TEST_F(SummaryTest, HasTheErrorsOfARunThatFailed) {
  write_file(path("text.mp4"), "no video\n");
  const Finished finished = run_sheaf({"video", "text.mp4", "-o", output("out.mp4"), "--json", "--quiet"});
  EXPECT_EQ(finished.exit_code, 3);
  EXPECT_EQ(lines_of(finished.err).size(), 1U);
  const auto json = parse_one_line(finished.out);
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["status"], "failed");
  EXPECT_EQ(json["exit_code"], 3);
  ASSERT_EQ(json["errors"].size(), 1U);
  EXPECT_EQ(json["errors"][0]["code"], "input");
  EXPECT_THAT(json["errors"][0]["what"].get<std::string>(), HasSubstr("not a video"));
  EXPECT_THAT(json["errors"][0]["where"].get<std::string>(), HasSubstr("text.mp4"));
  EXPECT_TRUE(json["errors"][0]["do"].is_string());
}

TEST_F(SummaryTest, HasAllErrorsOfWrongUse) {
  const Finished finished = run_sheaf({"video", "nowhere.mp4", "-o", output("out.mp4"), "--chunk", "0", "--json"});
  EXPECT_EQ(finished.exit_code, 2);
  const auto json = parse_one_line(finished.out);
  EXPECT_EQ(json["exit_code"], 2);
  EXPECT_EQ(json["errors"].size(), 2U);
  EXPECT_EQ(lines_of(finished.err).size(), 2U);
}

TEST_F(SummaryTest, SaysThatItWasStopped) {
  const std::string input = path_of(plain_footage("640x480", 1500));
  Process video = Process::start(sheaf({"video", input, "-o", output("out.mp4"), "--op", "blur:sigma=8", "--json"}));
  ASSERT_TRUE(video.wait_until([&] { return busy_executor().has_value(); }, "an executor works"));
  video.send(SIGTERM);
  const Finished finished = video.wait();
  EXPECT_EQ(finished.exit_code, 143);
  const auto json = parse_one_line(finished.out);
  EXPECT_EQ(json["status"], "stopped");
  EXPECT_EQ(json["exit_code"], 143);
}

TEST_F(SummaryTest, GoesToStandardErrorWithoutJson) {
  const Finished finished = run_sheaf({"video", path_of(footage("H264Closed")), "-o", output("out.mp4"), "--op", "copy"});
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.out, "");
  const auto lines = lines_of(finished.err);
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines.back(), StartsWith(output("out.mp4") + ": 90 frames in "));
  EXPECT_EQ(finished.err.find('\x1b'), std::string::npos) << "a bar belongs to terminals";
}

}  // namespace
}  // namespace sheaf::e2e
