#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sheaf::e2e {

using Clock = std::chrono::steady_clock;

/// Longer than anything takes on a busy machine: reaching it means that something hangs, and no test depends on its value.
inline constexpr std::chrono::seconds kDeadline{240};

/// What to start.
struct Command {
  std::vector<std::string> words;                                ///< The program (found in $PATH) and its arguments.
  std::vector<std::pair<std::string, std::string>> environment;  ///< Put over the test's own; an empty value removes the name.
  std::string directory;                                         ///< Empty: the test's own.
};

/// How it ended, and all that it wrote.
struct Finished {
  int exit_code = -1;  ///< -1 when a signal ended it.
  int signal = 0;
  std::string out;
  std::string err;
};

/// A program that runs beside the test. Standard input is empty; both outputs are collected. Killed when this goes, if it still
/// runs.
class Process {
 public:
  static Process start(const Command& command);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  void send(int signal) const;

  /// Until it has ended. What its own children write later is not waited for. Fails the test at kDeadline, and kills it.
  Finished wait();
  /// Reads what it writes until it has ended or `pause` is over; true while it runs.
  bool run_for(std::chrono::milliseconds pause);
  /// Until `condition` holds, which is looked at again and again while the program runs. False, and a failed test, when the
  /// program ends first or kDeadline is reached.
  bool wait_until(const std::function<bool()>& condition, const std::string& what);

  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }

 private:
  Process() = default;
  bool read_once(int timeout_ms);
  void read_rest();
  void reap();

  std::string name_;
  pid_t pid_ = -1;
  int pidfd_ = -1;
  int out_fd_ = -1;
  int err_fd_ = -1;
  bool has_ended_ = false;
  int status_ = 0;
  std::string out_;
  std::string err_;
};

/// Starts it and waits for its end.
Finished run(const Command& command);

/// Standard output of a program that must succeed; fails the test if it does not.
std::string output_of(const std::vector<std::string>& words);

/// "'a b' c", for messages.
std::string text_of(const std::vector<std::string>& words);

}  // namespace sheaf::e2e
