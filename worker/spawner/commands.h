#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/local/local_stream.h"
#include "common/runtime/child.h"

namespace sheaf::worker {

/// A number of the link's for an executor (Spawn.id).
using OwnerId = std::uint64_t;

/// The commands that a spawner has started for its executors. Each is a process group of its own, whose leader is the command.
/// When the leader has ended, whatever it has left in its group is ended too; and until then nobody hears of its end.
///
/// Part of the spawner's loop: one thread, never blocks.
class Commands {
 public:
  Commands();

  /// `frame`: a StartCommand of `owner`, with its three descriptors. Who sent it hears of a failure as of an end.
  void start(OwnerId owner, local::LocalFrame frame, Instant now);

  /// Adds what is to be watched. Behind the wait: ends those that are no longer wanted.
  void add_to(std::vector<pollfd>& polled);
  void after_poll(const std::vector<pollfd>& polled, Instant now);

  /// Those that were asked to end and have not by now are killed. Call it at next_deadline().
  void on_time(Instant now);
  std::optional<Instant> next_deadline() const;

  /// A child that has ended and was not reaped: true when it was a command of ours, which is now.
  bool on_ended_child(pid_t pid);

  /// At `until` all are ended; without a lease none is started.
  void set_lease(Instant until) { lease_until_ = until; }

  /// Asks them to end, of one executor or all.
  void end_all_of(OwnerId owner, Instant now);
  void end_all(Instant now);
  bool has_any_of(OwnerId owner) const;
  bool has_any() const { return !commands_.empty(); }

 private:
  struct Command {
    OwnerId owner = 0;
    Fd control;
    std::optional<Instant> kill_at;  ///< Once it was asked to end.
    bool is_lease_over = false;      ///< It was asked because of that.
    std::size_t polled_at = 0;       ///< 0: it is not watched.
  };
  /// 0, or errno, and what is wrong if that is not the program.
  int try_start(const v1::StartCommand& request, const local::LocalFrame& frame, pid_t& pid, std::string& fault) const;
  static void ask_to_end(pid_t pid, Command& command, Instant now);
  bool is_lease_over(Instant now) const { return !lease_until_ || now >= *lease_until_; }

  std::vector<std::string> environment_;        ///< What commands inherit.
  std::vector<std::string> least_environment_;  ///< Likewise, when they are to get only what they cannot do without.
  std::map<pid_t, Command> commands_;
  std::optional<Instant> lease_until_;
};

}  // namespace sheaf::worker
