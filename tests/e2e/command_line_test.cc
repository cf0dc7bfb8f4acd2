// The contract of the command line, walked: every program and subcommand.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/e2e/support/corpus.h"
#include "tests/e2e/support/e2e_test.h"

namespace sheaf::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

struct Walked {
  const char* name;  ///< Of the test.
  const char* program;
  const char* subcommand;  ///< May be empty.
  const char* who;         ///< How its messages begin.
};

std::ostream& operator<<(std::ostream& out, const Walked& walked) {
  return out << walked.name;
}

const Walked kPrograms[] = {
    {"Sheaf", "sheaf", "", "sheaf"},
    {"Video", "sheaf", "video", "sheaf video"},
    {"Ops", "sheaf", "ops", "sheaf ops"},
    {"Master", "sheaf-master", "", "sheaf-master"},
    {"Worker", "sheaf-worker", "", "sheaf-worker"},
};

/// Characters, not bytes.
std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

class ContractTest : public E2eTest, public ::testing::WithParamInterface<Walked> {
 protected:
  Finished run_with(const std::vector<std::string>& words) const {
    std::vector<std::string> all = {program(GetParam().program)};
    if (GetParam().subcommand[0] != '\0') all.emplace_back(GetParam().subcommand);
    all.insert(all.end(), words.begin(), words.end());
    return run(command(all));
  }
};

TEST_P(ContractTest, HelpFitsAScreenAndHasAnExample) {
  const Finished finished = run_with({"--help"});
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.err, "");
  const auto lines = lines_of(finished.out);
  EXPECT_LE(lines.size(), 40U);
  EXPECT_GE(lines.size(), 5U);
  for (const std::string& line : lines) EXPECT_LE(columns(line), 100U) << line;
  EXPECT_THAT(finished.out, HasSubstr(std::string("  ") + GetParam().who + " "));
}

TEST_P(ContractTest, RefusesAnOptionThatItDoesNotKnow) {
  const Finished finished = run_with({"--no-such-option"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_EQ(finished.out, "");
  for (const std::string& line : lines_of(finished.err)) EXPECT_THAT(line, StartsWith(std::string(GetParam().who) + ": "));
  EXPECT_THAT(finished.err, HasSubstr("--no-such-option"));
}

TEST_P(ContractTest, SaysAllThatIsWrongAtOnceWhereverItStands) {
  const std::string file = path("sheaf.toml");
  write_file(file, "no-such-setting = 1\n");
  const Finished finished = run_with({"--no-such-option", "--config", file, "--neither", "--config"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_EQ(finished.out, "");
  if (std::string(GetParam().who) == "sheaf") return;  // Takes a command; options are those of the command.
  for (const char* fault : {"--no-such-option: ", "--neither: ", "--config: needs a value", "no-such-setting: "}) {
    EXPECT_THAT(finished.err, HasSubstr(fault));
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, ContractTest, ::testing::ValuesIn(kPrograms),
                         [](const auto& walked) { return walked.param.name; });

class CommandLineTest : public E2eTest {};

TEST_F(CommandLineTest, TellsItsVersion) {
  const Finished finished = run_sheaf({"--version"});
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_THAT(finished.out, MatchesRegex("sheaf [0-9]+\\.[0-9]+\\.[0-9]+ \\(protocol [0-9]+\\)\n"));
}

TEST_F(CommandLineTest, PrintsHelpOnStandardErrorWhenNothingIsAsked) {
  const Finished finished = run_sheaf({});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_EQ(finished.out, "");
  EXPECT_THAT(finished.err, HasSubstr("sheaf video INPUT -o OUTPUT"));
}

TEST_F(CommandLineTest, KnowsWhatWasMeant) {
  const Finished finished = run_sheaf({"vidoe"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_EQ(finished.err, "sheaf: vidoe: is no command; did you mean video?\n");
}

TEST_F(CommandLineTest, ListsEveryOpWithItsArguments) {
  const Finished finished = run_sheaf({"ops"});
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.err, "");
  for (const char* op : {"\ncopy ", "\ngray ", "\nblur ", "\nedges ", "\nresize ", "\ninvert "})
    EXPECT_THAT(finished.out, HasSubstr(op));
  EXPECT_THAT(finished.out, HasSubstr("sigma"));
  EXPECT_THAT(finished.out, HasSubstr("pixels"));
  EXPECT_THAT(finished.out, HasSubstr("default"));
}

TEST_F(CommandLineTest, IsSilentWhenItsReaderHasGone) {
  // As `sheaf ops | true`, but without a race: the reader has gone before sheaf starts.
  const Finished finished =
      run(command({"bash", "-c", "exec 4> >(exec true); wait $!; \"$0\" ops >&4 4>&-; echo $? >&2", program("sheaf")}));
  EXPECT_EQ(finished.err, "141\n");
}

TEST_F(CommandLineTest, KeepsWhatItIsToldFromTheProcessesOfItsPrivateCluster) {
  // Settings of `sheaf video` are no settings of sheaf-worker and sheaf-master, and none of theirs are the user's to give here.
  write_file(path("sheaf.toml"), "crf = 40\nop = [\"gray\"]\n");
  Command given = sheaf({"video", path_of(plain_footage("64x64", 20)), "-o", "out/out.mp4", "--quiet"});
  given.environment.insert(given.environment.end(), {{"SHEAF_CONFIG", path("sheaf.toml")},
                                                     {"SHEAF_LISTEN", "nonsense"},
                                                     {"SHEAF_STATE", "/nonexistent"},
                                                     {"SHEAF_DRAIN", "nonsense"}});
  const Finished finished = run(given);
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.err, "");
}

TEST_F(CommandLineTest, TakesTheEnvironmentAndAFileForTheSameNames) {
  write_file(path("sheaf.toml"), "[video]\ncodec = \"from-the-file\"\nchunk = 0\n");
  Command given = sheaf({"video", "in.mp4", "-o", "out/out.mp4", "--config", "sheaf.toml"});
  EXPECT_THAT(run(given).err, HasSubstr("\"0\" is no whole number"));
  given.environment.emplace_back("SHEAF_CHUNK", "none");
  EXPECT_THAT(run(given).err, HasSubstr("SHEAF_CHUNK: \"none\" is no whole number"));
  given.words.insert(given.words.end(), {"--chunk", "nothing"});
  EXPECT_THAT(run(given).err, HasSubstr("--chunk: \"nothing\" is no whole number"));
}

}  // namespace
}  // namespace sheaf::e2e
