#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "sheaf/v1/wire.pb.h"
#include "tests/sim/random.h"
#include "tests/sim/timeline.h"

namespace sheaf::sim {

/// One simulated process: its inputs come one at a time, it can be stopped and let go on (SIGSTOP, SIGCONT), and it can be
/// killed. What arrives while it is stopped waits for it, and comes before its timer: that is what a process finds in its
/// sockets.
class Process {
 public:
  Process(Timeline& timeline, std::string name) : timeline_(timeline), name_(std::move(name)) {}
  virtual ~Process() = default;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// One input: at once, or when it goes on; never after it has ended.
  void post(std::function<void()> input);
  void stop() { is_stopped_ = true; }
  void go_on();
  /// Nothing reaches it any more. The object stays, because the timeline may still know it.
  void end();

  bool is_stopped() const { return is_stopped_; }
  bool has_ended() const { return has_ended_; }
  const std::string& name() const { return name_; }

 protected:
  Instant now() const { return timeline_.now(); }
  Timeline& timeline() { return timeline_; }
  /// Sees to it that on_time() is called when next_deadline() comes.
  void arm();

 private:
  virtual std::optional<Instant> next_deadline() const = 0;
  virtual void on_time() = 0;
  void on_timer();

  Timeline& timeline_;
  std::string name_;
  std::deque<std::function<void()>> waiting_;
  std::optional<Instant> armed_;
  bool is_stopped_ = false;
  bool has_ended_ = false;
};

/// What a simulated process says of itself.
v1::Hello hello_of(const Process& process, Random& random);

}  // namespace sheaf::sim
