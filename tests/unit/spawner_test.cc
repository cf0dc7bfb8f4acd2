#include "worker/spawner/spawner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "common/local/local_stream.h"
#include "common/runtime/child.h"

namespace sheaf::worker {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class SpawnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto spawner = start_spawner();
    ASSERT_TRUE(spawner);
    pid_ = spawner->pid;
    link_.emplace(std::move(spawner->socket));
  }
  void TearDown() override {
    link_.reset();
    if (pid_ != 0) wait_for_child(pid_);
  }

  local::LocalFrame receive() {
    auto frame = link_->receive();
    EXPECT_TRUE(frame && *frame);
    return frame && *frame ? std::move(**frame) : local::LocalFrame{};
  }
  /// Starts `script` with a shell; its Spawned.
  local::LocalFrame spawn(std::uint64_t id, const std::string& script, const std::string& program = "/bin/sh") {
    local::LocalFrame frame;
    v1::Spawn& request = *frame.message.mutable_spawn();
    request.set_id(id);
    request.set_program(program);
    request.add_arguments("-c");
    request.add_arguments(script);
    EXPECT_TRUE(link_->send(std::move(frame)));
    local::LocalFrame answer = receive();
    EXPECT_TRUE(answer.message.has_spawned());
    EXPECT_EQ(answer.message.spawned().id(), id);
    return answer;
  }
  v1::Exited exited() {
    const local::LocalFrame frame = receive();
    EXPECT_TRUE(frame.message.has_exited());
    return frame.message.exited();
  }

  std::optional<local::LocalStream> link_;
  pid_t pid_ = 0;
};

TEST_F(SpawnerTest, TellsHowAChildWasKilled) {
  spawn(1, "echo these are my last words >&2; kill -9 $$");
  const v1::Exited end = exited();
  EXPECT_EQ(end.id(), 1U);
  EXPECT_EQ(end.signal(), SIGKILL);
  EXPECT_GT(end.peak_memory_bytes(), 100'000U);
  EXPECT_LT(end.peak_memory_bytes(), 1'000'000'000U);
  EXPECT_EQ(end.stderr_tail(), "these are my last words\n");
}

TEST_F(SpawnerTest, TellsTheExitCodeOfAChildThatLeft) {
  spawn(1, "exit 7");
  const v1::Exited end = exited();
  EXPECT_EQ(end.exit_code(), 7);
  EXPECT_EQ(end.signal(), 0);
}

TEST_F(SpawnerTest, GivesTheChildASocketToTheLinkAndALifeline) {
  local::LocalFrame spawned = spawn(1, "read word <&4; echo \"got $word\" >&4; test -p /dev/fd/3 && exit 5");
  const Fd socket = std::move(spawned.files.front());
  ASSERT_TRUE(socket.is_open());
  ASSERT_EQ(::write(socket.get(), "hello\n", 6), 6);
  std::string answer(10, '\0');
  ASSERT_EQ(::read(socket.get(), answer.data(), answer.size()), 10);
  EXPECT_EQ(answer, "got hello\n");
  EXPECT_EQ(exited().exit_code(), 5);
}

TEST_F(SpawnerTest, KeepsTheEndOfALongComplaint) {
  spawn(1, "i=0; while [ $i -lt 20000 ]; do printf 'line %d \\377\\n' $i >&2; i=$((i+1)); done");
  const std::string tail = exited().stderr_tail();
  EXPECT_LE(tail.size(), 64U * 1024);
  EXPECT_GT(tail.size(), 60U * 1024);
  EXPECT_THAT(tail, EndsWith("line 19999 ?\n"));
}

TEST_F(SpawnerTest, SaysWhatCannotBeStarted) {
  local::LocalFrame answer = spawn(1, "", "/no/such/program");
  ASSERT_TRUE(answer.message.spawned().has_fault());
  EXPECT_THAT(answer.message.spawned().fault().what(), HasSubstr("No such file"));
  EXPECT_EQ(answer.message.spawned().fault().where(), "/no/such/program");
  spawn(2, "exit 1");  // It goes on.
  EXPECT_EQ(exited().id(), 2U);
}

TEST_F(SpawnerTest, KillsWhatItIsToldTo) {
  const local::LocalFrame first = spawn(1, "read forever <&4");
  const local::LocalFrame second = spawn(2, "read forever <&4");
  local::LocalFrame kill;
  kill.message.mutable_kill()->set_id(2);
  ASSERT_TRUE(link_->send(std::move(kill)));
  const v1::Exited end = exited();
  EXPECT_EQ(end.id(), 2U);
  EXPECT_EQ(end.signal(), SIGKILL);
}

TEST_F(SpawnerTest, LeavesNoProcessBehindWhenTheLinkIsGone) {
  local::LocalFrame spawned = spawn(1, "echo ready >&4; read forever <&4");
  char byte = 0;
  ASSERT_EQ(::read(spawned.files.front().get(), &byte, 1), 1);
  link_.reset();
  wait_for_child(pid_);  // It kills first, and waits for its children.
  pid_ = 0;
  EXPECT_EQ(::kill(static_cast<pid_t>(spawned.message.spawned().pid()), 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(SpawnerTest, LeavesALifelineThatClosesWhenItIsKilled) {
  // The child waits for its lifeline (descriptor 3) to close, as executors do, and says so on its socket.
  local::LocalFrame spawned = spawn(1, "echo ready >&4; read word <&3; echo closed >&4");
  std::string ready(6, '\0');
  ASSERT_EQ(::read(spawned.files.front().get(), ready.data(), ready.size()), 6);
  ASSERT_EQ(::kill(pid_, SIGKILL), 0);
  std::string word(7, '\0');
  ASSERT_EQ(::read(spawned.files.front().get(), word.data(), word.size()), 7);
  EXPECT_EQ(word, "closed\n");
}

}  // namespace
}  // namespace sheaf::worker
