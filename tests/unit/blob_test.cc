#include "common/runtime/blob.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "common/runtime/files.h"
#include "tests/unit/temporary_directory.h"

namespace sheaf {
namespace {

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

Digest digest_of_text(const std::string& text) {
  return digest_of(std::as_bytes(std::span(text)));
}

TEST(BlobTest, KeepsFewBytesInMemory) {
  Blob blob;
  ASSERT_TRUE(blob.append("a sheaf is "));
  ASSERT_TRUE(blob.append("cut apart"));
  EXPECT_TRUE(blob.is_in_memory());
  EXPECT_EQ(blob.memory(), "a sheaf is cut apart");
  EXPECT_EQ(blob.size(), 20u);
  EXPECT_EQ(*blob.read(2, 5), "sheaf");
  EXPECT_EQ(blob.digest(), digest_of_text("a sheaf is cut apart"));
}

TEST(BlobTest, MovesIntoAFileBeyondOneMebibyte) {
  const TemporaryDirectory directory;
  const std::string bytes = pattern(kInlinePayloadBytesMax + 70'000);
  Blob blob(directory.path());
  ASSERT_TRUE(blob.append(std::string_view(bytes).substr(0, kInlinePayloadBytesMax)));
  EXPECT_TRUE(blob.is_in_memory());  // The limit itself still fits.
  ASSERT_TRUE(blob.append(std::string_view(bytes).substr(kInlinePayloadBytesMax, 1)));
  EXPECT_FALSE(blob.is_in_memory());
  ASSERT_TRUE(blob.append(std::string_view(bytes).substr(kInlinePayloadBytesMax + 1)));

  EXPECT_EQ(blob.size(), bytes.size());
  EXPECT_EQ(*blob.read_all(), bytes);
  EXPECT_EQ(*blob.read(kInlinePayloadBytesMax - 3, 10), bytes.substr(kInlinePayloadBytesMax - 3, 10));
  EXPECT_EQ(blob.digest(), digest_of_text(bytes));
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));  // The file has no name: nothing is left whatever happens.
}

TEST(BlobTest, GrowsFromWhatItWasGiven) {
  const TemporaryDirectory directory;
  const std::string bytes = pattern(kInlinePayloadBytesMax + 70'000);
  for (const std::size_t given : {std::size_t{3}, std::size_t{kInlinePayloadBytesMax}}) {
    Blob blob = Blob::of(bytes.substr(0, given));
    const Bytes before = blob.memory();
    ASSERT_TRUE(blob.append(std::string_view(bytes).substr(given)));
    EXPECT_FALSE(blob.is_in_memory());
    EXPECT_EQ(blob.digest(), digest_of_text(bytes));
    EXPECT_TRUE(*blob.read_all() == bytes);
    EXPECT_EQ(before.size(), given);
  }
}

TEST(BlobTest, TakesOverAFileAndLearnsItsDigest) {
  const std::string bytes = pattern(600'000);
  auto file = open_unnamed_file("/tmp");
  ASSERT_TRUE(file);
  ASSERT_TRUE(write_at(file->get(), 0, std::as_bytes(std::span(bytes))));
  const auto blob = Blob::of_file(std::move(*file), bytes.size());
  ASSERT_TRUE(blob);
  EXPECT_EQ(blob->digest(), digest_of_text(bytes));
  EXPECT_EQ(*blob->read_all(), bytes);
}

TEST(BlobTest, RefusesAFileThatIsShorterThanItShouldBe) {
  auto file = open_unnamed_file("/tmp");
  ASSERT_TRUE(file);
  const std::string bytes = pattern(1000);
  ASSERT_TRUE(write_at(file->get(), 0, std::as_bytes(std::span(bytes))));
  const auto blob = Blob::of_file(std::move(*file), 1001);
  ASSERT_FALSE(blob);
  EXPECT_EQ(blob.error().code, ErrorCode::kFailed);
}

TEST(BlobTest, SaysWhereALargePayloadCannotBeKept) {
  Blob blob("/no/such/directory");
  const Status status = blob.append(pattern(kInlinePayloadBytesMax + 1));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().where, "/no/such/directory");
}

TEST(BlobTest, SaysThatTheDiskIsFull) {
  // /dev/full takes no byte. A blob whose file is there already meets it as a full disk.
  Fd full(::open("/dev/full", O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(full.is_open());
  auto blob = Blob::of_file(std::move(full), 0);
  ASSERT_TRUE(blob);
  const Status status = blob->append("x");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().what.find("No space left on device"), std::string::npos) << status.error().what;
}

TEST(BlobTest, OfBytesIsWhatItWasGiven) {
  const Blob blob = Blob::of("abc");
  EXPECT_EQ(blob.memory(), "abc");
  EXPECT_EQ(blob.digest(), digest_of_text("abc"));
  EXPECT_EQ(Blob().digest(), digest_of_text(""));
}

}  // namespace
}  // namespace sheaf
