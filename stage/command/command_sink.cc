#include "stage/command/command_sink.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "common/base/text.h"
#include "common/runtime/signals.h"
#include "stage/command/batch_output.h"

namespace sheaf::stage {

namespace {

constexpr std::uint64_t kReadBytes = 256 * 1024;
constexpr int kFailedNamedMax = 3;
/// Also with what could not be done at all, which is worth naming: it may have begun.
constexpr int kAllNamedMax = 16;
/// Of a reason. A report has to fit into a message, and one that is left out could not say that anything has failed.
constexpr std::size_t kReasonBytesMax = 1024;
/// Different reasons why commands could not be started; one that comes later is not counted by itself.
constexpr int kFaultsMax = 8;

Result<v1::CommandResult> read_result(const Blob& blob) {
  const auto damaged = [] { return fail(ErrorCode::kFailed, "a result is not what an executor makes"); };
  constexpr std::uint64_t kLengthBytes = 4;
  if (blob.size() < kLengthBytes) return damaged();
  auto length = blob.read(blob.size() - kLengthBytes, kLengthBytes);
  if (!length) return propagate(length);
  std::uint64_t size = 0;
  for (int i = 3; i >= 0; --i) size = (size << 8) | static_cast<unsigned char>((*length)[static_cast<std::size_t>(i)]);
  if (size > blob.size() - kLengthBytes) return damaged();
  auto bytes = blob.read(blob.size() - kLengthBytes - size, size);
  if (!bytes) return propagate(bytes);
  v1::CommandResult result;
  if (!result.ParseFromString(*bytes)) return damaged();
  const std::uint64_t written = blob.size() - kLengthBytes - size;
  if (result.stdout_bytes() > written || result.stderr_bytes() != written - result.stdout_bytes()) return damaged();
  return result;
}

std::string how_it_failed(const v1::CommandResult& result) {
  if (result.signal() != 0) {
    return "was ended by signal " + std::to_string(result.signal()) + " (" + ::strsignal(result.signal()) + ")";
  }
  return "exited with code " + std::to_string(result.exit_code());
}

class CommandSink final : public ResultSink {
 public:
  CommandSink(batch::StopSignal stop, bool is_tagged, std::shared_ptr<BatchProgress> progress)
      : stop_(std::move(stop)),
        is_tagged_(is_tagged),
        progress_(std::move(progress)),
        output_(STDOUT_FILENO, "standard output", stop_),
        errors_(STDERR_FILENO, "standard error", stop_) {}

  Result<Binding> bind(JobKey key, Blob blob, const std::string& measures) override {
    auto result = read_result(blob);
    if (!result) return propagate(result);
    if (Status status = write(blob, 0, result->stdout_bytes(), *result, output_); !status) return propagate(status);
    Status status = write(blob, result->stdout_bytes(), result->stderr_bytes(), *result, errors_);
    // Who closes stderr does not want to read it; the results are on stdout.
    if (!status && status.error().code != ErrorCode::kOutputClosed) return propagate(status);
    count(key, *result, measures);
    return Binding(Accepted{});
  }

  Result<Binding> bind_fault(JobKey key, Error error) override {
    report_.set_items(report_.items() + 1);
    report_.set_failed(report_.failed() + 1);
    name(key, progress_->end(key.seq), error.message(), kAllNamedMax);
    return Binding(Accepted{});
  }

  Result<StageReport> finish() override { return StageReport{report_.items(), output_.written(), report_.SerializeAsString()}; }
  Status publish() override { return {}; }
  void abandon() noexcept override {}
  void stop() noexcept override { stop_.set(); }

 private:
  Status write(const Blob& blob, std::uint64_t offset, std::uint64_t size, const v1::CommandResult& result,
               BatchOutput& output) {
    LineTagger tagger(result.tag() + "\t");
    for (const std::uint64_t end = offset + size; offset < end;) {
      auto bytes = blob.read(offset, std::min(kReadBytes, end - offset));
      if (!bytes) return propagate(bytes);
      offset += bytes->size();
      if (Status status = output.write(is_tagged_ ? tagger.tagged(*bytes) : *bytes); !status) return status;
    }
    return {};
  }

  void count(JobKey key, const v1::CommandResult& result, const std::string& measures) {
    std::string values = progress_->end(key.seq);
    report_.set_items(report_.items() + 1);
    v1::CommandMeasures measured;
    if (measured.ParseFromString(measures)) {
      report_.set_user_nanoseconds(report_.user_nanoseconds() + measured.user_nanoseconds());
      report_.set_system_nanoseconds(report_.system_nanoseconds() + measured.system_nanoseconds());
    }
    if (result.exit_code() == 0 && result.signal() == 0) return;
    report_.set_failed(report_.failed() + 1);
    if (result.start() != v1::CommandResult::STARTED) return count_fault(result.fault());
    name(key, std::move(values), how_it_failed(result), kFailedNamedMax);
  }

  void name(JobKey key, std::string values, const std::string& what, int named_max) {
    if (report_.first_failed_size() >= named_max) return;
    v1::FailedItem& failed = *report_.add_first_failed();
    failed.set_number(key.seq + 1);
    failed.set_values(std::move(values));
    failed.set_what(valid_utf8(what.substr(0, kReasonBytesMax)));
  }

  void count_fault(const std::string& whole) {
    const std::string what = valid_utf8(whole.substr(0, kReasonBytesMax));
    for (v1::StartFault& fault : *report_.mutable_start_faults()) {
      if (fault.what() != what) continue;
      fault.set_items(fault.items() + 1);
      return;
    }
    if (report_.start_faults_size() == kFaultsMax) return;
    v1::StartFault& fault = *report_.add_start_faults();
    fault.set_what(what);
    fault.set_items(1);
  }

  batch::StopSignal stop_;
  bool is_tagged_;
  std::shared_ptr<BatchProgress> progress_;
  BatchOutput output_;
  BatchOutput errors_;
  v1::BatchReport report_;
};

}  // namespace

Result<std::unique_ptr<ResultSink>> make_command_sink(const v1::CommandSetup& setup, std::shared_ptr<BatchProgress> progress) {
  auto stop = batch::StopSignal::make();
  if (!stop) return propagate(stop);
  return std::make_unique<CommandSink>(std::move(*stop), setup.has_tag(), std::move(progress));
}

}  // namespace sheaf::stage
