#include "worker/executor/slot_pool.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <utility>

namespace sheaf::worker {

namespace {

/// What a kind should never let out; the executor goes on all the same.
tl::unexpected<Error> escaped(const char* what) {
  return fail(ErrorCode::kFailed, std::string("the job ended with an exception: ") + what);
}

/// Runs `function`, and makes an error of whatever it throws.
template <class T, class Function>
Result<T> guarded(Function function) {
  try {
    return function();
  } catch (const std::exception& exception) {
    return escaped(exception.what());
  } catch (...) {
    return escaped("of an unknown type");
  }
}

/// What `ps -L` and `top -H` show of this thread: which job an executor is at, also when it does not answer.
void show_thread_as(const std::string& name) {
  constexpr std::size_t kNameBytesMax = 15;
  ::pthread_setname_np(::pthread_self(), name.substr(0, kNameBytesMax).c_str());
}

/// Beyond the limit a payload has to lie in a file, wherever the kind has put it.
Result<Blob> in_its_place(Blob blob, const std::string& scratch) {
  if (!blob.is_in_memory() || blob.size() <= kInlinePayloadBytesMax) return blob;
  Blob moved(scratch);
  if (Status status = moved.append(blob.memory()); !status) return propagate(status);
  return moved;
}

}  // namespace

OpenedRun::OpenedRun(JobKind* kind, std::string kind_name, std::string setup)
    : kind_(kind), kind_name_(std::move(kind_name)), setup_(std::move(setup)) {}

Result<RunContext*> OpenedRun::context() {
  std::call_once(opened_, [this] {
    if (kind_ == nullptr) {
      context_ = fail(ErrorCode::kUsage, "this executor does no jobs of the kind \"" + kind_name_ + "\"");
    } else {
      context_ = guarded<std::unique_ptr<RunContext>>([this] { return kind_->open_run(setup_); });
    }
    setup_.clear();
  });
  if (!context_) return tl::unexpected(context_.error());
  return context_->get();
}

Result<std::unique_ptr<SlotPool>> SlotPool::make(std::uint32_t threads, std::string scratch) {
  Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.is_open()) return fail(ErrorCode::kFailed, "cannot make an event descriptor: " + errno_text(errno));
  std::unique_ptr<SlotPool> pool(new SlotPool(std::move(event), std::move(scratch)));
  for (std::uint32_t i = 0; i < threads; ++i) pool->threads_.emplace_back([raw = pool.get()] { raw->work(); });
  return pool;
}

SlotPool::~SlotPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void SlotPool::start(SlotTask task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

std::vector<SlotResult> SlotPool::take_results() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t ignored = ::read(event_.get(), &count, sizeof count);
  const std::lock_guard lock(mutex_);
  return std::exchange(results_, {});
}

void SlotPool::work() {
  show_thread_as("idle");
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (stopping_) return;
    SlotTask task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    show_thread_as("job " + std::to_string(task.job.key.seq));
    SlotResult done{task.job, task.attempt, perform(task)};
    show_thread_as("idle");  // Before anybody hears of the result: who is shown with a job has not answered for it.
    lock.lock();
    results_.push_back(std::move(done));
    lock.unlock();
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t ignored = ::write(event_.get(), &one, sizeof one);
  }
}

Result<JobOutput> SlotPool::perform(SlotTask& task) const {
  if (*task.cancelled) return fail(ErrorCode::kStopped, "cancelled");
  const v1::LocalPayload header = task.frame.message.job().payload();
  auto payload = local::take_payload(header, task.frame);
  if (!payload) return propagate(payload);
  auto context = task.run->context();
  if (!context) return propagate(context);
  auto output = guarded<JobOutput>([&] { return (*context)->run(*payload, JobContext{*task.cancelled, scratch_}); });
  if (!output) return output;
  auto placed = in_its_place(std::move(output->result), scratch_);
  if (!placed) return propagate(placed);
  output->result = std::move(*placed);
  return output;
}

}  // namespace sheaf::worker
