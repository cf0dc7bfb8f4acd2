#include "worker/kinds/finished_command.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "common/runtime/clock.h"

namespace sheaf::worker {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
/// The most that a pipe may hold without privileges: what a command that has ended can have left there.
constexpr std::size_t kLeftBytesMax = 1024 * 1024;
constexpr std::size_t kEndBytesMax = 4096;

/// Reads one of the pipes into its blob.
class PipeReader {
 public:
  PipeReader(Fd pipe, const std::string& scratch) : pipe_(std::move(pipe)), blob_(scratch) {}

  /// For poll(), which ignores what is negative.
  int fd() const { return pipe_.get(); }

  /// Reads what is there, at most `bytes_max`. Errors: as Blob::append().
  Status read(std::size_t bytes_max) {
    thread_local std::array<char, kReadBytes> buffer;
    for (std::size_t taken = 0; pipe_.is_open() && taken < bytes_max;) {
      const ssize_t size = ::read(pipe_.get(), buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) break;
      if (size == 0) {
        pipe_.reset();
        break;
      }
      taken += static_cast<std::size_t>(size);
      if (Status status = blob_.append(std::string_view(buffer.data(), static_cast<std::size_t>(size))); !status) return status;
      // A pipe that was not full is empty now: most commands write a few bytes.
      if (static_cast<std::size_t>(size) < buffer.size()) break;
    }
    return {};
  }

  Blob take() { return std::move(blob_); }

 private:
  Fd pipe_;
  Blob blob_;
};

/// The spawner is gone, and this process goes with it. Until then it says nothing of what it has begun: that is ended by the
/// link, after this, and who heard of it now could begin it elsewhere before.
Error wait_for_the_end(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock lock(mutex);
  condition.wait(lock, stop, [] { return false; });
  return Error{ErrorCode::kStopped, "the process that starts commands is gone", {}, {}};
}

/// The spawner's word, which is there.
std::optional<v1::CommandEnded> read_end(const Fd& control) {
  std::array<char, kEndBytesMax> buffer;
  const ssize_t size = ::recv(control.get(), buffer.data(), buffer.size(), 0);
  v1::CommandEnded end;
  if (size <= 0 || !end.ParseFromArray(buffer.data(), static_cast<int>(size))) {
    return std::nullopt;
  }
  return end;
}

}  // namespace

Result<FinishedCommand> finish_command(StartedCommand command, const JobContext& context) {
  const Instant begin = now();
  PipeReader output(std::move(command.output), context.scratch);
  PipeReader errors(std::move(command.errors), context.scratch);
  // From whatever thread: the spawner sees it and ends the command, and then this one hears of the end.
  const std::stop_callback ask_to_end(context.stop, [&] { ::shutdown(command.control.get(), SHUT_WR); });
  while (true) {
    std::array<pollfd, 3> polled{pollfd{output.fd(), POLLIN, 0}, pollfd{errors.fd(), POLLIN, 0},
                                 pollfd{command.control.get(), POLLIN, 0}};
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    const bool has_ended = polled[2].revents != 0;
    const std::size_t bytes_max = has_ended ? kLeftBytesMax : kReadBytes;
    if (Status status = output.read(bytes_max); !status) return propagate(status);
    if (Status status = errors.read(bytes_max); !status) return propagate(status);
    if (has_ended) break;
  }
  auto end = read_end(command.control);
  if (!end) return tl::unexpected(wait_for_the_end(context.stop));
  if (context.stop.stop_requested()) return fail(ErrorCode::kStopped, "cancelled");
  // It may be running elsewhere by now.
  if (end->is_lease_over()) return fail(ErrorCode::kStopped, "the lease of this worker is over");
  return FinishedCommand{std::move(*end), output.take(), errors.take(), now() - begin};
}

}  // namespace sheaf::worker
