#include "common/cli/standard_output.h"

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
