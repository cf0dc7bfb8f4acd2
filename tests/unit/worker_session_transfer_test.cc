#include "common/wire/limits.h"
#include "tests/unit/worker_session_harness.h"
#include "worker/core/session.h"

namespace sheaf::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kMiB = 1024 * 1024;

/// Bytes that differ from place to place, so that parts in the wrong order show.
std::string some_bytes(std::uint64_t size) {
  std::string bytes(size, '\0');
  std::uint64_t state = 1;
  for (char& byte : bytes) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

Blob blob_of(const std::string& bytes) {
  Blob blob(::testing::TempDir());
  EXPECT_TRUE(blob.append(bytes));
  return blob;
}

TEST(WorkerSessionTransferTest, FetchesALargePayloadInPartsBeforeItStarts) {
  SessionHarness harness;
  harness.begin();
  const std::string payload = some_bytes(6 * kMiB + 10);
  harness.announce(1, 1, payload);
  EXPECT_THAT(harness.words(), ElementsAre("send credit " + std::to_string(wire::kPartWindowBytes)));
  for (std::uint64_t offset = 0; offset < payload.size(); offset += kMiB) {
    EXPECT_THAT(harness.started_payloads(), IsEmpty());
    const std::string bytes = payload.substr(offset, kMiB);
    harness.part(1, 1, offset, bytes, offset + bytes.size() == payload.size());
  }
  ASSERT_EQ(harness.started_payloads().size(), 1U);
  EXPECT_TRUE(harness.started_payloads()[0] == payload);
}

TEST(WorkerSessionTransferTest, GivesNoMoreCreditThanItsDiskTakes) {
  SessionHarness harness;
  harness.begin();
  const std::string payload = some_bytes(10 * kMiB);
  harness.announce(1, 1, payload);
  harness.stop_disk();
  for (std::uint64_t offset = 0; offset < wire::kPartWindowBytes; offset += kMiB) {
    harness.part(1, 1, offset, payload.substr(offset, kMiB), false);
    EXPECT_THAT(harness.words(), IsEmpty());
  }
  harness.time(seconds(1));
  EXPECT_THAT(harness.words(), ElementsAre("send heartbeat"));  // It is there, whatever its disk does.
  harness.go_on_with_disk();
  EXPECT_THAT(harness.words(), ElementsAre("send heartbeat", "send credit " + std::to_string(2 * wire::kPartWindowBytes)));
  for (std::uint64_t offset = wire::kPartWindowBytes; offset < payload.size(); offset += kMiB) {
    harness.part(1, 1, offset, payload.substr(offset, kMiB), offset + kMiB == payload.size());
  }
  ASSERT_EQ(harness.started_payloads().size(), 1U);
  EXPECT_TRUE(harness.started_payloads()[0] == payload);
}

TEST(WorkerSessionTransferTest, HandsBackWhatItsDiskDoesNotTake) {
  SessionHarness harness;
  harness.begin();
  const std::string payload = some_bytes(2 * kMiB);
  harness.announce(1, 1, payload);
  harness.stop_disk();
  harness.part(1, 1, 0, payload.substr(0, kMiB), false);
  harness.go_on_with_disk(fail(ErrorCode::kFailed, "No space left on device"));
  ASSERT_THAT(harness.words(), ElementsAre("send result 1 returned"));
  EXPECT_EQ(harness.sent()[0].envelope.results().results(0).fault().what(), "No space left on device");
}

TEST(WorkerSessionTransferTest, TakesNoPartOfAnEarlierLinkForOneOfThis) {
  SessionHarness harness;
  harness.begin();
  const std::string payload = some_bytes(2 * kMiB);
  harness.announce(1, 1, payload);
  harness.stop_disk();
  harness.part(1, 1, 0, payload.substr(0, kMiB), false);
  harness.refuse(v1::REFUSAL_HELLO_FIRST, "");
  harness.welcome(1);
  harness.announce(1, 1, payload);
  harness.go_on_with_disk();
  harness.part(1, 1, 0, payload.substr(0, kMiB), false);
  harness.part(1, 1, kMiB, payload.substr(kMiB), true);
  ASSERT_EQ(harness.started_payloads().size(), 1U);
  EXPECT_TRUE(harness.started_payloads()[0] == payload);
}

TEST(WorkerSessionTransferTest, HandsBackADamagedPayload) {
  SessionHarness harness;
  harness.begin();
  const std::string payload = some_bytes(2 * kMiB);
  std::string damaged = payload;
  damaged[5] = static_cast<char>(damaged[5] ^ 1);

  harness.announce(1, 1, payload);
  harness.part(1, 1, 0, damaged.substr(0, kMiB), false);
  harness.part(1, 1, kMiB, damaged.substr(kMiB), true);
  EXPECT_THAT(harness.words(), ElementsAre("send result 1 returned"));

  harness.announce(2, 2, payload);
  harness.part(2, 2, kMiB, payload.substr(kMiB), true);  // The first part is missing.
  EXPECT_THAT(harness.words(), ElementsAre("send result 2 returned"));

  wire::Message message;  // An inlined one.
  v1::Assignment& assignment = *message.envelope.mutable_assign()->add_jobs();
  *assignment.mutable_job() = wire::to_wire(SessionHarness::job(3));
  *assignment.mutable_attempt() = wire::to_wire(SessionHarness::attempt(3));
  assignment.set_kind("video");
  assignment.set_setup("setup");
  *assignment.mutable_payload() = wire::payload_ref(4, Digest{1, 2}, true);
  message.payloads.emplace_back("oops");
  harness.hear(std::move(message));
  EXPECT_THAT(harness.words(), ElementsAre("send result 3 returned"));
  EXPECT_EQ(harness.session().stats().damaged, 3U);
}

TEST(WorkerSessionTransferTest, ForgetsHalfAPayloadWithTheLink) {
  SessionHarness harness;
  harness.begin();
  const std::string payload = some_bytes(2 * kMiB);
  harness.announce(1, 1, payload);
  harness.part(1, 1, 0, payload.substr(0, kMiB), false);
  harness.refuse(v1::REFUSAL_HELLO_FIRST, "");
  EXPECT_THAT(harness.words(), ElementsAre("drop unsent", "send hello"));  // It does not claim to have the job.
  harness.welcome(1);
  harness.part(1, 1, kMiB, payload.substr(kMiB), true);  // Of the transfer that is no more.
  EXPECT_THAT(harness.words(), IsEmpty());
  EXPECT_EQ(harness.session().stats().stale, 1U);
  harness.announce(1, 1, payload);
  harness.part(1, 1, 0, payload.substr(0, kMiB), false);
  harness.part(1, 1, kMiB, payload.substr(kMiB), true);
  ASSERT_EQ(harness.started_payloads().size(), 1U);
  EXPECT_TRUE(harness.started_payloads()[0] == payload);
}

TEST(WorkerSessionTransferTest, SendsALargeResultInPartsWithinTheCredit) {
  SessionHarness harness;
  harness.begin();
  harness.assign(1, 1);
  const std::string result = some_bytes(3 * kMiB + 5);
  harness.done(1, 1, 1, blob_of(result));
  ASSERT_THAT(harness.words(), ElementsAre("send result 1 done"));
  EXPECT_FALSE(harness.sent()[0].envelope.results().results(0).payload().inlined());
  EXPECT_EQ(harness.sent()[0].envelope.results().results(0).payload().bytes(), result.size());
  EXPECT_THAT(harness.sent()[0].payloads, IsEmpty());

  std::string arrived;
  harness.credit(1, 1, 2 * kMiB);
  EXPECT_THAT(harness.words(), ElementsAre("send part 0+1048576", "send part 1048576+1048576"));
  for (const wire::Message& message : harness.sent()) arrived += message.payloads[0];
  harness.credit(1, 1, 2 * kMiB);
  EXPECT_THAT(harness.words(), IsEmpty());
  harness.credit(1, 1, result.size());
  EXPECT_THAT(harness.words(), ElementsAre("send part 2097152+1048576", "send part 3145728+5 last"));
  for (const wire::Message& message : harness.sent()) arrived += message.payloads[0];
  EXPECT_TRUE(arrived == result);

  harness.welcome(1);  // Not acknowledged: from the start, on a new link.
  EXPECT_THAT(harness.words(), ElementsAre("drop unsent", "send result 1 done"));
  harness.credit(1, 1, kMiB);
  EXPECT_THAT(harness.words(), ElementsAre("send part 0+1048576"));
  harness.ack(1, 1);
  harness.credit(1, 1, 2 * kMiB);
  EXPECT_THAT(harness.words(), IsEmpty());
}

TEST(WorkerSessionTransferTest, DropsARevokedPayloadOnItsWay) {
  SessionHarness harness;
  harness.begin();
  const std::string payload = some_bytes(2 * kMiB);
  harness.announce(1, 1, payload);
  harness.revoke(1, 1);
  EXPECT_EQ(harness.session().held(), 0U);
  harness.part(1, 1, 0, payload.substr(0, kMiB), false);
  EXPECT_THAT(harness.words(), IsEmpty());
}

}  // namespace
}  // namespace sheaf::worker
