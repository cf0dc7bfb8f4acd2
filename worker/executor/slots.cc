#include "worker/executor/slots.h"

#include <pthread.h>

#include <exception>
#include <utility>

namespace sheaf::worker {

namespace {

/// What a kind should never let out; the executor goes on all the same.
tl::unexpected<Error> escaped(const char* what) {
  return fail(ErrorCode::kFailed, std::string("the job ended with an exception: ") + what);
}

/// Of the slot whose thread this is.
thread_local unsigned slot_number = 0;

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

Result<JobOutput> perform(SlotTask& task, const std::string& scratch, const std::string& directories) {
  if (task.stop.stop_requested()) return fail(ErrorCode::kStopped, "cancelled");
  const v1::LocalPayload header = task.frame.message.job().payload();
  auto payload = local::take_payload(header, task.frame);
  if (!payload) return propagate(payload);
  auto context = task.run->context();
  if (!context) return propagate(context);
  auto output = guarded<JobOutput>([&] {
    return (*context)->run(*payload, JobContext{task.stop.get_token(), scratch, directories, slot_number});
  });
  if (!output) return output;
  auto placed = in_its_place(std::move(output->result), scratch);
  if (!placed) return propagate(placed);
  output->result = std::move(*placed);
  return output;
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

Slots::Slots(std::uint32_t threads, std::string scratch, std::string directories, Calls calls)
    : scratch_(std::move(scratch)),
      directories_(std::move(directories)),
      calls_(std::move(calls)),
      threads_(
          threads, [this](SlotTask task) { work(std::move(task)); },
          [this] {
            slot_number = ++numbered_;
            show_thread_as("idle");
          }) {}

void Slots::work(SlotTask task) {
  if (!calls_.begin(task)) return;
  show_thread_as("job " + std::to_string(task.job.key.seq));
  SlotResult done{task.job, task.attempt, perform(task, scratch_, directories_)};
  show_thread_as("idle");  // Before anybody hears of the result: who is shown with a job has not answered for it.
  calls_.answer(std::move(done));
}

}  // namespace sheaf::worker
