#include "common/net/hello.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/wire/message.h"

namespace sheaf::net {
namespace {

TEST(HelloTest, IsOfANewSessionEachTime) {
  const SessionId one = wire::from_wire(hello_of_this_process().session());
  const SessionId two = wire::from_wire(hello_of_this_process().session());
  EXPECT_NE(one, two);
  EXPECT_NE(one, SessionId{});
}

TEST(HelloTest, NamesTheProcess) {
  const v1::Hello hello = hello_of_this_process();
  EXPECT_EQ(hello.pid(), static_cast<std::uint32_t>(::getpid()));
  EXPECT_NE(hello.host(), "");
}

}  // namespace
}  // namespace sheaf::net
