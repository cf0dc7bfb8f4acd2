#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/local/local_stream.h"
#include "common/runtime/fd.h"
#include "worker/core/actions.h"

namespace sheaf::worker {

/// A thread that reads large results once, to learn their digest: gigabytes from a disk, while the link has to keep up its
/// heartbeats.
class PayloadReader {
 public:
  struct Done {
    ExecutorId executor;
    local::LocalFrame frame;  ///< The ExecutorDone, without its file.
    Result<Blob> payload;
  };

  /// Errors: kFailed when the process has no descriptors left.
  static Result<std::unique_ptr<PayloadReader>> make();
  /// Waits for the payload that is being read.
  ~PayloadReader();
  PayloadReader(const PayloadReader&) = delete;
  PayloadReader& operator=(const PayloadReader&) = delete;

  /// Takes an ExecutorDone whose payload lies in a file. There are never more than the worker has slots.
  void read(ExecutorId executor, local::LocalFrame frame);

  /// Readable while take() has something to give.
  int fd() const { return event_.get(); }
  std::vector<Done> take();

 private:
  struct Task {
    ExecutorId executor;
    local::LocalFrame frame;
  };
  explicit PayloadReader(Fd event);
  void work();

  Fd event_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  std::vector<Done> done_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sheaf::worker
