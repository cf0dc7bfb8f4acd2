#include "worker/spawner/stderr_tap.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include "common/base/text.h"
#include "worker/spawner/last_lines.h"

namespace sheaf::worker {

namespace {

constexpr std::size_t kTailBytesMax = 64 * 1024;
// PIPE_BUF: a pipe that poll() calls writable takes as much without blocking.
constexpr std::size_t kForwardBytes = 4096;
// More than a pipe holds, so that one drain() sees all that a dead child has left, and yet an end: a child may write without
// one.
constexpr int kReadsPerDrain = 32;

/// Writes to our stderr, unless nobody reads it: a terminal that was stopped with Ctrl-S must not stop the spawner, which has
/// to be able to kill. What is not written is not lost as evidence.
void forward(std::string_view bytes) {
  pollfd entry{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&entry, 1, 0) <= 0 || (entry.revents & POLLOUT) == 0) return;
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, bytes.data(), bytes.size());
}

}  // namespace

StderrTap::StderrTap(Fd source) : source_(std::move(source)) {
  set_nonblocking(source_.get(), true);
}

bool StderrTap::drain() {
  std::array<char, kForwardBytes> buffer;
  for (int i = 0; i < kReadsPerDrain; ++i) {
    const ssize_t size = ::read(source_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    if (size == 0) return false;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
    forward(bytes);
    kept_ += bytes;
    // Cut only now and then: cutting moves everything.
    if (kept_.size() > 2 * kTailBytesMax) kept_.erase(0, kept_.size() - kTailBytesMax);
  }
  return true;
}

std::string StderrTap::tail() const {
  return valid_utf8(last_lines(kept_, kTailBytesMax));
}

}  // namespace sheaf::worker
