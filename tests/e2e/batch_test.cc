// sheaf batch as a user starts it.
#include <gmock/gmock.h>

#include <csignal>
#include <map>
#include <sstream>

#include "tests/e2e/support/e2e_test.h"

namespace sheaf::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class BatchTest : public E2eTest {
 protected:
  /// A line of a shell that calls sheaf.
  Command shell(const std::string& line) const {
    return command({"/bin/sh", "-c", "sheaf() { '" + program("sheaf") + "' \"$@\"; }; " + line});
  }
};

TEST_F(BatchTest, GivesTheOutputsInTheOrderOfItems) {
  // The first item ends when the last one has: with another order of outputs than of ends.
  const Finished finished =
      run(sheaf({"batch", "-j", "3", "test {} = a && while ! test -e c; do :; done; : > {}; echo {} out; echo {} err >&2",
                 ":::", "a", "b", "c"}));
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.out, "a out\nb out\nc out\n");
  EXPECT_EQ(finished.err, "a err\nb err\nc err\n");
}

TEST_F(BatchTest, ReadsItemsFromStandardInput) {
  const Finished finished = run(shell("seq 3000 | sheaf batch -j 2 echo"));
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.out, output_of({"seq", "3000"}));
  EXPECT_EQ(finished.err, "");
}

TEST_F(BatchTest, HoldsNoMoreOfAnEndlessInputTheLongerItGoesOn) {
  constexpr std::uint64_t kGrowthMax = 4 << 20;
  Process endless = Process::start(shell("seq 1000000000 | sheaf batch -j 2 'printf x'"));
  ASSERT_TRUE(endless.wait_until([&] { return endless.out().size() >= 500; }, "500 items are done"));
  std::map<pid_t, std::uint64_t> early;
  for (const ProcessInfo& one : processes()) early[one.pid] = one.peak_rss_bytes;
  ASSERT_TRUE(endless.wait_until([&] { return endless.out().size() >= 6000; }, "6000 items are done"));
  unsigned seen = 0;
  for (const ProcessInfo& one : processes()) {
    if (!one.program.starts_with("sheaf") || !early.contains(one.pid)) continue;
    seen += 1;
    EXPECT_LE(one.peak_rss_bytes, early[one.pid] + kGrowthMax) << one.program;
  }
  EXPECT_EQ(seen, 6U) << "command, master, stage, link, spawner, executor";
  for (const ProcessInfo& one : of_program(processes(), "sheaf")) ::kill(one.pid, SIGINT);
  endless.wait();
}

TEST_F(BatchTest, ReadsNoFurtherThanItsWindowWhileNothingEnds) {
  // 4096 items beyond what is done, of 5 bytes; and what the pipe and one read hold.
  constexpr std::uint64_t kBytesMax = 512 << 10;
  Process endless = Process::start(shell("seq 1000000000 | sheaf batch -j 1 'sleep 1000; : {}'"));
  ASSERT_TRUE(endless.wait_until([&] { return !of_program(processes(), "sleep").empty(); }, "the first item runs"));
  // Longer than reading on would take: one that does not stop has many megabytes by then.
  ASSERT_TRUE(endless.run_for(std::chrono::milliseconds(500)));
  const std::vector<ProcessInfo> seq = of_program(processes(), "seq");
  ASSERT_EQ(seq.size(), 1U);
  std::istringstream io(read_file("/proc/" + std::to_string(seq[0].pid) + "/io"));
  std::uint64_t written = 0;
  for (std::string name; io >> name >> written && name != "wchar:";) {
  }
  EXPECT_GT(written, 0U);
  EXPECT_LE(written, kBytesMax);
  for (const ProcessInfo& one : of_program(processes(), "sheaf")) ::kill(one.pid, SIGINT);
  endless.wait();
}

TEST_F(BatchTest, ExitsWithTheNumberOfItemsThatFailed) {
  const Finished few = run(sheaf({"batch", "exit {}", ":::", "0", "1", "0", "7"}));
  EXPECT_EQ(few.exit_code, 2);
  EXPECT_EQ(few.err, "sheaf batch: 2 of 4 items failed: item 2 (1) exited with code 1, item 4 (7) exited with code 7\n");
  const Finished many = run(shell("seq 150 | sheaf batch --quiet 'kill -9 $$'"));
  EXPECT_EQ(many.exit_code, 101);
  EXPECT_EQ(many.err, "");
}

TEST_F(BatchTest, SaysOnceThatACommandIsNotThere) {
  const Finished finished = run(shell("seq 20 | sheaf batch no-such-command"));
  EXPECT_EQ(finished.exit_code, 20);
  EXPECT_EQ(finished.err, "sheaf batch: no-such-command: command not found (20 items)\n");
  write_file(path("plain.txt"), "text");
  const Finished plain = run(sheaf({"batch", "./plain.txt", ":::", "a"}));
  EXPECT_EQ(plain.exit_code, 1);
  EXPECT_EQ(plain.err, "sheaf batch: ./plain.txt: is not executable (1 item)\n");
}

