#include "worker/spawner/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <string>

#include "common/runtime/clock.h"
#include "tests/unit/temporary_directory.h"

namespace sheaf::worker {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr OwnerId kOwner = 4;

/// The commands of a spawner, whose loop the test is.
class CommandsTest : public ::testing::Test {
 protected:
  CommandsTest() { commands_.set_lease(now_ + 1h); }
  ~CommandsTest() override { kill_and_reap_all_children(); }

  v1::StartCommand shell(const std::string& line) const {
    v1::StartCommand request;
    for (const char* word : {"/bin/sh", "-c"}) request.add_arguments(word);
    request.add_arguments(line);
    request.set_directory(directory_.path());
    return request;
  }
  void start(v1::StartCommand request, OwnerId owner = kOwner) {
    auto output = make_pipe();
    auto errors = make_pipe();
    int ends[2];
    ASSERT_TRUE(output && errors && ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    local::LocalFrame frame;
    *frame.message.mutable_start_command() = std::move(request);
    frame.files.push_back(std::move(output->write));
    frame.files.push_back(std::move(errors->write));
    frame.files.emplace_back(ends[1]);
    output_ = std::move(output->read);
    control_ = Fd(ends[0]);
    commands_.start(owner, std::move(frame), now_);
  }
  /// Waits for a command to end, and reaps it.
  v1::CommandEnded end() {
    while (commands_.has_any()) {
      siginfo_t info{};
      EXPECT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
      if (!commands_.on_ended_child(info.si_pid)) poll_child(info.si_pid);
    }
    return told();
  }
  v1::CommandEnded told() const {
    std::array<char, 4096> buffer;
    const ssize_t size = ::recv(control_.get(), buffer.data(), buffer.size(), 0);
    v1::CommandEnded ended;
    EXPECT_TRUE(size >= 0 && ended.ParseFromArray(buffer.data(), static_cast<int>(size)));
    return ended;
  }
  /// All that it wrote, once it is gone.
  std::string output() {
    std::string text;
    std::array<char, 4096> buffer;
    for (ssize_t size = 1; size > 0;) {
      size = ::read(output_.get(), buffer.data(), buffer.size());
      if (size > 0) text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return text;
  }
  /// Reads up to the end of a line: then it has got so far.
  void await_line() {
    for (char c = 0; c != '\n';) ASSERT_EQ(::read(output_.get(), &c, 1), 1);
  }
  /// One turn of the loop.
  void turn() {
    std::vector<pollfd> polled(1, pollfd{-1, 0, 0});
    commands_.add_to(polled);
    ::poll(polled.data(), polled.size(), 0);
    commands_.after_poll(polled, now_);
    commands_.on_time(now_);
  }

  TemporaryDirectory directory_;
  Instant now_ = now();
  Commands commands_;
  Fd output_;
  Fd control_;
};

TEST_F(CommandsTest, TellsHowACommandEndedAndWhatItTook) {
  start(shell("pwd; i=0; while test $i -lt 20000; do i=$((i+1)); done; exit 3"));
  const v1::CommandEnded ended = end();
  EXPECT_EQ(output(), directory_.path() + "\n");
  EXPECT_EQ(ended.exit_code(), 3);
  EXPECT_EQ(ended.signal(), 0);
  EXPECT_GT(ended.user_nanoseconds() + ended.system_nanoseconds(), 0U);
  start(shell("kill -9 $$"));
  EXPECT_EQ(end().signal(), SIGKILL);
}

TEST_F(CommandsTest, ToldMemoryIsTheCommandsOwn) {
  start(shell("true"));
  EXPECT_EQ(end().peak_memory_bytes(), 0U) << "what the test itself has is not told";
  v1::StartCommand large;
  for (const char* word : {"python3", "-c", "b = bytearray(300 * 1024 * 1024)"}) large.add_arguments(word);
  start(large);
  EXPECT_GT(end().peak_memory_bytes(), 300U * 1024 * 1024);
}

TEST_F(CommandsTest, TellsWhyACommandCannotBeStarted) {
  v1::StartCommand request;
  request.add_arguments("no-such-command");
  start(request);
  EXPECT_EQ(told().start_error(), ENOENT);
  std::ofstream(directory_.path() + "/plain") << "text";
  request.set_arguments(0, directory_.path() + "/plain");
  start(request);
  EXPECT_EQ(told().start_error(), EACCES);
  request = shell("true");
  request.set_directory("/no/such/directory");
  start(request);
  const v1::CommandEnded ended = told();
  EXPECT_EQ(ended.start_error(), ENOENT);
  EXPECT_THAT(ended.fault(), HasSubstr("/no/such/directory"));
}

TEST_F(CommandsTest, StartsAScriptWithoutAnInterpreterAsAShellDoes) {
  const std::string script = directory_.path() + "/script";
  std::ofstream(script) << "echo \"$1 $2\"\n";
  ASSERT_EQ(::chmod(script.c_str(), 0755), 0);
  v1::StartCommand request;
  for (const std::string& word : {script, std::string("a b"), std::string("c")}) request.add_arguments(word);
  start(request);
  EXPECT_EQ(end().exit_code(), 0);
  EXPECT_EQ(output(), "a b c\n");
}

TEST_F(CommandsTest, PassesOnTheEnvironmentOrTheLeastOfIt) {
  ::setenv("SHEAF_TEST_VARIABLE", "inherited", 1);
  ::setenv("SHEAF_PRIVATE_LOG", "error", 1);
  Commands fresh;
  ::unsetenv("SHEAF_PRIVATE_LOG");  // Other tests of this process start programs that would obey it.
  ::unsetenv("SHEAF_TEST_VARIABLE");
  std::swap(commands_, fresh);
  commands_.set_lease(now_ + 1h);
  v1::StartCommand request = shell("env");
  request.add_environment("GIVEN=1");
  request.add_environment("HOME=/elsewhere");
  start(request);
  end();
  EXPECT_THAT(output(), AllOf(HasSubstr("SHEAF_TEST_VARIABLE=inherited\n"), HasSubstr("GIVEN=1\n"),
                              HasSubstr("HOME=/elsewhere\n"), Not(HasSubstr("SHEAF_PRIVATE_LOG"))));
  request.set_clears_environment(true);
  start(request);
  end();
  EXPECT_THAT(output(), AllOf(Not(HasSubstr("SHEAF_TEST_VARIABLE")), HasSubstr("GIVEN=1\n"), HasSubstr("PATH=")));
}

TEST_F(CommandsTest, EndsWhatACommandHasLeftInItsGroup) {
  start(shell("sleep 1000 & echo; exit 0"));
  end();
  output();  // Ends only when nobody can write any more.
}

TEST_F(CommandsTest, EndsTheWholeGroupOfACommandThatIsNotWanted) {
  start(shell("sleep 1000 & echo; wait"));
  await_line();
  ::shutdown(control_.get(), SHUT_WR);
  turn();
  EXPECT_EQ(end().signal(), SIGTERM);
  output();
}

TEST_F(CommandsTest, KillsWhatDoesNotEndWhenItIsAskedTo) {
  start(shell("trap '' TERM; echo; while :; do sleep 0.01; done"));
  await_line();
  commands_.end_all_of(kOwner + 1, now_);
  EXPECT_FALSE(commands_.next_deadline() < now_ + 1h) << "another's";
  commands_.end_all_of(kOwner, now_);
  const Instant deadline = *commands_.next_deadline();
  EXPECT_LE(deadline, now_ + 2s);
  now_ = deadline;
  turn();
  EXPECT_EQ(end().signal(), SIGKILL);
}

TEST_F(CommandsTest, EndsAllWithTheLeaseAndStartsNoneWithoutOne) {
  start(shell("echo; exec sleep 1000"));
  await_line();
  commands_.set_lease(now_ + 2h);
  EXPECT_EQ(commands_.next_deadline(), now_ + 2h);
  now_ += 1h;
  turn();
  EXPECT_FALSE(commands_.next_deadline() < now_ + 1h) << "renewed";
  now_ += 1h;
  turn();
  const v1::CommandEnded ended = end();
  EXPECT_EQ(ended.signal(), SIGTERM);
  EXPECT_TRUE(ended.is_lease_over());
  start(shell("true"));
  EXPECT_FALSE(commands_.has_any());
  EXPECT_TRUE(told().is_lease_over());
}

}  // namespace
}  // namespace sheaf::worker
