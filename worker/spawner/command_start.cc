#include "worker/spawner/command_start.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace sheaf::worker {

Result<StartedCommand> CommandStart::start(v1::StartCommand request) {
  auto output = make_pipe();
  if (!output) return propagate(output);
  auto errors = make_pipe();
  if (!errors) return propagate(errors);
  // Packets, so that the one that is sent is read whole.
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail(ErrorCode::kFailed, "cannot make a pair of sockets: " + errno_text(errno));
  }
  Fd own(ends[0]);
  Fd spawners(ends[1]);
  set_nonblocking(output->read.get(), true);
  set_nonblocking(errors->read.get(), true);
  local::LocalFrame frame;
  *frame.message.mutable_start_command() = std::move(request);
  frame.files.emplace_back(::fcntl(output->write.get(), F_DUPFD_CLOEXEC, 0));
  frame.files.emplace_back(::fcntl(errors->write.get(), F_DUPFD_CLOEXEC, 0));
  for (const Fd& file : frame.files) {
    if (!file.is_open()) return fail(ErrorCode::kFailed, "cannot duplicate a descriptor: " + errno_text(errno));
  }
  frame.files.push_back(std::move(spawners));
  const std::lock_guard lock(sending_);
  if (Status status = spawner_.send(std::move(frame)); !status) return propagate(status);
  return StartedCommand{std::move(output->read), std::move(errors->read), std::move(own), std::move(output->write),
                        std::move(errors->write)};
}

}  // namespace sheaf::worker
