#include "common/wire/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/wire/limits.h"
#include "tests/unit/wire_samples.h"

namespace sheaf::wire {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

JobId job(std::uint64_t seq) {
  return JobId{RunId{1}, JobKey{seq, 0}};
}

Message sample(const std::string& kind) {
  return wire_samples().at(kind);
}
Message accept(std::uint64_t seq, std::uint64_t run = 1) {
  Message message;
  message.envelope.mutable_accept()->set_run(run);
  *message.envelope.mutable_accept()->add_jobs() = to_wire(JobId{RunId{run}, JobKey{seq, 0}});
  return message;
}
Message feed(std::uint64_t seq, const std::string& payload, const std::string& label = {}) {
  Message message;
  message.envelope.mutable_feed()->set_run(1);
  v1::JobHeader& header = *message.envelope.mutable_feed()->add_jobs();
  *header.mutable_job() = to_wire(job(seq));
  header.set_label(label);
  *header.mutable_payload() = inlined_ref(payload);
  message.payloads.push_back(payload);
  return message;
}
Message update(std::uint64_t units_done, std::uint64_t run = 1) {
  Message message;
  message.envelope.mutable_run_update()->set_run(run);
  message.envelope.mutable_run_update()->set_state(v1::RUN_WORKING);
  message.envelope.mutable_run_update()->set_units_done(units_done);
  return message;
}

class OutboxTest : public testing::Test {
 protected:
  /// What goes out, all of it, through the codec.
  std::vector<Message> send_all() {
    std::vector<Message> sent;
    EXPECT_EQ(outbox_.flush([&](const Message& message) {
      Result<Message> read = decode(encode(message));
      EXPECT_TRUE(read) << read.error().what;
      if (read) sent.push_back(std::move(*read));
      return SendOutcome::kSent;
    }),
              SendOutcome::kSent);
    EXPECT_TRUE(outbox_.is_empty());
    return sent;
  }
  std::vector<std::string> kinds_sent() {
    std::vector<std::string> kinds;
    for (const Message& message : send_all()) kinds.push_back(kind_of(message.envelope));
    return kinds;
  }

