// Over a real socket: what an outbox is for is a channel that takes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/net/channel.h"
#include "common/runtime/clock.h"
#include "common/wire/limits.h"
#include "common/wire/outbox.h"
#include "tests/unit/temporary_directory.h"

namespace sheaf::net {
namespace {

using testing::ElementsAre;

constexpr Duration kDeadline = std::chrono::seconds(20);

wire::Message hello(const std::string& host) {
  wire::Message message;
  message.envelope.mutable_hello()->set_host(host);
  message.envelope.mutable_hello()->set_role(v1::ROLE_CLIENT);
  message.envelope.mutable_hello()->set_protocol(wire::kProtocolVersion);
  *message.envelope.mutable_hello()->mutable_session() = wire::to_wire(SessionId{1, 2});
  return message;
}
wire::Message goodbye(const std::string& reason) {
  wire::Message message;
  message.envelope.mutable_goodbye()->set_reason(reason);
  return message;
}

std::string text_of(const v1::Envelope& envelope) {
  if (envelope.has_hello()) return "hello " + envelope.hello().host();
  return envelope.has_goodbye() ? "goodbye " + envelope.goodbye().reason() : "heartbeat";
}

class OutboxChannelTest : public testing::Test {
 protected:
  OutboxChannelTest()
      : endpoint_(*wire::parse_endpoint("ipc://" + directory_ / "master.sock")),
        dealer_(std::move(*DealerChannel::connect(context_, endpoint_))) {}

  /// Binds the address, sends when the poller says that the channel takes something, and returns what arrives, up to the last
  /// of `count` messages.
  std::vector<std::string> arrive(std::size_t count) {
    auto router = RouterChannel::bind(context_, endpoint_);
    EXPECT_TRUE(router);
    wait_for_connection();
    EXPECT_EQ(flush(), wire::SendOutcome::kSent);
    Poller incoming;
    incoming.add(*router);
    std::vector<std::string> texts;
    for (const Instant end = now() + kDeadline; texts.size() < count && now() < end;) {
      incoming.wait(kDeadline);
      while (auto message = router->receive()) {
        EXPECT_TRUE(message->message) << message->message.error().what;
        texts.push_back(text_of(message->message->envelope));
      }
    }
    return texts;
  }

  /// From now on the poller watches for room.
  void wait_for_connection() {
    const std::size_t index = poller_.add(dealer_);
    poller_.watch_writable(index, true);
    poller_.wait(kDeadline);
    EXPECT_TRUE(poller_.is_writable(index)) << "the connection woke nobody";
  }
  wire::SendOutcome flush() {
    return outbox_.flush([this](const wire::Message& message) { return dealer_.send(message); });
  }

  TemporaryDirectory directory_;
  wire::Endpoint endpoint_;
  Context context_;
  DealerChannel dealer_;
  Poller poller_;
  wire::Outbox outbox_;
};

TEST_F(OutboxChannelTest, KeepsMessagesInOrderUntilThereIsAConnection) {
  outbox_.add(hello("a"));
  outbox_.add(goodbye("b"));
  outbox_.add(goodbye("c"));
  EXPECT_EQ(flush(), wire::SendOutcome::kFull);
  EXPECT_THAT(arrive(3), ElementsAre("hello a", "goodbye b", "goodbye c"));
}

TEST_F(OutboxChannelTest, KeepsWhatTheQueueHasNoRoomFor) {
  auto router = RouterChannel::bind(context_, endpoint_);
  ASSERT_TRUE(router);
  wait_for_connection();
  // Nobody reads: more than the two queues and what lies between them.
  int said = 0;
  for (wire::SendOutcome outcome = wire::SendOutcome::kSent; outcome == wire::SendOutcome::kSent; outcome = flush()) {
    ASSERT_LT(said, 1'000'000);
    for (int i = 0; i < 5000; ++i) outbox_.add(goodbye(std::to_string(said++)));
  }
  EXPECT_FALSE(outbox_.is_empty());
  int heard = 0;
  for (const Instant end = now() + kDeadline; heard < said && now() < end;) {
    while (auto message = router->receive()) {
      ASSERT_TRUE(message->message);
      ASSERT_EQ(text_of(message->message->envelope), "goodbye " + std::to_string(heard));
      heard += 1;
    }
    if (flush() == wire::SendOutcome::kFull) poller_.wait(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(heard, said);
}

}  // namespace
}  // namespace sheaf::net
