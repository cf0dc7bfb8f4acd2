#include "common/wire/stage_setup.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/runtime/fd.h"

namespace sheaf::wire {
namespace {

v1::StageSetup setup() {
  v1::StageSetup setup;
  setup.set_endpoint("ipc:///tmp/master.sock");
  setup.set_run(3);
  setup.set_token(std::string("\0\1\2\3\4\5\6\7\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", 16));
  setup.set_incarnation(2);
  return setup;
}

TEST(StageSetupTest, GoesThroughThePipeThatIsTheLifeline) {
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe);
  ASSERT_TRUE(write_stage_setup(pipe->write.get(), setup()));
  const auto read = read_stage_setup(pipe->read.get());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->SerializeAsString(), setup().SerializeAsString());
  // Nothing is left in the pipe: from here on it only says whether the parent is there.
  set_nonblocking(pipe->read.get(), true);
  char byte;
  EXPECT_EQ(::read(pipe->read.get(), &byte, 1), -1);
}

TEST(StageSetupTest, SaysThatTheParentIsGone) {
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe);
  const std::string bytes = encode_stage_setup(setup());
  for (const std::size_t sent : {std::size_t{0}, std::size_t{5}, std::size_t{8}, bytes.size() - 1}) {
    auto cut = make_pipe();
    ASSERT_TRUE(cut);
    ASSERT_EQ(::write(cut->write.get(), bytes.data(), sent), static_cast<ssize_t>(sent));
    cut->write.reset();
    EXPECT_FALSE(read_stage_setup(cut->read.get())) << sent;
  }
  pipe->read.reset();
}

TEST(StageSetupTest, RefusesWhatIsNoSetup) {
  for (const std::string& bytes :
       {std::string(8, '\xff'), std::string("\x02\0\0\0\0\0\0\0\xff\xff", 10), std::string("\x00\0\0\0\0\0\0\0", 8)}) {
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    ASSERT_EQ(::write(pipe->write.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    EXPECT_FALSE(read_stage_setup(pipe->read.get()));
  }
}

TEST(StageSetupTest, SaysThatItCannotBeWritten) {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_FALSE(write_stage_setup(full.get(), setup()));
}

}  // namespace
}  // namespace sheaf::wire
