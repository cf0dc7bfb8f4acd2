#include "common/wire/endpoint.h"

#include <gtest/gtest.h>

#include "tests/unit/temporary_directory.h"

namespace sheaf::wire {
namespace {

TEST(EndpointTest, ReadsIpcAndTcp) {
  const auto ipc = parse_endpoint("ipc:///run/user/1000/sheaf/master.sock");
  ASSERT_TRUE(ipc);
  EXPECT_TRUE(ipc->is_ipc());
  EXPECT_EQ(ipc->ipc_path, "/run/user/1000/sheaf/master.sock");
  EXPECT_EQ(ipc->address, "ipc:///run/user/1000/sheaf/master.sock");
  for (const char* text : {"tcp://127.0.0.1:7077", "tcp://[::1]:7077", "tcp://*:1", "tcp://host:65535", "tcp://127.0.0.1:*"}) {
    const auto tcp = parse_endpoint(text);
    ASSERT_TRUE(tcp) << text;
    EXPECT_FALSE(tcp->is_ipc());
    EXPECT_EQ(tcp->address, text);
  }
}

TEST(EndpointTest, RefusesEverythingElse) {
  // Among them transports that this ZeroMQ has and sheaf must not use.
  for (const char* text : {"", "/run/master.sock", "ipc://", "ipc://relative", "ipc://@abstract", "tcp://", "tcp://host",
                           "tcp://:7077", "tcp://host:", "tcp://host:0", "tcp://host:65536", "tcp://host:70x", "tcp://host:-1",
                           "inproc://x", "ws://host:80", "pgm://eth0;239.0.0.1:7077", "tipc://{1,2,3}", "TCP://host:1"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_EQ(endpoint.error().code, ErrorCode::kUsage);
    EXPECT_EQ(endpoint.error().where, text);
  }
}

TEST(EndpointTest, KnowsHowLongASocketsPathMayBe) {
  EXPECT_TRUE(parse_endpoint("ipc:///" + std::string(106, 'x')));
  EXPECT_FALSE(parse_endpoint("ipc:///" + std::string(107, 'x')));
}

TEST(EndpointTest, AsksForAWordBeforeAnybodyMayConnect) {
  EXPECT_TRUE(check_protection(*parse_endpoint("ipc:///tmp/x"), false));
  EXPECT_FALSE(check_protection(*parse_endpoint("tcp://127.0.0.1:7077"), false));
  EXPECT_TRUE(check_protection(*parse_endpoint("tcp://127.0.0.1:7077"), true));
}

TEST(EndpointTest, MeetsInTheUsersOwnDirectory) {
  const TemporaryDirectory runtime;
  const ScopedEnvironment variable("XDG_RUNTIME_DIR", runtime.path().c_str());
  const auto endpoint = default_endpoint();
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->ipc_path, runtime / "sheaf/master.sock");
}

}  // namespace
}  // namespace sheaf::wire
