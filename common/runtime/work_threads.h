#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace sheaf {

/// Threads that do tasks, in the order in which they were posted. `Task` need only be movable. Any thread may post.
template <class Task>
class WorkThreads {
 public:
  /// Called on a thread of its own, by several at the same time if there are several. Must not throw.
  using Work = std::function<void(Task)>;

  /// `threads`: at least 1. `begin`: called first on each of them.
  WorkThreads(
      std::uint32_t threads, Work work, std::function<void()> begin = [] {})
      : work_(std::move(work)) {
    for (std::uint32_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this, begin] {
        begin();
        run();
      });
    }
  }

  /// Waits for what has begun, and drops the rest.
  ~WorkThreads() {
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
  WorkThreads(const WorkThreads&) = delete;
  WorkThreads& operator=(const WorkThreads&) = delete;

  /// The queue has no limit of its own: whoever posts knows how much he has under way.
  void post(Task task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return is_ending_ || !tasks_.empty(); });
      if (is_ending_) return;
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      work_(std::move(task));
      lock.lock();
    }
  }

  const Work work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sheaf
