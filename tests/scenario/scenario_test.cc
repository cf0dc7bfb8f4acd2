// Plays the text files of tests/scenario/text against the scheduler and compares what it does with what they say.
//
// A file holds comments (#), one `config` line at most, events (@TIME EVENT FIELDS) and below each event the actions that must
// follow, each after "> ". With SHEAF_REWRITE_SCENARIOS=1 in the environment the test writes the actions instead of comparing
// them: for a person, who reads the difference before it is committed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "master/core/scheduler.h"
#include "tests/own_directory.h"
#include "tests/scenario/event_text.h"

namespace sheaf::scenario {
namespace {

std::string scenario_directory() {
  return test::own_directory() / "scenario-text";
}

std::vector<std::string> scenario_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(scenario_directory())) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path().filename().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The file with the actions that the scheduler really takes. Errors: kUsage with the line that cannot be read.
Result<std::string> play(const std::string& text) {
  master::SchedulerConfig config;
  std::optional<master::Scheduler> scheduler;
  std::stringstream lines(text);
  std::string played;
  std::string line;
  while (std::getline(lines, line)) {
    if (line.starts_with("> ")) continue;
    played += line + "\n";
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("config ")) {
      if (scheduler) return fail(ErrorCode::kUsage, "config comes before the first event", line);
      if (Status status = parse_config(line.substr(7), config); !status) return propagate(status);
      continue;
    }
    Result<TimedEvents> events = parse_event(line);
    if (!events) return fail(ErrorCode::kUsage, events.error().message(), line);
    if (!scheduler) scheduler.emplace(config);
    std::vector<master::Action> actions;
    for (const master::Event& event : events->events) {
      scheduler->step(events->at, event, actions);
      scheduler->check_invariants();
    }
    for (const master::Action& action : actions) played += "> " + to_text(action) + "\n";
  }
  return played;
}

class ScenarioTest : public testing::TestWithParam<std::string> {};

TEST_P(ScenarioTest, TakesTheActionsThatTheFileSays) {
  const std::string path = scenario_directory() + "/" + GetParam();
  const std::string expected = read_file(path);
  ASSERT_THAT(expected, testing::HasSubstr("\n@")) << path << " has no events";
  const Result<std::string> played = play(expected);
  ASSERT_TRUE(played.has_value()) << played.error().message();

  const char* rewrite = std::getenv("SHEAF_REWRITE_SCENARIOS");
  if (rewrite != nullptr && std::string(rewrite) == "1") {
    std::ofstream(path) << *played;
    return;
  }
  EXPECT_EQ(*played, expected) << "If the new actions are right: SHEAF_REWRITE_SCENARIOS=1, and read the difference.";
}

INSTANTIATE_TEST_SUITE_P(Text, ScenarioTest, testing::ValuesIn(scenario_files()), [](const auto& param) {
  std::string name = param.param.substr(0, param.param.find('.'));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
});

TEST(ScenarioFilesTest, AreThere) {
  EXPECT_GE(scenario_files().size(), 10U);
}

TEST(ScenarioPlayTest, NamesTheLineThatItCannotRead) {
  for (const char* bad :
       {"worker_lost worker=1", "@0s worker_vanished worker=1", "@0s worker_lost who=1", "@0s worker_lost worker=x",
        "@0s job_done job=1", "@0s run_opened traits=lazy", "@0s run_cancelled reason=\"open"}) {
    const Result<std::string> played = play(std::string(bad) + "\n");
    ASSERT_FALSE(played.has_value()) << bad;
    EXPECT_THAT(played.error().where, testing::HasSubstr(bad));
  }
}

}  // namespace
}  // namespace sheaf::scenario
