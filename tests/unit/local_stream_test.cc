#include "common/local/local_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "tests/unit/temporary_directory.h"

namespace sheaf::local {
namespace {

struct Ends {
  LocalStream here;
  LocalStream there;
};

Ends connected() {
  auto pair = make_socketpair();
  return {LocalStream(std::move(pair->first)), LocalStream(std::move(pair->second))};
}

/// A stream, and the bare socket at its other end.
std::pair<LocalStream, Fd> half_connected() {
  auto pair = make_socketpair();
  return {LocalStream(std::move(pair->first)), std::move(pair->second)};
}

LocalFrame job_frame(std::uint64_t seq, Blob payload) {
  LocalFrame frame;
  v1::ExecutorJob& job = *frame.message.mutable_job();
  job.mutable_job()->set_run(1);
  job.mutable_job()->set_seq(seq);
  *job.mutable_payload() = attach_payload(std::move(payload), frame);
  return frame;
}

Blob large_blob(const std::string& directory, std::size_t size) {
  Blob blob(directory);
  for (std::size_t left = size; left > 0;) {
    const std::size_t piece = std::min<std::size_t>(left, 100'000);
    EXPECT_TRUE(blob.append(std::string(piece, static_cast<char>(left))));
    left -= piece;
  }
  return blob;
}

TEST(LocalStreamTest, BringsMessagesWithTheirPayloadsInOrder) {
  Ends ends = connected();
  for (std::uint64_t seq = 0; seq < 3; ++seq) {
    ASSERT_TRUE(ends.here.send(job_frame(seq, Blob::of("payload " + std::to_string(seq)))));
  }
  for (std::uint64_t seq = 0; seq < 3; ++seq) {
    auto frame = ends.there.receive();
    ASSERT_TRUE(frame && *frame);
    EXPECT_EQ((*frame)->message.job().job().seq(), seq);
    const auto payload = take_payload((*frame)->message.job().payload(), **frame);
    ASSERT_TRUE(payload);
    EXPECT_EQ(payload->memory(), "payload " + std::to_string(seq));
  }
}

TEST(LocalStreamTest, PassesALargePayloadAsAFile) {
  const TemporaryDirectory directory;
  Ends ends = connected();
  Blob sent = large_blob(directory.path(), 3'000'000);
  ASSERT_FALSE(sent.is_in_memory());
  const Digest digest = sent.digest();
  // Between small ones: each message must get its own file, and the small ones none.
  ASSERT_TRUE(ends.here.send(job_frame(0, Blob::of("small"))));
  ASSERT_TRUE(ends.here.send(job_frame(1, std::move(sent))));
  ASSERT_TRUE(ends.here.send(job_frame(2, Blob::of("small"))));
  for (std::uint64_t seq = 0; seq < 3; ++seq) {
    auto frame = ends.there.receive();
    ASSERT_TRUE(frame && *frame);
    EXPECT_EQ((*frame)->message.job().payload().in_file(), seq == 1);
    EXPECT_EQ((*frame)->files.size(), seq == 1 ? 1U : 0U);
    const auto payload = take_payload((*frame)->message.job().payload(), **frame);
    ASSERT_TRUE(payload);
    EXPECT_EQ(payload->digest(), seq == 1 ? digest : Blob::of("small").digest());
  }
}

TEST(LocalStreamTest, PassesALargePayloadOnWithoutADescriptorToSpare) {
  // Goal: a link that is out of descriptors still gives its jobs to its executors. Method: a file, and then no more of them.
  const TemporaryDirectory directory;
  Ends ends = connected();
  Blob sent = large_blob(directory.path(), 1'500'000);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // Not 0: that is also how many files of this user may be under way, in other processes too.
  const Fd next_free(::fcntl(0, F_DUPFD_CLOEXEC, 0));
  const rlimit none{static_cast<rlim_t>(next_free.get()), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Status status = ends.here.send(job_frame(0, std::move(sent)));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(status) << status.error().message();
  auto frame = ends.there.receive();
  ASSERT_TRUE(frame) << frame.error().message();
  ASSERT_TRUE(*frame);
  EXPECT_EQ((*frame)->files.size(), 1U);
}

TEST(LocalStreamTest, QueuesWhatTheSocketDoesNotTake) {
  // Goal: a loop that must not wait sends more than the socket holds, and all of it arrives in order, files too.
  const TemporaryDirectory directory;
  Ends ends = connected();
  constexpr std::uint64_t kFrames = 40;
  for (std::uint64_t seq = 0; seq < kFrames; ++seq) {
    ends.here.queue(seq % 8 == 3 ? job_frame(seq, large_blob(directory.path(), 1'500'000))
                                 : job_frame(seq, Blob::of(std::string(100'000, 'x'))));
  }
  ASSERT_TRUE(ends.here.flush());
  EXPECT_TRUE(ends.here.has_queued());  // Four megabytes are more than a socket takes.
  std::uint64_t arrived = 0;
  while (arrived < kFrames) {
    ASSERT_TRUE(ends.here.flush());
    ASSERT_TRUE(ends.there.fill());
    while (true) {
      auto frame = ends.there.next();
      ASSERT_TRUE(frame);
      if (!*frame) break;
      EXPECT_EQ((*frame)->message.job().job().seq(), arrived);
      EXPECT_EQ((*frame)->files.size(), arrived % 8 == 3 ? 1U : 0U);
      arrived += 1;
    }
  }
  EXPECT_FALSE(ends.here.has_queued());
}

TEST(LocalStreamTest, WaitsForARoomySocketWhenItMustSendAll) {
  Ends ends = connected();
  std::thread reader([&ends] {
    for (int i = 0; i < 5; ++i) {
      auto frame = ends.there.receive();
      ASSERT_TRUE(frame && *frame);
      EXPECT_EQ((*frame)->body.size(), 900'000u);
    }
  });
  for (std::uint64_t seq = 0; seq < 5; ++seq) EXPECT_TRUE(ends.here.send(job_frame(seq, Blob::of(std::string(900'000, 'x')))));
  reader.join();
}

TEST(LocalStreamTest, PassesADescriptorThatIsNoPayload) {
  Ends ends = connected();
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe);
  LocalFrame frame;
  frame.message.mutable_spawned()->set_pid(77);
  frame.files.push_back(std::move(pipe->write));
  ASSERT_TRUE(ends.here.send(std::move(frame)));
  frame.files.clear();
  auto arrived = ends.there.receive();
  ASSERT_TRUE(arrived && *arrived);
  ASSERT_EQ(::write((*arrived)->files.front().get(), "hello", 5), 5);
  char text[5];
  ASSERT_EQ(::read(pipe->read.get(), text, sizeof text), 5);
  EXPECT_EQ(std::string(text, 5), "hello");
}

TEST(LocalStreamTest, TellsAnOrderlyEndFromABrokenOne) {
  Ends ends = connected();
  ASSERT_TRUE(ends.here.send(job_frame(0, Blob::of("last words"))));
  ends.here = LocalStream(Fd());
  ASSERT_TRUE(*ends.there.receive());
  const auto end = ends.there.receive();
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);

  auto [stream, other] = half_connected();
  ASSERT_EQ(::write(other.get(), "\x05\x00\x00", 3), 3);  // Dies in the middle of a message.
  other.reset();
  EXPECT_FALSE(stream.receive());
}

TEST(LocalStreamTest, SaysThatTheOtherEndIsGone) {
  auto [stream, other] = half_connected();
  other.reset();
  EXPECT_FALSE(stream.send(job_frame(0, Blob::of("x"))));
  EXPECT_FALSE(stream.fill());
}

TEST(LocalStreamTest, RefusesNonsense) {
  const auto refuses = [](const std::string& bytes) {
    auto [stream, other] = half_connected();
    EXPECT_EQ(::write(other.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    return !stream.receive();
  };
  EXPECT_TRUE(refuses(std::string(8, '\xff')));                              // Two lengths beyond the limits.
  EXPECT_TRUE(refuses(std::string("\x00\x00\x00\x00\x01\x00\x10\x00", 8)));  // A body of one byte more than may be inlined.
  EXPECT_TRUE(refuses(std::string("\x03\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff", 11)));  // A header that is no message.
}

TEST(LocalStreamTest, RefusesAMessageWithoutItsFile) {
  v1::LocalMessage message;
  message.mutable_job()->mutable_payload()->set_in_file(true);
  const std::string header = message.SerializeAsString();
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  bytes += header;
  auto [stream, other] = half_connected();
  ASSERT_EQ(::write(other.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_FALSE(stream.receive());
}

TEST(LocalStreamTest, RefusesAPayloadOfAnotherSizeThanItSays) {
  LocalFrame frame = job_frame(0, Blob::of("four"));
  v1::LocalPayload header = frame.message.job().payload();
  header.set_bytes(5);
  EXPECT_FALSE(take_payload(header, frame));
}

TEST(LocalStreamTest, KeepsNoDescriptorOpen) {
  const TemporaryDirectory directory;
  const std::ptrdiff_t before = open_descriptors();
  {
    Ends ends = connected();
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(ends.here.send(job_frame(0, large_blob(directory.path(), 1'500'000))));
      ASSERT_TRUE(*ends.there.receive());
    }
    ASSERT_TRUE(ends.here.send(job_frame(0, large_blob(directory.path(), 1'500'000))));  // Nobody takes this one.
    ASSERT_TRUE(ends.there.fill());
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace sheaf::local
