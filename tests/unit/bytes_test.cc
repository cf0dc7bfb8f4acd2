#include "common/runtime/bytes.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sheaf {
namespace {

constexpr std::size_t kSizes[] = {0, 1, 15, 16, 1024, 1025, 100'000};

std::string some(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7);
  return text;
}

TEST(BytesTest, HasWhatItWasGivenWhateverTheSize) {
  for (const std::size_t size : kSizes) {
    const std::string text = some(size);
    for (const Bytes& bytes : {Bytes(text), Bytes::copy_of(text), Bytes::kept_by(text)}) {
      EXPECT_EQ(bytes, text) << size;
      EXPECT_EQ(bytes.size(), size);
      EXPECT_EQ(bytes.empty(), size == 0);
      EXPECT_EQ(bytes.text(), text);
    }
  }
}

TEST(BytesTest, SharesInsteadOfCopying) {
  for (const std::size_t size : kSizes) {
    Bytes first = some(size);
    const Bytes second = first;
    EXPECT_EQ(second.data(), first.data());
    first = {};
    EXPECT_EQ(second, some(size));
  }
}

TEST(BytesTest, LeavesManyBytesWhereTheyAre) {
  std::string text = some(100'000);
  const char* where = text.data();
  const Bytes bytes = std::move(text);
  EXPECT_EQ(bytes.data(), where);
}

TEST(BytesTest, GivesItsOwnerUpWithTheLastCopy) {
  const auto watched = std::make_shared<int>(0);
  struct Owner {
    std::shared_ptr<int> watched;
    const char* data() const { return "bytes"; }
    std::size_t size() const { return 5; }
  };
  auto first = std::make_unique<Bytes>(Bytes::kept_by(Owner{watched}));
  {
    const Bytes second = *first;
    first.reset();
    EXPECT_EQ(second, "bytes");
    EXPECT_EQ(watched.use_count(), 2);
  }
  EXPECT_EQ(watched.use_count(), 1);
}

TEST(BytesTest, IsCopiedAndDestroyedByThreadsAtATime) {
  const Bytes shared = some(2000);
  const auto work = [&shared] {
    std::vector<Bytes> copies;
    for (int i = 0; i < 10'000; ++i) copies.assign(3, shared);
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(shared, some(2000));
}

}  // namespace
}  // namespace sheaf
