#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/runtime/fd.h"
#include "common/runtime/work_threads.h"

namespace sheaf {

/// Threads for work that a loop must not wait for, and a descriptor that wakes the loop when some of it is done.
///
/// One thread owns it: posts tasks, waits for fd() and takes what was made of them. `Task` and `Done` need only be movable.
/// Tasks begin in the order in which they were posted; with one thread they are done in it too.
template <class Task, class Done>
class TaskThreads {
 public:
  /// Called on a thread of its own, by several at the same time if there are several. Must not throw.
  using Work = std::function<Done(Task)>;

  /// `threads`: at least 1. Errors: kFailed when the process has no descriptors left.
  static Result<std::unique_ptr<TaskThreads>> make(std::uint32_t threads, Work work) {
    Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event.is_open()) return fail(ErrorCode::kFailed, "cannot make an event descriptor: " + errno_text(errno));
    return std::unique_ptr<TaskThreads>(new TaskThreads(std::move(event), threads, std::move(work)));
  }

  /// The queue has no limit of its own: whoever posts knows how much he has under way.
  void post(Task task) { threads_.post(std::move(task)); }

  /// Readable while take_done() has something to give.
  int fd() const { return event_.get(); }

  std::vector<Done> take_done() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t ignored = ::read(event_.get(), &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(done_, {});
  }

 private:
  TaskThreads(Fd event, std::uint32_t threads, Work work)
      : event_(std::move(event)),
        work_(std::move(work)),
        threads_(threads, [this](Task task) { keep(work_(std::move(task))); }) {}

  void keep(Done done) {
    const std::lock_guard lock(mutex_);
    done_.push_back(std::move(done));
    if (done_.size() > 1) return;  // It is readable already.
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t ignored = ::write(event_.get(), &one, sizeof one);
  }

  const Fd event_;
  const Work work_;
  std::mutex mutex_;
  std::vector<Done> done_;
  WorkThreads<Task> threads_;  ///< Last: they end before what they use.
};

}  // namespace sheaf
