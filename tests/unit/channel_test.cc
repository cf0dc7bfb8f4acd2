// Over real sockets: what ZeroMQ does with peers that are not there, not reading or not ours is what the rest of sheaf relies
// on.
#include "common/net/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <functional>

#include "common/runtime/clock.h"
#include "common/wire/limits.h"
#include "tests/unit/temporary_directory.h"
#include "tests/unit/wire_samples.h"

namespace sheaf::net {
namespace {

using testing::HasSubstr;

constexpr Duration kDeadline = std::chrono::seconds(20);

/// Waits until `condition` holds, looking again whenever the poller wakes; false when it never does.
bool wait_until(Poller& poller, const std::function<bool()>& condition) {
  const Instant end = now() + kDeadline;
  while (!condition()) {
    if (now() > end) return false;
    poller.wait(std::chrono::milliseconds(5));
  }
  return true;
}

/// A DEALER that keeps to no rule of ours.
class ForeignPeer {
 public:
  ForeignPeer(Context& context, const std::string& address, int receive_queue)
      : socket_(context.zmq(), zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::rcvhwm, receive_queue);
    socket_.connect(address);
  }

  template <class Frames>
  void send(const Frames& frames) {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const bool is_last = i + 1 == frames.size();
      ASSERT_TRUE(
          socket_.send(zmq::buffer(std::string_view(frames[i])), is_last ? zmq::send_flags::none : zmq::send_flags::sndmore));
    }
  }

 private:
  zmq::socket_t socket_;
};

class ChannelTest : public testing::Test {
 protected:
  ChannelTest() : endpoint_(*wire::parse_endpoint("ipc://" + directory_ / "master.sock")) {}

  RouterChannel bind() {
    auto router = RouterChannel::bind(context_, endpoint_);
    EXPECT_TRUE(router) << (router ? "" : router.error().message());
    poller_.add(*router);
    return std::move(*router);
  }
  DealerChannel connect() { return std::move(*DealerChannel::connect(context_, endpoint_)); }

  bool send(DealerChannel& from, const wire::Message& message) {
    return wait_until(poller_, [&] { return from.send(wire::Message(message)) == wire::SendOutcome::kSent; });
  }
  std::optional<Incoming> receive(RouterChannel& router) {
    std::optional<Incoming> incoming;
    wait_until(poller_, [&] { return (incoming = router.receive()).has_value(); });
    return incoming;
  }

  const wire::Message hello_ = wire::wire_samples().at("hello");
  const wire::Message feed_ = wire::wire_samples().at("feed");
  TemporaryDirectory directory_;
  Context context_;
  wire::Endpoint endpoint_;
  Poller poller_;
};

TEST_F(ChannelTest, CarriesMessagesBothWays) {
  RouterChannel router = bind();
  DealerChannel dealer = connect();
  ASSERT_TRUE(send(dealer, feed_));
  const auto incoming = receive(router);
  ASSERT_TRUE(incoming && incoming->message);
  EXPECT_EQ(incoming->message->payloads, feed_.payloads);

  ASSERT_EQ(router.send(incoming->from, wire::Message(wire::wire_samples().at("deliver"))), wire::SendOutcome::kSent);
  Poller dealer_poller;
  dealer_poller.add(dealer);
  std::optional<Result<wire::Message>> answer;
  ASSERT_TRUE(wait_until(dealer_poller, [&] { return (answer = dealer.receive()).has_value(); }));
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->payloads, wire::wire_samples().at("deliver").payloads);
}

TEST_F(ChannelTest, TellsPeersApart) {
  RouterChannel router = bind();
  DealerChannel one = connect();
  DealerChannel two = connect();
  ASSERT_TRUE(send(one, hello_));
  const auto first = receive(router);
  ASSERT_TRUE(send(two, hello_));
  const auto second = receive(router);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->from, second->from);
}

TEST_F(ChannelTest, SendsNothingWhileNobodyListens) {
  // The default would queue for a connection that is not there, and lose it.
  DealerChannel dealer = connect();
  EXPECT_EQ(dealer.send(wire::Message(hello_)), wire::SendOutcome::kFull);
  RouterChannel router = bind();
  ASSERT_TRUE(send(dealer, hello_));  // And it finds a master that comes later.
  EXPECT_TRUE(receive(router));
}

TEST_F(ChannelTest, SaysThatAPeerIsGone) {
  RouterChannel router = bind();
  EXPECT_EQ(router.send("nobody", wire::Message(hello_)), wire::SendOutcome::kGone);
  wire::PeerAddress address;
  {
    DealerChannel dealer = connect();
    ASSERT_TRUE(send(dealer, hello_));
    address = receive(router)->from;
  }
  EXPECT_TRUE(wait_until(poller_, [&] { return router.send(address, wire::Message(hello_)) == wire::SendOutcome::kGone; }));
}

