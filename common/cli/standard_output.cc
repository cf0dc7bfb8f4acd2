#include "common/cli/standard_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "common/base/exit_code.h"
#include "common/runtime/fd.h"

namespace sheaf::cli {

namespace {

/// 0, or errno.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

void open_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest number that is free, so just this one. Who writes to stdout is told so: "Bad file descriptor".
    [[maybe_unused]] const int opened = ::open("/dev/null", fd == STDERR_FILENO ? O_RDWR : O_RDONLY);
  }
}

void ignore_closed_pipes() {
  std::signal(SIGPIPE, SIG_IGN);
}

int write_standard_output(std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == 0) return kExitDone;
  if (error == EPIPE) return kExitOutputClosed;
  write_standard_error("sheaf: standard output: " + errno_text(error) + "\n");
  return exit_code(ErrorCode::kOutput);
}

void write_standard_error(std::string_view text) {
  write_all(STDERR_FILENO, text);
}

}  // namespace sheaf::cli
