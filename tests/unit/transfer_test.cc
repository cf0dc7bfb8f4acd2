#include "common/wire/transfer.h"

#include <gtest/gtest.h>

#include "common/wire/limits.h"

namespace sheaf::wire {
namespace {

constexpr JobId kJob{RunId{1}, JobKey{5, 0}};
constexpr Attempt kAttempt{2, 9};

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 13 + i / 257);
  return bytes;
}

v1::PayloadRef announced(const std::string& bytes) {
  return payload_ref(bytes.size(), digest_of(std::as_bytes(std::span(bytes))), false);
}

v1::Part part_at(std::uint64_t offset, bool last) {
  v1::Part part;
  part.set_offset(offset);
  part.set_last(last);
  return part;
}

TEST(TransferTest, BringsALargePayloadInPartsUnderCredit) {
  // Goal: whatever the size, the sender is never further ahead of the receiver than the window.
  const std::string bytes = pattern(11 * kPartBytesMax + 12'345);
  Upload upload(kJob, kAttempt, bytes.size());
  Download download(kJob, kAttempt, announced(bytes));
  std::string arrived;
  std::uint64_t granted = 0;
  std::size_t credits = 0;
  bool whole = false;
  while (!whole) {
    const auto credit = download.grant();
    ASSERT_TRUE(credit || upload.next()) << "nobody can go on at " << arrived.size();
    if (credit) {
      EXPECT_TRUE(upload.is_for(credit->transfer()));
      EXPECT_LE(credit->until(), arrived.size() + kPartWindowBytes);
      granted = credit->until();
      credits += 1;
      upload.grant(granted);
    }
    const auto range = upload.next();
    if (!range) continue;
    ASSERT_LE(range->size, kPartBytesMax);
    ASSERT_LE(range->offset + range->size, granted);
    const v1::Part part = upload.take(*range);
    const std::string_view piece = std::string_view(bytes).substr(range->offset, range->size);
    const Download::Taken taken = download.take(part, piece);
    ASSERT_NE(taken, Download::Taken::kRefused);
    arrived += piece;
    whole = taken == Download::Taken::kWhole;
  }
  EXPECT_EQ(arrived, bytes);
  EXPECT_TRUE(upload.is_done());
  EXPECT_FALSE(upload.next());
  EXPECT_LE(credits, 13u);  // Less than a part is not worth a message.
}

TEST(TransferTest, SendsNothingWithoutCredit) {
  Upload upload(kJob, kAttempt, 100);
  EXPECT_FALSE(upload.next());
  upload.grant(40);
  EXPECT_EQ(upload.next()->size, 40u);
  upload.take(*upload.next());
  EXPECT_FALSE(upload.next());
  upload.grant(10);  // Late and repeated credits do no harm: they are absolute.
  EXPECT_FALSE(upload.next());
  upload.grant(1000);  // Beyond the end is the end.
  EXPECT_EQ(upload.next()->offset, 40u);
  EXPECT_EQ(upload.next()->size, 60u);
  EXPECT_TRUE(upload.take(*upload.next()).last());
}

TEST(TransferTest, SendsNoFurtherAheadThanAReceiverOfOursAsksFor) {
  // Goal: one credit for everything would put a whole payload into the socket's queue, which counts messages and not bytes.
  Upload upload(kJob, kAttempt, 2 * kPartWindowBytes);
  upload.grant(2 * kPartWindowBytes);
  std::uint64_t sent = 0;
  while (const auto range = upload.next()) {
    upload.take(*range);
    sent += range->size;
  }
  EXPECT_EQ(sent, kPartWindowBytes);
  upload.grant(sent + kPartWindowBytes);
  EXPECT_TRUE(upload.next());
}

TEST(TransferTest, KnowsWhichTransferACreditIsFor) {
  const Upload upload(kJob, kAttempt, 100);
  v1::TransferRef ref;
  *ref.mutable_job() = to_wire(kJob);
  *ref.mutable_attempt() = to_wire(kAttempt);
  EXPECT_TRUE(upload.is_for(ref));
  ref.mutable_attempt()->set_n(10);
  EXPECT_FALSE(upload.is_for(ref));
}

class RefusalTest : public testing::Test {
 protected:
  RefusalTest() : bytes_(pattern(3000)), download_(kJob, kAttempt, announced(bytes_)) { download_.grant(); }
  std::string bytes_;
  Download download_;
};

TEST_F(RefusalTest, OfAPartOutOfOrder) {
  EXPECT_EQ(download_.take(part_at(1000, false), bytes_.substr(1000, 1000)), Download::Taken::kRefused);
}

TEST_F(RefusalTest, OfAPartThatCameTwice) {
  EXPECT_EQ(download_.take(part_at(0, false), bytes_.substr(0, 1000)), Download::Taken::kMore);
  EXPECT_EQ(download_.take(part_at(0, false), bytes_.substr(0, 1000)), Download::Taken::kRefused);
}

TEST_F(RefusalTest, OfMoreBytesThanWereAskedFor) {
  EXPECT_EQ(download_.take(part_at(0, true), bytes_ + "!"), Download::Taken::kRefused);
}

TEST_F(RefusalTest, OfAnEndThatComesTooEarlyOrNotAtAll) {
  EXPECT_EQ(download_.take(part_at(0, true), bytes_.substr(0, 2999)), Download::Taken::kRefused);
  Download other(kJob, kAttempt, announced(bytes_));
  other.grant();
  EXPECT_EQ(other.take(part_at(0, false), bytes_), Download::Taken::kRefused);
}

TEST_F(RefusalTest, OfOtherBytesThanWereAnnounced) {
  bytes_[1500] = static_cast<char>(bytes_[1500] ^ 1);
  EXPECT_EQ(download_.take(part_at(0, true), bytes_), Download::Taken::kRefused);
}

TEST_F(RefusalTest, OfAPartBeforeAnyCredit) {
  Download fresh(kJob, kAttempt, announced(bytes_));
  EXPECT_EQ(fresh.take(part_at(0, false), bytes_.substr(0, 1000)), Download::Taken::kRefused);
}

}  // namespace
}  // namespace sheaf::wire
