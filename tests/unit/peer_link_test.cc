#include "common/wire/peer_link.h"

#include <gtest/gtest.h>

#include <chrono>

#include "common/wire/limits.h"
#include "tests/unit/wire_samples.h"

namespace sheaf::wire {
namespace {

using namespace std::chrono_literals;

Instant at(Duration since_start) {
  return Instant(since_start);
}

v1::Hello client_hello() {
  return wire_samples().at("hello (client)").envelope.hello();
}

v1::Envelope welcome(std::uint64_t epoch) {
  v1::Envelope envelope = wire_samples().at("welcome").envelope;
  envelope.set_epoch(epoch);
  envelope.mutable_welcome()->set_epoch(epoch);
  return envelope;
}

v1::Envelope refused(v1::RefusalReason reason) {
  v1::Envelope envelope;
  envelope.mutable_refused()->set_reason(reason);
  envelope.mutable_refused()->set_text("because");
  return envelope;
}

v1::Envelope heartbeat() {
  return wire_samples().at("heartbeat").envelope;
}

class PeerLinkTest : public testing::Test {
 protected:
  /// What the link says at `since_start`: the kinds of its messages.
  std::vector<std::string> said_at(Duration since_start) {
    std::vector<Message> out;
    event_ = link_.on_time(at(since_start), out);
    std::vector<std::string> kinds;
    for (const Message& message : out) kinds.push_back(kind_of(message.envelope));
    if (!out.empty()) last_ = out.back().envelope;
    return kinds;
  }
  PeerLink::Event hears(Duration since_start, const v1::Envelope& envelope) {
    return link_.on_message(at(since_start), envelope);
  }

  using Kinds = std::vector<std::string>;
  PeerLink link_{client_hello()};
  PeerLink::Event event_ = PeerLink::Event::kNone;
  v1::Envelope last_;
};

TEST_F(PeerLinkTest, SaysHelloUntilItIsWelcomed) {
  EXPECT_EQ(link_.next_deadline(), at(0s));
  EXPECT_EQ(said_at(0s), Kinds{"hello"});
  EXPECT_EQ(last_.hello().protocol(), kProtocolVersion);
  EXPECT_EQ(last_.epoch(), 0u);
  EXPECT_EQ(link_.next_deadline(), at(kHelloRetry));
  EXPECT_EQ(said_at(kHelloRetry - 1ms), Kinds{});
  EXPECT_EQ(said_at(kHelloRetry), Kinds{"hello"});

  EXPECT_EQ(hears(600ms, welcome(4)), PeerLink::Event::kWelcomed);
  EXPECT_TRUE(link_.is_welcomed());
  EXPECT_EQ(link_.epoch(), Epoch{4});
  EXPECT_EQ(link_.envelope().epoch(), 4u);
}

TEST_F(PeerLinkTest, SaysSomethingWhenThereIsNothingToSay) {
  said_at(0s);
  hears(0s, welcome(4));
  EXPECT_EQ(said_at(900ms), Kinds{});
  EXPECT_EQ(said_at(1000ms), Kinds{"heartbeat"});
  link_.on_sent(at(1500ms));  // Something else was said.
  EXPECT_EQ(link_.next_deadline(), at(2500ms));
  EXPECT_EQ(said_at(2400ms), Kinds{});
  EXPECT_EQ(said_at(2500ms), Kinds{"heartbeat"});
}

TEST_F(PeerLinkTest, NoticesAMasterThatHasFallenSilent) {
  said_at(0s);
  hears(0s, welcome(4));
  EXPECT_EQ(hears(1s, heartbeat()), PeerLink::Event::kHandled);
  said_at(4900ms);
  EXPECT_EQ(event_, PeerLink::Event::kNone);
  EXPECT_EQ(said_at(5s), Kinds{"hello"});
  EXPECT_EQ(event_, PeerLink::Event::kLost);
  EXPECT_FALSE(link_.is_welcomed());
  EXPECT_EQ(last_.hello().known_epoch(), 4u);  // So that the master knows whom it has before it.

  EXPECT_EQ(hears(6s, wire_samples().at("assign").envelope), PeerLink::Event::kHandled);  // Of the old link: too late.
  EXPECT_EQ(hears(6s, welcome(5)), PeerLink::Event::kWelcomed);
  EXPECT_EQ(link_.epoch(), Epoch{5});
}

TEST_F(PeerLinkTest, SaysHelloAgainToAMasterThatDoesNotKnowIt) {
  said_at(0s);
  hears(0s, welcome(4));
  EXPECT_EQ(hears(1s, refused(v1::REFUSAL_HELLO_FIRST)), PeerLink::Event::kLost);
  EXPECT_EQ(said_at(1s), Kinds{"hello"});
  // The same word while a hello is on its way is the answer to something older.
  EXPECT_EQ(hears(1100ms, refused(v1::REFUSAL_HELLO_FIRST)), PeerLink::Event::kHandled);
  EXPECT_EQ(said_at(1100ms), Kinds{});
}

TEST_F(PeerLinkTest, GivesUpOnlyWhenTheMasterWillNeverHaveIt) {
  for (const auto reason : {v1::REFUSAL_PROTOCOL, v1::REFUSAL_FORBIDDEN}) {
    PeerLink link(client_hello());
    EXPECT_EQ(link.on_message(at(0s), refused(reason)), PeerLink::Event::kRefused);
    EXPECT_EQ(link.refusal().text(), "because");
    EXPECT_FALSE(link.next_deadline());
    std::vector<Message> out;
    link.on_time(at(10s), out);
    EXPECT_TRUE(out.empty());
  }
  said_at(0s);
  hears(0s, welcome(4));
  // These are about one message or one moment: the owner sees them.
  for (const auto reason : {v1::REFUSAL_MALFORMED, v1::REFUSAL_BUSY, v1::REFUSAL_UNKNOWN_RUN, v1::REFUSAL_SHUTTING_DOWN}) {
    EXPECT_EQ(hears(1s, refused(reason)), PeerLink::Event::kNone);
  }
}

TEST_F(PeerLinkTest, LeavesEverythingElseToItsOwner) {
  said_at(0s);
  EXPECT_EQ(hears(0s, wire_samples().at("assign").envelope),
            PeerLink::Event::kHandled);  // Before the welcome: not meant for us.
  hears(0s, welcome(4));
  EXPECT_EQ(hears(0s, wire_samples().at("assign").envelope), PeerLink::Event::kNone);
  EXPECT_EQ(hears(0s, wire_samples().at("goodbye").envelope), PeerLink::Event::kNone);
}

}  // namespace
}  // namespace sheaf::wire
