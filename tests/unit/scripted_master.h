#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "common/base/check.h"
#include "common/net/channel.h"
#include "common/runtime/clock.h"
#include "common/runtime/private_directory.h"

namespace sheaf::test {

/// The master's end of one link over a real socket, played by the test: it says what the test says and hears one peer.
class ScriptedMaster {
 public:
  ScriptedMaster() {
    auto directory = PrivateDirectory::make();
    SHEAF_CHECK(directory.has_value());
    directory_.emplace(std::move(*directory));
    const auto endpoint = wire::parse_endpoint("ipc://" + directory_->path() + "/m.sock");
    SHEAF_CHECK(endpoint.has_value());
    auto router = net::RouterChannel::bind(context_, *endpoint);
    SHEAF_CHECK(router.has_value());
    router_.emplace(std::move(*router));
    poller_.add(*router_);
  }

  const std::string& address() const { return router_->address(); }

  /// To the peer that was heard last.
  void send(wire::Message message, std::uint64_t epoch) {
    message.envelope.set_epoch(epoch);
    ASSERT_EQ(router_->send(peer_, message), wire::SendOutcome::kSent);
  }

  /// The peer's next message. Fails the test when none comes.
  wire::Message receive() {
    const Instant deadline = now() + kPatience;
    while (now() < deadline) {
      if (std::optional<net::Incoming> incoming = router_->receive()) {
        EXPECT_TRUE(incoming->message);
        peer_ = incoming->from;
        return std::move(*incoming->message);
      }
      poller_.wait(deadline - now());
    }
    ADD_FAILURE() << "the peer says nothing";
    return {};
  }
  /// The next one that is no heartbeat.
  wire::Message receive_news() {
    wire::Message message = receive();
    while (message.envelope.has_heartbeat()) message = receive();
    return message;
  }

 private:
  static constexpr Duration kPatience = std::chrono::seconds(60);  // Only a test that fails waits so long.

  std::optional<PrivateDirectory> directory_;
  net::Context context_;
  std::optional<net::RouterChannel> router_;
  net::Poller poller_;
  wire::PeerAddress peer_;
};

}  // namespace sheaf::test
