#include "common/net/hello.h"

#include <sys/random.h>
#include <unistd.h>

#include <array>

#include "common/base/check.h"
#include "common/base/ids.h"
#include "common/base/text.h"
#include "common/wire/message.h"

namespace sheaf::net {

v1::Hello hello_of_this_process() {
  SessionId session;
  SHEAF_CHECK(::getrandom(&session, sizeof session, 0) == sizeof session);
  v1::Hello hello;
  *hello.mutable_session() = wire::to_wire(session);
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) hello.set_host(valid_utf8(host.data()));
  hello.set_pid(static_cast<std::uint32_t>(::getpid()));
  return hello;
}

}  // namespace sheaf::net
