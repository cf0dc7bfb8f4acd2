// A master and a peer of different versions part in words.
#include <gmock/gmock.h>

#include <csignal>
#include <functional>

#include "common/net/channel.h"
#include "common/wire/limits.h"
#include "tests/e2e/support/refusal.h"

namespace sheaf::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kCluster = 5;
constexpr char kRefusal[] = "this master speaks protocol 99, the other side speaks 2";

class ProtocolVersionTest : public RefusalTest {
 protected:
  /// Answers every message as a master of another version would, until `peer` ends.
  Finished refuse_everything(const std::function<Process()>& start_peer) const {
    net::Context context;
    auto channel = net::RouterChannel::bind(context, *wire::parse_endpoint(endpoint()));
    EXPECT_TRUE(channel) << (channel ? "" : channel.error().message());
    Process peer = start_peer();
    while (peer.run_for(std::chrono::milliseconds(10))) {
      while (const auto incoming = channel->receive()) {
        wire::Message answer;
        answer.envelope.mutable_refused()->set_reason(v1::REFUSAL_PROTOCOL);
        answer.envelope.mutable_refused()->set_text(kRefusal);
        channel->send(incoming->from, wire::Message(answer));
      }
    }
    return peer.wait();
  }
};

TEST_F(ProtocolVersionTest, EndsTheCommandWithTheMastersWords) {
  write_file(path("in.mp4"), "never looked at");
  const Finished finished = refuse_everything([&] { return start_video("in.mp4", output("out.mp4"), {"--quiet"}); });
  EXPECT_EQ(finished.exit_code, kCluster);
  EXPECT_EQ(finished.out, "");
  ASSERT_EQ(lines_of(finished.err).size(), 1U) << finished.err;
  EXPECT_THAT(finished.err, AllOf(HasSubstr("sheaf video: " + endpoint() + ": " + kRefusal), HasSubstr("; ")));
}

TEST_F(ProtocolVersionTest, EndsTheWorkerWithTheMastersWords) {
  const Finished finished = refuse_everything([&] { return start_worker(); });
  EXPECT_EQ(finished.exit_code, kCluster);
  EXPECT_THAT(lines_of(finished.err).back(), AllOf(HasSubstr("sheaf-worker: "), HasSubstr(kRefusal)));
}

TEST_F(ProtocolVersionTest, MakesTheMasterRefuseAnotherVersion) {
  const Process master = start_master();
  net::Context context;
  auto channel = net::DealerChannel::connect(context, *wire::parse_endpoint(endpoint()));
  ASSERT_TRUE(channel);
  wire::Message hello;
  hello.envelope.mutable_hello()->set_protocol(wire::kProtocolVersion + 1);
  hello.envelope.mutable_hello()->set_version("9.9.9");
  hello.envelope.mutable_hello()->set_role(v1::ROLE_CLIENT);
  hello.envelope.mutable_hello()->mutable_session()->set_high(1);
  hello.envelope.mutable_hello()->mutable_session()->set_low(2);

  net::Poller poller;
  poller.add(*channel);
  const auto deadline = Clock::now() + kDeadline;
  std::optional<Result<wire::Message>> answer;
  for (bool is_sent = false; !answer && Clock::now() < deadline; answer = channel->receive()) {
    if (!is_sent) is_sent = channel->send(wire::Message(hello)) == wire::SendOutcome::kSent;  // There may be no connection yet.
    poller.wait(std::chrono::milliseconds(10));
  }
  ASSERT_TRUE(answer.has_value() && answer->has_value());
  ASSERT_TRUE((*answer)->envelope.has_refused()) << (*answer)->envelope.ShortDebugString();
  EXPECT_EQ((*answer)->envelope.refused().reason(), v1::REFUSAL_PROTOCOL);
  EXPECT_THAT((*answer)->envelope.refused().text(),
              AllOf(HasSubstr(std::to_string(wire::kProtocolVersion)), HasSubstr(std::to_string(wire::kProtocolVersion + 1))));
}

}  // namespace
}  // namespace sheaf::e2e
