#include "stage/command/batch_output.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/runtime/fd.h"

namespace sheaf::stage {

namespace {

/// PIPE_BUF: what poll() calls writable takes so much without waiting.
constexpr std::size_t kPatientBytes = 4096;
constexpr std::size_t kBytesAtOnce = 256 * 1024;

bool is_file(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode));
}

}  // namespace

BatchOutput::BatchOutput(int fd, std::string name, const batch::StopSignal& stop)
    : fd_(fd), name_(std::move(name)), stop_(stop), never_waits_(is_file(fd)) {}

Status BatchOutput::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!never_waits_) {
      std::array<pollfd, 2> polled{pollfd{fd_, POLLOUT, 0}, pollfd{stop_.fd(), POLLIN, 0}};
      if (::poll(polled.data(), polled.size(), -1) < 0) continue;
      if (polled[1].revents != 0) return fail(ErrorCode::kStopped, "stopped");
    }
    const ssize_t size = ::write(fd_, bytes.data(), std::min(bytes.size(), never_waits_ ? kBytesAtOnce : kPatientBytes));
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size < 0 && errno == EPIPE) return fail(ErrorCode::kOutputClosed, "its reader has gone", name_);
    if (size < 0) return fail(ErrorCode::kOutput, "cannot be written: " + errno_text(errno), name_);
    bytes.remove_prefix(static_cast<std::size_t>(size));
    written_ += static_cast<std::uint64_t>(size);
  }
  return {};
}

std::string LineTagger::tagged(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    if (at_line_start_) text += tag_;
    const std::size_t end = bytes.find('\n');
    const std::size_t size = end == std::string_view::npos ? bytes.size() : end + 1;
    text += bytes.substr(0, size);
    bytes.remove_prefix(size);
    at_line_start_ = end != std::string_view::npos;
  }
  return text;
}

}  // namespace sheaf::stage
