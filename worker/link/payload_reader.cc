#include "worker/link/payload_reader.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sheaf::worker {

Result<std::unique_ptr<PayloadReader>> PayloadReader::make() {
  Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.is_open()) return fail(ErrorCode::kFailed, "cannot make an event descriptor: " + errno_text(errno));
  return std::unique_ptr<PayloadReader>(new PayloadReader(std::move(event)));
}

PayloadReader::PayloadReader(Fd event) : event_(std::move(event)), thread_([this] { work(); }) {}

PayloadReader::~PayloadReader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void PayloadReader::read(ExecutorId executor, local::LocalFrame frame) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back({executor, std::move(frame)});
  }
  changed_.notify_one();
}

std::vector<PayloadReader::Done> PayloadReader::take() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t ignored = ::read(event_.get(), &count, sizeof count);
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

void PayloadReader::work() {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (stopping_) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    const v1::LocalPayload header = task.frame.message.done().payload();
    auto payload = local::take_payload(header, task.frame);
    lock.lock();
    done_.push_back({task.executor, std::move(task.frame), std::move(payload)});
    lock.unlock();
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t ignored = ::write(event_.get(), &one, sizeof one);
  }
}

}  // namespace sheaf::worker
