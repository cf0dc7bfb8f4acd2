#include "common/runtime/child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "common/runtime/files.h"
#include "common/runtime/lifeline.h"

namespace sheaf {
namespace {

using testing::HasSubstr;

/// All that comes out of `fd` until its writers are gone.
std::string read_to_end(const Fd& fd) {
  std::string text;
  char buffer[256];
  ssize_t size = 0;
  while ((size = ::read(fd.get(), buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(size));
  return text;
}

/// Runs `script` in a shell and gives what it wrote to stdout.
std::string output_of(const std::string& script, std::vector<int> descriptors = {}) {
  auto pipe = make_pipe();
  if (!pipe) return "no pipe";
  ChildRequest request;
  request.program = "/bin/sh";
  request.arguments = {"-c", script};
  request.descriptors = std::move(descriptors);
  request.stdout_fd = pipe->write.get();
  const auto pid = start_child(request);
  pipe->write.reset();
  if (!pid) return pid.error().message();
  std::string text = read_to_end(pipe->read);
  wait_for_child(*pid);
  return text;
}

TEST(ChildTest, SaysHowAChildEnded) {
  ChildRequest request;
  request.program = "/bin/sh";
  request.arguments = {"-c", "exit 3"};
  const auto pid = start_child(request);
  ASSERT_TRUE(pid);
  const ChildExit exit = wait_for_child(*pid);
  EXPECT_EQ(exit.pid, *pid);
  EXPECT_EQ(exit.code, 3);
  EXPECT_EQ(exit.signal, 0);
  EXPECT_GT(exit.peak_memory_bytes, 0u);
  EXPECT_EQ(exit.text(), "exited with code 3");

  request.arguments = {"-c", "kill -9 $$"};
  const auto killed = start_child(request);
  ASSERT_TRUE(killed);
  EXPECT_EQ(wait_for_child(*killed).text(), "was ended by signal 9 (Killed)");
}

TEST(ChildTest, NamesTheProgramThatCannotBeStarted) {
  ChildRequest request;
  request.program = "/no/such/program";
  const auto pid = start_child(request);
  ASSERT_FALSE(pid);
  EXPECT_EQ(pid.error().where, "/no/such/program");
  EXPECT_THAT(pid.error().what, HasSubstr("No such file"));
}

TEST(ChildTest, IsInAProcessGroupOfItsOwnWithNothingBlocked) {
  // Goal: Ctrl-C at the terminal reaches the command alone, and a child can be stopped although its parent blocks signals.
  sigset_t block;
  sigset_t before;
  sigemptyset(&block);
  sigaddset(&block, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &block, &before);
  const std::string text = output_of("ps -o pgid= -p $$ | tr -d ' '; echo $$; grep SigBlk /proc/self/status");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const std::size_t line = text.find('\n');
  ASSERT_NE(line, std::string::npos);
  EXPECT_THAT(text.substr(line + 1), HasSubstr(text.substr(0, line) + "\n"));
  EXPECT_THAT(text, HasSubstr("0000000000000000"));
}

TEST(ChildTest, GetsItsDescriptorsFromThreeOnAndNoOthers) {
  auto first = make_pipe();
  auto second = make_pipe();
  ASSERT_TRUE(first && second);
  // One that sheaf was itself started with, and that is not closed on exec.
  const Fd stray(::dup(first->read.get()));
  const std::string text = output_of(
      "echo for-three >&3; echo for-four >&4; for n in $(seq 0 60); do [ ! -e /proc/$$/fd/$n ] || printf '%s ' $n; done",
      {first->write.get(), second->write.get()});
  first->write.reset();
  second->write.reset();
  EXPECT_EQ(read_to_end(first->read), "for-three\n");
  EXPECT_EQ(read_to_end(second->read), "for-four\n");
  EXPECT_EQ(text, "0 1 2 3 4 ");
}

TEST(ChildTest, LaysOutDescriptorsThatStandInEachOthersWay) {
  // Goal: passing (4, 3) as 3 and 4 must swap them, not give one of them twice.
  auto first = make_pipe();
  auto second = make_pipe();
  ASSERT_TRUE(first && second);
  std::vector<int> descriptors = {first->write.get(), second->write.get()};
  if (descriptors[0] < descriptors[1]) std::swap(descriptors[0], descriptors[1]);
  output_of("echo three >&3; echo four >&4", descriptors);
  const bool swapped = descriptors[0] == second->write.get();
  first->write.reset();
  second->write.reset();
  EXPECT_EQ(read_to_end(first->read), swapped ? "four\n" : "three\n");
  EXPECT_EQ(read_to_end(second->read), swapped ? "three\n" : "four\n");
}

TEST(ChildTest, ReadsNothingFromTheTerminal) {
  EXPECT_EQ(output_of("cat; echo end"), "end\n");
}

TEST(ChildTest, IsSeenOnlyWhenItHasEnded) {
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe);
  ChildRequest request;
  request.program = "/bin/cat";
  request.stdin_fd = pipe->read.get();
  const auto pid = start_child(request);
  ASSERT_TRUE(pid);
  EXPECT_FALSE(poll_child(*pid));
  pipe->write.reset();  // cat reads the end of its input, and ends.
  EXPECT_EQ(wait_for_child(*pid).code, 0);
  EXPECT_FALSE(poll_child(*pid));
}

TEST(ChildTest, SeesThroughItsLifelineThatItsParentIsGone) {
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe);
  EXPECT_FALSE(is_parent_gone(pipe->read));
  const char setup = 'x';
  ASSERT_EQ(::write(pipe->write.get(), &setup, 1), 1);
  EXPECT_FALSE(is_parent_gone(pipe->read));  // What the parent has said first does not mean that it is gone.
  pipe->write.reset();
  EXPECT_TRUE(is_parent_gone(pipe->read));
}

}  // namespace
}  // namespace sheaf
