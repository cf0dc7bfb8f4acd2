#include "common/runtime/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace sheaf {

Result<SignalFd> SignalFd::open(Children children, Hangup hangup) {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  struct sigaction at_hangup {};
  // One that is blocked would come although it is ignored.
  const bool is_ignored = ::sigaction(SIGHUP, nullptr, &at_hangup) == 0 && at_hangup.sa_handler == SIG_IGN;
  if (hangup == Hangup::kAlways || !is_ignored) sigaddset(&set, SIGHUP);
  if (children == Children::kReport) sigaddset(&set, SIGCHLD);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  Fd fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.is_open()) return fail(ErrorCode::kFailed, "cannot watch for signals: " + errno_text(errno));
  return SignalFd(std::move(fd));
}

int SignalFd::take() {
  signalfd_siginfo info;
  const ssize_t size = ::read(fd_.get(), &info, sizeof info);
  return size == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

}  // namespace sheaf
