#pragma once

#include <string>
#include <utility>

#include "common/base/result.h"

namespace sheaf {

/// An open file descriptor that is closed with its owner.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { reset(); }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read;
  Fd write;
};

/// A pipe whose ends are closed on exec. Errors: kFailed when the process has no descriptors left.
Result<Pipe> make_pipe();

/// Two connected AF_UNIX stream sockets, closed on exec. Errors as make_pipe().
Result<std::pair<Fd, Fd>> make_socketpair();

/// Sets or clears O_NONBLOCK.
void set_nonblocking(int fd, bool nonblocking);

/// Lets this process, and what it starts from now on, have as many descriptors open as the system allows it to ask for: beyond
/// the usual 1024, select() would not do, and nothing here calls it.
void allow_all_descriptors();

/// "No space left on device", as errno says it.
std::string errno_text(int error);

}  // namespace sheaf
