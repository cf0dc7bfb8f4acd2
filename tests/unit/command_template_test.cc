#include "common/batch/command_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sheaf::batch {
namespace {

using ::testing::ElementsAre;

v1::CommandSetup setup_of(const std::vector<std::string>& words) {
  v1::CommandSetup setup;
  for (const std::string& word : words) setup.add_words(word);
  setup.set_shell("/bin/sh");
  return setup;
}

Item item(std::vector<std::string> values) {
  return {7, std::move(values)};
}

std::string line(const std::string& command, std::vector<std::string> values) {
  return CommandTemplate(setup_of({command})).line(item(std::move(values)), 2);
}

std::vector<std::string> arguments(const std::vector<std::string>& words, std::vector<std::string> values) {
  return CommandTemplate(setup_of(words)).arguments(item(std::move(values)), 2);
}

TEST(CommandTemplateTest, KnowsThePartsOfAPath) {
  EXPECT_EQ(line("; {} {.} {/} {//} {/.}", {"/a/b.c/d.e.f"}), "; /a/b.c/d.e.f /a/b.c/d.e d.e.f /a/b.c d.e");
  EXPECT_EQ(line("; {} {.} {/} {//} {/.}", {"a"}), "; a a a . a");
  EXPECT_EQ(line("; {.} {/} {//} {/.}", {".b"}), "; '' .b . ''");
  EXPECT_EQ(line("; {.} {/} {//} {/.}", {"/"}), "; / '' / ''");
  EXPECT_EQ(line("; {.} {/} {//} {/.}", {"a/"}), "; a/ '' . ''");
  EXPECT_EQ(line("; {.} {//}", {"b."}), "; b .");
  EXPECT_EQ(line("; {.} {//}", {"a/.c"}), "; a/ a");
  EXPECT_EQ(line("; {//}", {"a//b"}), "; a");
}

TEST(CommandTemplateTest, KnowsNumbersAndPositions) {
  EXPECT_EQ(line("; {#} {%} {2} {1} {-1} {2.} {3/.}", {"a.x", "b.y", "c/d.z"}), "; 7 2 b.y a.x c/d.z b d");
  EXPECT_EQ(line("; [{4}] [{-4}]", {"a", "b"}), "; [] []");
}

TEST(CommandTemplateTest, LeavesWhatIsNoReplacementString) {
  EXPECT_EQ(line("; {x} {0} {1x} {{}} {} {", {"a"}), "; {x} {0} {1x} {a} a {");
}

TEST(CommandTemplateTest, QuotesValuesInALineAndNothingElse) {
  EXPECT_EQ(line("echo \"{}\" $X", {"a b"}), "echo \"'a b'\" $X");
  EXPECT_THAT(arguments({"echo {}; {}"}, {"it's"}), ElementsAre("/bin/sh", "-c", "echo 'it'\"'\"'s'; 'it'\"'\"'s'"));
}

TEST(CommandTemplateTest, PutsTheValuesOfSeveralSourcesSideBySide) {
  EXPECT_EQ(line("; x{}y", {"a b", "c"}), "; x'a b' cy");
  EXPECT_THAT(arguments({"printf", "x{}y", "{}"}, {"a b", "c"}), ElementsAre("printf", "xa b", "cy", "a b", "c"));
}

TEST(CommandTemplateTest, AppendsTheItemToACommandWithoutAPlaceForIt) {
  EXPECT_EQ(line("echo;", {"a b"}), "echo; 'a b'");
  EXPECT_THAT(arguments({"gzip", "-9"}, {"a b"}), ElementsAre("gzip", "-9", "a b"));
  EXPECT_THAT(arguments({"gzip -9"}, {"a b"}), ElementsAre("gzip", "-9", "a b"));
  EXPECT_THAT(arguments({"gzip"}, {"a b"}), ElementsAre("gzip", "a b"));
}

TEST(CommandTemplateTest, StartsAPlainLineWithoutAShell) {
  EXPECT_THAT(arguments({"gzip  -9 x{}y {.}"}, {"a b.c"}), ElementsAre("gzip", "-9", "xa b.cy", "a b"));
  EXPECT_THAT(arguments({"gzip {}"}, {""}), ElementsAre("gzip", ""));
  EXPECT_THAT(arguments({"gzip {2} x"}, {"a"}), ElementsAre("gzip", "x"));
  // Whose first word is a value, or one of the shell's own.
  EXPECT_THAT(arguments({"{} a"}, {"gzip"}), ElementsAre("/bin/sh", "-c", "gzip a"));
  EXPECT_THAT(arguments({"echo {}"}, {"a"}), ElementsAre("/bin/sh", "-c", "echo a"));
}

TEST(CommandTemplateTest, TakesWordsAndQuotedCommandsAsTheyAre) {
  EXPECT_THAT(arguments({"echo", "|", "$X", "{}"}, {"a b"}), ElementsAre("echo", "|", "$X", "a b"));
  v1::CommandSetup quoted = setup_of({"my program {}"});
  quoted.set_is_quoted(true);
  EXPECT_THAT(CommandTemplate(quoted).arguments(item({"a"}), 1), ElementsAre("my program a"));
}

TEST(CommandTemplateTest, TakesItemsForLinesWhenThereIsNoCommand) {
  EXPECT_THAT(arguments({}, {"echo a; echo b"}), ElementsAre("/bin/sh", "-c", "echo a; echo b"));
}

TEST(CommandTemplateTest, PassesFunctionsThatTheShellExports) {
  v1::CommandSetup setup = setup_of({"mine {}"});
  EXPECT_THAT(CommandTemplate(setup).arguments(item({"a"}), 1), ElementsAre("mine", "a"));
  setup.add_environment("BASH_FUNC_mine%%=() { echo $1; }");
  EXPECT_THAT(CommandTemplate(setup).arguments(item({"a"}), 1), ElementsAre("/bin/sh", "-c", "mine a"));
}

TEST(CommandTemplateTest, MakesATag) {
  v1::CommandSetup setup = setup_of({"true"});
  EXPECT_EQ(CommandTemplate(setup).tag(item({"a"}), 1), std::nullopt);
  setup.set_tag("<{}>{#}");
  EXPECT_EQ(CommandTemplate(setup).tag(item({"a b", "c"}), 1), "<a b c>7");
}

TEST(CommandTemplateTest, KnowsValuesByName) {
  v1::CommandSetup setup = setup_of({"; {y} {x.} {1}"});
  setup.add_names("x");
  setup.add_names("y");
  EXPECT_EQ(CommandTemplate(setup).line(item({"a.b", "c"}), 1), "; c a a.b");
}

}  // namespace
}  // namespace sheaf::batch