TEST_F(ChannelTest, NeverWaitsForAPeerThatDoesNotRead) {
  RouterChannel router = bind();
  const ForeignPeer deaf(context_, endpoint_.address, 1);
  const_cast<ForeignPeer&>(deaf).send(wire::encode(hello_));
  const wire::PeerAddress address = receive(router)->from;
  wire::Message update = wire::wire_samples().at("deliver");
  update.payloads[0] = std::string(2000, 'x');
  *update.envelope.mutable_deliver()->mutable_results(0)->mutable_payload() = wire::inlined_ref(update.payloads[0]);
  wire::SendOutcome outcome = wire::SendOutcome::kSent;
  for (int i = 0; i < 100'000 && outcome == wire::SendOutcome::kSent; ++i)
    outcome = router.send(address, wire::Message(update));
  EXPECT_EQ(outcome, wire::SendOutcome::kFull);

  DealerChannel other = connect();  // The others are served as before.
  ASSERT_TRUE(send(other, hello_));
  EXPECT_EQ(router.send(receive(router)->from, wire::Message(update)), wire::SendOutcome::kSent);
}

TEST_F(ChannelTest, RefusesForeignMessagesAndKeepsTheLink) {
  RouterChannel router = bind();
  ForeignPeer peer(context_, endpoint_.address, 1000);
  const std::vector<std::pair<std::vector<std::string>, std::string>> refusals = {
      {{"garbage that is no protobuf"}, "no message of sheaf"},
      {{""}, "unknown kind"},
      {{std::string(wire::kHeaderBytesMax + 1, 'x')}, "a header of"},
      {std::vector<std::string>(3000, "x"), "a message of 3000 frames"},
      {std::vector<std::string>(9, std::string(1024 * 1024, 'x')), "a message of 9437184 bytes"},
  };
  for (const auto& [frames, reason] : refusals) {
    peer.send(frames);
    const auto incoming = receive(router);
    ASSERT_TRUE(incoming) << reason;
    ASSERT_FALSE(incoming->message) << reason;
    EXPECT_THAT(incoming->message.error().what, HasSubstr(reason));
  }
  peer.send(wire::encode(feed_));
  const auto good = receive(router);
  ASSERT_TRUE(good);
  EXPECT_TRUE(good->message);
}

TEST_F(ChannelTest, DropsTheConnectionThatSendsAFrameBeyondTheLimit) {
  RouterChannel router = bind();
  ForeignPeer peer(context_, endpoint_.address, 1000);
  peer.send(wire::encode(hello_));
  const wire::PeerAddress before = receive(router)->from;
  peer.send(std::vector{std::string(wire::kMessageBytesMax + 1, 'x')});
  EXPECT_TRUE(wait_until(poller_, [&] { return router.send(before, wire::Message(hello_)) == wire::SendOutcome::kGone; }));
  EXPECT_FALSE(router.receive());  // Nothing of it has come through.
}

TEST_F(ChannelTest, LeavesAnAddressToTheMasterThatHasIt) {
  auto tcp = RouterChannel::bind(context_, *wire::parse_endpoint("tcp://127.0.0.1:*"));
  ASSERT_TRUE(tcp);
  const auto second_tcp = RouterChannel::bind(context_, *wire::parse_endpoint(tcp->address()));
  ASSERT_FALSE(second_tcp);
  EXPECT_EQ(second_tcp.error().code, ErrorCode::kUsage);

  RouterChannel router = bind();
  const auto second = RouterChannel::bind(context_, endpoint_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUsage);
  EXPECT_EQ(second.error().where, endpoint_.address);
  DealerChannel dealer = connect();
  ASSERT_TRUE(send(dealer, hello_));
  EXPECT_TRUE(receive(router));
}

TEST_F(ChannelTest, TakesTheAddressThatAKilledMasterHasLeft) {
  const Fd killed(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  endpoint_.ipc_path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(killed.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  // Bound, and nobody accepts: what kill -9 leaves behind.
  RouterChannel router = bind();
  DealerChannel dealer = connect();
  ASSERT_TRUE(send(dealer, hello_));
  EXPECT_TRUE(receive(router));
}

TEST_F(ChannelTest, NamesAnAddressWhereItCannotListen) {
  const auto router = RouterChannel::bind(context_, *wire::parse_endpoint("ipc:///no/such/directory/master.sock"));
  ASSERT_FALSE(router);
  EXPECT_EQ(router.error().code, ErrorCode::kUsage);
  EXPECT_EQ(router.error().where, "ipc:///no/such/directory/master.sock");
}

TEST_F(ChannelTest, WaitsForDescriptorsBesideSockets) {
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe);
  RouterChannel router = bind();
  Poller poller;
  const std::size_t socket = poller.add(router);
  const std::size_t fd = poller.add(pipe->read.get());
  poller.wait(Duration::zero());
  EXPECT_FALSE(poller.is_ready(fd));
  ASSERT_EQ(::write(pipe->write.get(), "x", 1), 1);
  poller.wait(std::nullopt);
  EXPECT_TRUE(poller.is_ready(fd));
  EXPECT_FALSE(poller.is_ready(socket));
  poller.remove(fd);
  poller.wait(Duration::zero());
  EXPECT_FALSE(poller.is_ready(fd));
  EXPECT_EQ(poller.add(pipe->write.get()), fd);  // The place is used again.
  poller.watch_writable(fd, true);
  poller.wait(std::nullopt);
  EXPECT_TRUE(poller.is_writable(fd));
}

}  // namespace
}  // namespace sheaf::net
