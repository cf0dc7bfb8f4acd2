#include "tests/e2e/support/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace sheaf::e2e {

namespace {

constexpr int kLookAgainMs = 5;

/// Between fork and exec, of a test program with one thread.
[[noreturn]] void become(const Command& command, int out, int err) {
  ::setpgid(0, 0);  // A signal that a shell sends to the tests is not one that a test sends.
  const int in = ::open("/dev/null", O_RDONLY);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  ::close_range(3, ~0U, 0);
  for (const auto& [name, value] : command.environment) {
    value.empty() ? ::unsetenv(name.c_str()) : ::setenv(name.c_str(), value.c_str(), 1);
  }
  if (!command.directory.empty() && ::chdir(command.directory.c_str()) != 0) ::_exit(126);
  std::vector<char*> words;
  for (const std::string& word : command.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  ::dprintf(2, "cannot start %s\n", words[0]);
  ::_exit(127);
}

/// False at the end of the stream.
bool read_some(int fd, std::string& text) {
  char buffer[65536];
  const ssize_t size = ::read(fd, buffer, sizeof buffer);
  if (size > 0) text.append(buffer, static_cast<std::size_t>(size));
  return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

void close_and_forget(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

}  // namespace

Process Process::start(const Command& command) {
  Process process;
  process.name_ = text_of(command.words);
  int out[2] = {-1, -1};
  int err[2] = {-1, -1};
  EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(err, O_CLOEXEC), 0);
  process.pid_ = ::fork();
  if (process.pid_ == 0) become(command, out[1], err[1]);
  EXPECT_GT(process.pid_, 0);
  ::close(out[1]);
  ::close(err[1]);
  process.out_fd_ = out[0];
  process.err_fd_ = err[0];
  ::fcntl(out[0], F_SETFL, O_NONBLOCK);
  ::fcntl(err[0], F_SETFL, O_NONBLOCK);
  process.pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, process.pid_, 0));
  EXPECT_GE(process.pidfd_, 0);
  return process;
}

Process::Process(Process&& other) noexcept
    : name_(std::move(other.name_)),
      pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::exchange(other.pidfd_, -1)),
      out_fd_(std::exchange(other.out_fd_, -1)),
      err_fd_(std::exchange(other.err_fd_, -1)),
      has_ended_(std::exchange(other.has_ended_, true)),
      status_(other.status_),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)) {}

Process::~Process() {
  if (pid_ > 0 && !has_ended_) {
    send(SIGKILL);
    reap();
  }
  close_and_forget(pidfd_);
  close_and_forget(out_fd_);
  close_and_forget(err_fd_);
}

void Process::send(int signal) const {
  if (pid_ > 0 && !has_ended_) ::kill(pid_, signal);
}

bool Process::read_once(int timeout_ms) {
  if (has_ended_) return false;
  pollfd entries[3] = {{pidfd_, POLLIN, 0}, {out_fd_, POLLIN, 0}, {err_fd_, POLLIN, 0}};
  ::poll(entries, 3, timeout_ms);
  if (entries[1].revents != 0 && !read_some(out_fd_, out_)) close_and_forget(out_fd_);
  if (entries[2].revents != 0 && !read_some(err_fd_, err_)) close_and_forget(err_fd_);
  if (entries[0].revents == 0) return true;
  reap();
  return false;
}

void Process::reap() {
  while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  has_ended_ = true;
  read_rest();
}

void Process::read_rest() {
  for (auto [fd, text] : {std::pair{out_fd_, &out_}, std::pair{err_fd_, &err_}}) {
    for (std::size_t before = 0; fd >= 0;) {
      before = text->size();
      if (!read_some(fd, *text) || text->size() == before) break;
    }
  }
}

Finished Process::wait() {
  const auto deadline = Clock::now() + kDeadline;
  while (read_once(1000)) {
    if (Clock::now() < deadline) continue;
    ADD_FAILURE() << "does not end: " << name_ << "\n" << err_;
    send(SIGKILL);
    reap();
  }
  Finished finished;
  if (WIFEXITED(status_)) finished.exit_code = WEXITSTATUS(status_);
  if (WIFSIGNALED(status_)) finished.signal = WTERMSIG(status_);
  finished.out = std::move(out_);
  finished.err = std::move(err_);
  return finished;
}

bool Process::run_for(std::chrono::milliseconds pause) {
  const auto deadline = Clock::now() + pause;
  while (read_once(static_cast<int>(std::max<long long>(0, (deadline - Clock::now()) / std::chrono::milliseconds(1))))) {
    if (Clock::now() >= deadline) return true;
  }
  return false;
}

bool Process::wait_until(const std::function<bool()>& condition, const std::string& what) {
  const auto deadline = Clock::now() + kDeadline;
  while (!condition()) {
    if (!read_once(kLookAgainMs)) {
      ADD_FAILURE() << name_ << " ended before " << what << "\n" << err_;
      return false;
    }
    if (Clock::now() >= deadline) {
      ADD_FAILURE() << "waited in vain until " << what << "\n" << err_;
      return false;
    }
  }
  return true;
}

Finished run(const Command& command) {
  return Process::start(command).wait();
}

std::string output_of(const std::vector<std::string>& words) {
  Finished finished = run({words, {}, {}});
  EXPECT_EQ(finished.exit_code, 0) << text_of(words) << "\n" << finished.err;
  return std::move(finished.out);
}

std::string text_of(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    const bool is_plain = !word.empty() && word.find_first_of(" '\"$;|") == std::string::npos;
    text += (text.empty() ? "" : " ") + (is_plain ? word : "'" + word + "'");
  }
  return text;
}

}  // namespace sheaf::e2e
