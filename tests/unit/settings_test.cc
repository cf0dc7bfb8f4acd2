#include "common/cli/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "tests/unit/environment.h"

namespace sheaf::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<Setting> kSettings = {{"size"},
                                        {"name", Setting::Form::kValue, 'n'},
                                        {"item", Setting::Form::kList},
                                        {"fast", Setting::Form::kFlag},
                                        {"child", Setting::Form::kFlag, 0, true, true}};

/// A file that exists as long as the test.
class TomlFile {
 public:
  explicit TomlFile(const std::string& text)
      : path_(::testing::TempDir() + "sheaf-settings-" + std::to_string(::getpid()) + ".toml") {
    std::ofstream(path_) << text;
  }
  ~TomlFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Reading {
  GivenSettings given;
  std::vector<Error> errors;
  std::vector<std::string> messages() const {
    std::vector<std::string> texts;
    for (const Error& error : errors) texts.push_back(error.message());
    return texts;
  }
};

Reading read(std::vector<std::string> arguments, std::map<std::string, std::string> variables = {}) {
  Reading reading;
  reading.given = read_settings({"sheaf video", "video"}, kSettings, std::move(arguments), environment_of(std::move(variables)),
                                reading.errors);
  return reading;
}

TEST(SettingsTest, TheCommandLineIsStrongerThanTheEnvironmentAndThatThanTheFile) {
  const TomlFile file("size = 1\n[video]\nname = \"file\"\nitem = [\"x\", \"y,z\"]\nfast = true\n");
  const Reading reading = read({"--config", file.path(), "--size", "3"}, {{"SHEAF_SIZE", "2"}, {"SHEAF_NAME", "variable"}});
  EXPECT_THAT(reading.messages(), IsEmpty());
  EXPECT_EQ(reading.given.text("size"), "3");
  EXPECT_EQ(reading.given.text("name"), "variable");
  EXPECT_THAT(reading.given.find("item")->values, ElementsAre("x", "y,z"));
  EXPECT_TRUE(reading.given.is_set("fast"));
  EXPECT_TRUE(reading.given.find("size")->on_command_line);
  EXPECT_FALSE(reading.given.find("name")->on_command_line);
}

TEST(SettingsTest, AProgramThatAnotherOneStartsListensToThatOneAlone) {
  const TomlFile file("of_another = 1\n");
  const Reading reading = read({"--child", "--size", "3"}, {{"SHEAF_CONFIG", file.path()}, {"SHEAF_NAME", "variable"}});
  EXPECT_THAT(reading.messages(), IsEmpty());
  EXPECT_EQ(reading.given.text("size"), "3");
  EXPECT_FALSE(reading.given.is_set("name"));
  EXPECT_THAT(read({}, {{"SHEAF_CHILD", "1"}, {"SHEAF_NAME", "variable"}}).given.text("name"), "variable");
}

TEST(SettingsTest, AFlagCanBeTakenBackByAStrongerLayer) {
  EXPECT_TRUE(read({}, {{"SHEAF_FAST", "1"}}).given.is_set("fast"));
  EXPECT_FALSE(read({"--fast=false"}, {{"SHEAF_FAST", "1"}}).given.is_set("fast"));
  EXPECT_THAT(read({}, {{"SHEAF_FAST", "maybe"}}).messages(), ElementsAre("SHEAF_FAST: \"maybe\" is neither true nor false"));
}

TEST(SettingsTest, ReportsAllFaultsOfTheArgumentsAtOnce) {
  const Reading reading = read({"--siz", "3", "--item", "--fast", "-n", "a", "--name", "b", "--size"});
  EXPECT_THAT(reading.messages(), ElementsAre("--size: needs a value", "--name: is given twice", "--item: needs a value",
                                              "--siz: is no option; did you mean --size?"));
  EXPECT_TRUE(reading.given.has_unknown_options);
}

TEST(SettingsTest, ReportsWhatIsWrongInTheFileWithItsPlace) {
  const TomlFile file("siez = 1\n[video]\nname = \"a#1\"\nsort = 1\n[other]\nanything = 1\n");
  const Reading reading = read({"--config", file.path()});
  EXPECT_THAT(reading.messages(), ElementsAre(file.path() + ": siez: is no setting of sheaf video; did you mean size?",
                                              testing::StartsWith(file.path() + ": video.sort: is no setting of sheaf video")));
  EXPECT_EQ(reading.given.text("name"), "a#1");
  const TomlFile broken("size = 1\nname = \"open\n");
  EXPECT_THAT(read({"--config", broken.path()}).messages(), ElementsAre(testing::StartsWith(broken.path() + ": line 2: ")));
  EXPECT_THAT(read({"--config", "/nonexistent.toml"}).messages(),
              ElementsAre("/nonexistent.toml: cannot be read; --config names a TOML file"));
}

TEST(SettingsTest, TakesNegativeNumbersAndWhatFollowsTwoDashesAsTheyAre) {
  const Reading reading = read({"--size", "-5", "first", "--", "-second", "--fast"});
  EXPECT_THAT(reading.messages(), IsEmpty());
  EXPECT_EQ(reading.given.text("size"), "-5");
  EXPECT_THAT(reading.given.positionals, ElementsAre("first", "-second", "--fast"));
  EXPECT_FALSE(reading.given.is_set("fast"));
}

TEST(SettingsTest, ChecksNumbersAndChoicesWithTheirRange) {
  const Reading reading = read({"--size", "7x", "--name", "mster"});
  std::vector<Error> errors;
  EXPECT_EQ(reading.given.integer("size", 1, 9, errors), std::nullopt);
  EXPECT_EQ(reading.given.number("size", 0.5, 9, errors), std::nullopt);
  EXPECT_EQ(reading.given.choice("name", {"master", "client"}, errors), std::nullopt);
  EXPECT_EQ(reading.given.integer("item", 1, 9, errors), std::nullopt);  // Not given: no fault.
  std::vector<std::string> texts;
  for (const Error& error : errors) texts.push_back(error.message());
  EXPECT_THAT(texts, ElementsAre("--size: \"7x\" is no whole number from 1 to 9", "--size: \"7x\" is no number from 0.5 to 9",
                                 "--name: \"mster\" is neither master nor client; did you mean master?"));
  const Reading at_limit = read({"--size", "9"});
  std::vector<Error> none;
  EXPECT_EQ(at_limit.given.integer("size", 1, 9, none), 9);
  EXPECT_EQ(at_limit.given.integer("size", 1, 8, none), std::nullopt);
  EXPECT_EQ(none.size(), 1u);
}

}  // namespace
}  // namespace sheaf::cli
