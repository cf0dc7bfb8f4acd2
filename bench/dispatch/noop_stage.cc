// sheaf-stage-noop: feeds jobs of a few bytes and measures how they come back. Its report is what was measured, as text:
// "SECONDS ROUND_TRIPS P50 P99": from the first result bound to the last one; round trips in microseconds, fed one at a time.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <vector>

#include "bench/dispatch/noop_kind.h"
#include "stage/stage_main.h"

namespace {

using namespace sheaf;
using Clock = std::chrono::steady_clock;

/// What the source and the sink know of each other.
struct Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t bound = 0;
  bool stopped = false;
  Clock::time_point fed_at;  ///< The job that is alone.
};

class NoopSource final : public stage::JobSource {
 public:
  NoopSource(bench::NoopRequest request, std::shared_ptr<Shared> shared) : request_(request), shared_(std::move(shared)) {}

  Result<std::optional<stage::JobOut>> next_job() override {
    if (fed_ == request_.jobs) return std::optional<stage::JobOut>();
    if (request_.alone) {
      std::unique_lock lock(shared_->mutex);
      shared_->changed.wait(lock, [this] { return shared_->bound == fed_ || shared_->stopped; });
      shared_->fed_at = Clock::now();
    }
    std::string bytes(request_.job_bytes, '\0');
    std::memcpy(bytes.data(), &fed_, sizeof fed_);
    return std::optional(stage::JobOut{JobKey{fed_++, 0}, Blob::of(std::move(bytes)), 1, {}});
  }
  void stop() noexcept override {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
    shared_->changed.notify_all();
  }

 private:
  bench::NoopRequest request_;
  std::shared_ptr<Shared> shared_;
  std::uint64_t fed_ = 0;
};

class NoopSink final : public stage::ResultSink {
 public:
  NoopSink(bench::NoopRequest request, std::shared_ptr<Shared> shared) : request_(request), shared_(std::move(shared)) {}

  Result<stage::Binding> bind(JobKey key, Blob result, const std::string& /*measures*/) override {
    const auto now = Clock::now();
    const auto bytes = result.read_all();
    if (!bytes || bytes->size() != bench::kNoopResultBytes || std::memcmp(bytes->data(), &key.seq, sizeof key.seq) != 0) {
      return fail(ErrorCode::kFailed, "the result of job " + to_string(key) + " is not what it was given");
    }
    if (bound_ == 0) first_ = now;
    last_ = now;
    bound_ += 1;
    if (request_.alone) {
      const std::lock_guard lock(shared_->mutex);
      round_trips_.push_back(std::chrono::duration<double, std::micro>(now - shared_->fed_at).count());
      shared_->bound = bound_;
      shared_->changed.notify_all();
    }
    return stage::Binding(stage::Accepted{});
  }
  Result<stage::StageReport> finish() override {
    const double seconds = std::chrono::duration<double>(last_ - first_).count();
    std::sort(round_trips_.begin(), round_trips_.end());
    const auto part = [this](double share) {
      return round_trips_.empty()
                 ? 0.0
                 : round_trips_[static_cast<std::size_t>(share * static_cast<double>(round_trips_.size() - 1))];
    };
    char text[128];
    std::snprintf(text, sizeof text, "%.6f %zu %.1f %.1f", seconds, round_trips_.size(), part(0.5), part(0.99));
    return stage::StageReport{bound_, 0, text};
  }
  Status publish() override { return {}; }
  void abandon() noexcept override {}

 private:
  bench::NoopRequest request_;
  std::shared_ptr<Shared> shared_;
  std::uint64_t bound_ = 0;
  Clock::time_point first_;
  Clock::time_point last_;
  std::vector<double> round_trips_;
};

Result<stage::OpenedRun> open_noop_run(const v1::RunDescription& run, const stage::StageOptions& /*options*/) {
  bench::NoopRequest request;
  char how[8] = {};
  if (std::sscanf(run.request().c_str(), "%llu %llu %7s", &request.jobs, &request.job_bytes, how) != 3 ||
      request.job_bytes < bench::kNoopResultBytes) {
    return fail(ErrorCode::kUsage, "the request cannot be read", run.request());
  }
  request.alone = std::strcmp(how, "alone") == 0;
  auto shared = std::make_shared<Shared>();
  stage::OpenedRun opened;
  opened.plan = {"noop", request.jobs, request.jobs, {}};
  opened.source = std::make_unique<NoopSource>(request, shared);
  opened.sink = std::make_unique<NoopSink>(request, shared);
  return opened;
}

}  // namespace

int main() {
  return stage::stage_main("sheaf-stage-noop", open_noop_run);
}