  Outbox outbox_;
};

TEST_F(OutboxTest, KeepsWhatIsNotTakenAndItsOrder) {
  outbox_.add(sample("goodbye"));
  outbox_.add(sample("draining"));
  outbox_.add(sample("publish"));
  for (const SendOutcome refusal : {SendOutcome::kFull, SendOutcome::kGone}) {
    int asked = 0;
    const auto takes_one = [&](const Message&) { return asked++ == 0 ? SendOutcome::kSent : refusal; };
    EXPECT_EQ(outbox_.flush(takes_one), refusal);
    EXPECT_EQ(asked, 2);
  }
  EXPECT_THAT(kinds_sent(), ElementsAre("publish"));
}

TEST_F(OutboxTest, PutsTogetherWhatIsSaidOfManyJobs) {
  for (const std::string kind : {"feed", "assign", "results", "result_ack", "revoke", "deliver", "accept"}) {
    outbox_.add(sample(kind));
    outbox_.add(sample(kind));
    EXPECT_EQ(outbox_.size(), 1u) << kind;
    const std::vector<Message> sent = send_all();
    ASSERT_EQ(sent.size(), 1u) << kind;
    EXPECT_EQ(sent[0].payloads.size(), 2 * sample(kind).payloads.size()) << kind;
  }
}

TEST_F(OutboxTest, KeepsTheOrderOfJobsAndTheirPayloads) {
  for (std::uint64_t seq = 0; seq < 5; ++seq) outbox_.add(feed(seq, "payload " + std::to_string(seq)));
  const std::vector<Message> sent = send_all();
  ASSERT_EQ(sent.size(), 1u);
  for (std::uint64_t seq = 0; seq < 5; ++seq) {
    EXPECT_EQ(sent[0].envelope.feed().jobs(static_cast<int>(seq)).job().seq(), seq);
    EXPECT_EQ(sent[0].payloads[seq], "payload " + std::to_string(seq));
  }
}

TEST_F(OutboxTest, CountsTheBytesThatWait) {
  outbox_.add(feed(0, "12345"));
  outbox_.add(feed(1, "123"));
  outbox_.add(sample("goodbye"));
  outbox_.add(feed(2, "12"));
  EXPECT_EQ(outbox_.payload_bytes(), 10u);
  int asked = 0;
  outbox_.flush([&](const Message&) { return asked++ == 0 ? SendOutcome::kSent : SendOutcome::kFull; });
  EXPECT_EQ(outbox_.payload_bytes(), 2u);
  send_all();
  EXPECT_EQ(outbox_.payload_bytes(), 0u);
  outbox_.add(feed(3, "1"));
  outbox_.add(sample("hello"));
  EXPECT_EQ(outbox_.payload_bytes(), 0u);
}

TEST_F(OutboxTest, PutsTogetherOnlyWhatFollowsDirectly) {
  outbox_.add(accept(0));
  outbox_.add(feed(5, "payload"));
  outbox_.add(accept(1));
  EXPECT_THAT(kinds_sent(), ElementsAre("accept", "feed", "accept"));
}

TEST_F(OutboxTest, KnowsWhetherAllThatWaitsIsOfOneKind) {
  EXPECT_TRUE(outbox_.holds_only(v1::Envelope::kFeed)) << "nothing waits";
  outbox_.add(feed(5, "payload"));
  EXPECT_TRUE(outbox_.holds_only(v1::Envelope::kFeed));
  EXPECT_FALSE(outbox_.holds_only(v1::Envelope::kAccept));
  outbox_.add(accept(1));
  outbox_.add(feed(6, "payload"));
  EXPECT_FALSE(outbox_.holds_only(v1::Envelope::kFeed));
}

TEST_F(OutboxTest, DoesNotPutTogetherWhatIsOfDifferentRunsOrLives) {
  outbox_.add(accept(0, 1));
  outbox_.add(accept(0, 2));
  Message of_another_epoch = accept(1, 2);
  of_another_epoch.envelope.set_epoch(9);
  outbox_.add(of_another_epoch);
  EXPECT_EQ(send_all().size(), 3u);
}

TEST_F(OutboxTest, KeepsToTheLimitsOfAMessage) {
  // By number.
  for (std::uint64_t seq = 0; seq < kRepeatedMax + 1; ++seq) outbox_.add(accept(seq));
  EXPECT_EQ(send_all().size(), 2u);
  // By the header.
  const std::string label(kTextBytesMax, 'x');
  for (std::uint64_t seq = 0; seq < 20; ++seq) outbox_.add(feed(seq, "payload", label));
  EXPECT_EQ(send_all().size(), 2u);
  // By payloads.
  const std::string half(kJoinedPayloadBytesMax / 2, 'x');
  for (std::uint64_t seq = 0; seq < 4; ++seq) outbox_.add(feed(seq, half));
  EXPECT_EQ(send_all().size(), 2u);
  const std::string whole(kInlinePayloadBytesMax, 'x');
  for (std::uint64_t seq = 0; seq < 4; ++seq) outbox_.add(feed(seq, whole));
  EXPECT_EQ(send_all().size(), 4u);
}

TEST_F(OutboxTest, ANewerStateTakesThePlaceOfAnOlderOne) {
  outbox_.add(update(1));
  outbox_.add(update(1, 2));
  outbox_.add(sample("goodbye"));
  outbox_.add(update(2));
  const std::vector<Message> sent = send_all();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0].envelope.run_update().units_done(), 2u);
  EXPECT_EQ(sent[1].envelope.run_update().run(), 2u);

  Message credit = sample("feed_credit");
  outbox_.add(credit);
  credit.envelope.mutable_feed_credit()->set_jobs_until(11);
  outbox_.add(credit);
  ASSERT_EQ(outbox_.size(), 1u);
  EXPECT_EQ(send_all()[0].envelope.feed_credit().jobs_until(), 11u);
}

TEST_F(OutboxTest, AHelloTakesThePlaceOfWhatTheLinkBeforeHadToSay) {
  outbox_.add(sample("hello"));
  outbox_.add(sample("goodbye"));
  outbox_.add(sample("hello"));
  EXPECT_THAT(kinds_sent(), ElementsAre("hello"));
}

TEST_F(OutboxTest, AHeartbeatDoesNotQueue) {
  outbox_.add(sample("goodbye"));
  outbox_.add(sample("heartbeat"));
  EXPECT_THAT(kinds_sent(), ElementsAre("goodbye"));
  outbox_.add(sample("heartbeat"));
  EXPECT_THAT(kinds_sent(), ElementsAre("heartbeat"));
  EXPECT_THAT(kinds_sent(), IsEmpty());
}

}  // namespace
}  // namespace sheaf::wire
