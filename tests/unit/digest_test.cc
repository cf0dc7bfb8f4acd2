#include "common/base/digest.h"

#include <gtest/gtest.h>

namespace sheaf {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(DigestTest, IsXxh3Of128Bits) {
  // The reference value of the XXH3 specification for the empty input: `xxhsum -H2 /dev/null` prints it.
  EXPECT_EQ(digest_of({}).hex(), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ((Digest{0x0123456789abcdef, 0xfedcba9876543210}).hex(), "0123456789abcdeffedcba9876543210");
}

TEST(DigestTest, IsTheSameWhetherBytesComeAtOnceOrInPieces) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i * 7919);
  for (const std::size_t piece : {1u, 63u, 1000u, 70'000u}) {
    Hasher hasher;
    for (std::size_t at = 0; at < text.size(); at += piece) hasher.update(bytes_of(std::string_view(text).substr(at, piece)));
    EXPECT_EQ(hasher.digest(), digest_of(bytes_of(text))) << piece;
  }
}

TEST(DigestTest, TellsBytesApartThatDifferInOneBit) {
  std::string text(1000, 'x');
  const Digest before = digest_of(bytes_of(text));
  text[500] = 'y';
  EXPECT_NE(digest_of(bytes_of(text)), before);
}

TEST(DigestTest, GoesOnAfterItWasAsked) {
  Hasher hasher;
  hasher.update(bytes_of("ab"));
  EXPECT_EQ(hasher.digest(), digest_of(bytes_of("ab")));
  Hasher moved = std::move(hasher);
  moved.update(bytes_of("c"));
  EXPECT_EQ(moved.digest(), digest_of(bytes_of("abc")));
}

}  // namespace
}  // namespace sheaf
