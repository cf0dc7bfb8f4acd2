#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/runtime/fd.h"

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

  /// `threads`: at least 1. `begin`: called first on each of them. Errors: kFailed when the process has no descriptors left.
  static Result<std::unique_ptr<TaskThreads>> make(
      std::uint32_t threads, Work work, std::function<void()> begin = [] {}) {
    Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event.is_open()) return fail(ErrorCode::kFailed, "cannot make an event descriptor: " + errno_text(errno));
    std::unique_ptr<TaskThreads> made(new TaskThreads(std::move(event), std::move(work)));
    for (std::uint32_t i = 0; i < threads; ++i) {
      made->threads_.emplace_back([raw = made.get(), begin] {
        begin();
        raw->run();
      });
    }
    return made;
  }

  /// Waits for what has begun, and drops the rest.
  ~TaskThreads() {
    std::deque<Task> dropped;
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
      dropped.swap(tasks_);
    }
    dropped.clear();
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  TaskThreads(const TaskThreads&) = delete;
  TaskThreads& operator=(const TaskThreads&) = delete;

  /// The queue has no limit of its own: whoever posts knows how much he has under way.
  void post(Task task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
  }

  /// Readable while take_done() has something to give.
  int fd() const { return event_.get(); }

  std::vector<Done> take_done() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t ignored = ::read(event_.get(), &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(done_, {});
  }

 private:
  TaskThreads(Fd event, Work work) : event_(std::move(event)), work_(std::move(work)) {}

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return is_ending_ || !tasks_.empty(); });
      if (is_ending_) return;
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      Done done = work_(std::move(task));
      lock.lock();
      done_.push_back(std::move(done));
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t ignored = ::write(event_.get(), &one, sizeof one);
    }
  }

  const Fd event_;
  const Work work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  std::vector<Done> done_;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sheaf
