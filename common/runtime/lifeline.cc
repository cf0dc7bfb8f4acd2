#include "common/runtime/lifeline.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace sheaf {

Result<Fd> take_lifeline() {
  if (::fcntl(kLifelineFd, F_SETFD, FD_CLOEXEC) != 0) {
    return fail(ErrorCode::kUsage, "there is no pipe to the parent at descriptor 3", {},
                "this program is started by the other programs of sheaf, not by hand");
  }
  return Fd(kLifelineFd);
}

bool is_parent_gone(const Fd& lifeline) {
  pollfd entry{lifeline.get(), POLLIN, 0};
  if (::poll(&entry, 1, 0) <= 0) return false;
  return (entry.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

void leave_with_parent(Fd lifeline) {
  std::thread([held = std::move(lifeline)] {
    pollfd entry{held.get(), 0, 0};  // POLLHUP is always reported.
    while (::poll(&entry, 1, -1) < 0 && errno == EINTR) {
    }
    ::_exit(1);
  }).detach();
}

}  // namespace sheaf