TEST_F(BatchTest, EndsWithoutAWordWhenNobodyReads) {
  const Finished finished = run(shell("{ yes | sheaf batch echo; echo $? >code; } | head -2"));
  EXPECT_EQ(finished.out, "y\ny\n");
  EXPECT_EQ(finished.err, "");
  EXPECT_EQ(read_file(path("code")), "141\n");
}

TEST_F(BatchTest, EndsAlsoWhenWhoStartsItHasClosedAStream) {
  const Finished no_input = run(shell("sheaf batch echo <&-"));
  EXPECT_EQ(no_input.exit_code, 0) << no_input.err;
  EXPECT_EQ(no_input.out, "");
  const Finished no_output = run(shell("sheaf batch echo ::: a >&-"));
  EXPECT_EQ(no_output.exit_code, 255);
  EXPECT_THAT(no_output.err, HasSubstr("standard output"));
  const Finished no_errors = run(shell("sheaf batch 'echo {}; echo e >&2; exit 3' ::: a b 2>&-"));
  EXPECT_EQ(no_errors.exit_code, 2);
  EXPECT_EQ(no_errors.out, "a\nb\n");
}

TEST_F(BatchTest, TellsAFailureWhoseWordsAreNoTextOrVeryLong) {
  const Finished directory = run(sheaf({"batch", "--workdir", path("caf\xe9"), "echo", ":::", "a"}));
  EXPECT_EQ(directory.exit_code, 1);
  EXPECT_THAT(directory.err, HasSubstr("no such directory to run in"));
  const Finished program = run(sheaf({"batch", "{}", "x", ":::", std::string(40000, 'p')}));
  EXPECT_EQ(program.exit_code, 1);
  EXPECT_THAT(program.err, HasSubstr("(1 item)"));
}

TEST_F(BatchTest, CountsFailuresBeyondThoseThatItNames) {
  std::vector<std::string> words = {"batch", "no-such-program-{}", "x", ":::"};
  for (int i = 0; i < 12; ++i) words.push_back(std::to_string(i));
  const Finished finished = run(sheaf(words));
  EXPECT_EQ(finished.exit_code, 12);
  EXPECT_THAT(finished.err, HasSubstr("4 of 12 items failed for other reasons"));
}

TEST_F(BatchTest, RefusesItemsThatCannotBe) {
  const Finished missing = run(sheaf({"batch", "echo", "::::", "missing.txt"}));
  EXPECT_EQ(missing.exit_code, 255);
  EXPECT_EQ(missing.err, "sheaf batch: missing.txt: no such file\n");
  const Finished nul = run(shell("printf 'a\\000b' | sheaf batch echo"));
  EXPECT_EQ(nul.exit_code, 255);
  EXPECT_THAT(nul.err, StartsWith("sheaf batch: standard input: line 1 has a NUL byte"));
}

TEST_F(BatchTest, RefusesOptionsAndTemplatesThatItHasNot) {
  const Finished perl = run(sheaf({"batch", "echo {= s/a/b/ =}", ":::", "a"}));
  EXPECT_EQ(perl.exit_code, 255);
  EXPECT_EQ(perl.out, "");
  EXPECT_THAT(perl.err, HasSubstr("{= =} is Perl"));
  const Finished mixing = run(sheaf({"batch", "--line-buffer", "echo", ":::", "a"}));
  EXPECT_EQ(mixing.exit_code, 255);
  EXPECT_THAT(mixing.err, HasSubstr("outputs of items are never mixed"));
}

TEST_F(BatchTest, HintsAtAnOperatorThatNoShellSees) {
  const Finished finished = run(sheaf({"batch", "echo", "{}", "|", "wc", ":::", "a"}));
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.out, "a | wc\n");
  EXPECT_THAT(finished.err, HasSubstr("\"|\" is an argument of echo here"));
}

TEST_F(BatchTest, EndsEverythingOnASignal) {
  Process batch = Process::start(sheaf({"batch", "-j", "2", "sleep 1000 & echo $$ >{}; sleep 1000", ":::", "a", "b"}));
  ASSERT_TRUE(batch.wait_until([&] { return processes("sleep").size() == 4; }, "all sleep"));
  batch.send(SIGINT);
  const Finished finished = batch.wait();
  EXPECT_EQ(finished.exit_code, 130);
  EXPECT_EQ(finished.err, "sheaf batch: stopped by SIGINT\n");
  expect_all_gone();
}

}  // namespace
}  // namespace sheaf::e2e
