// sheaf-executor-noop: gives the beginning of each job back as its result.

#include <cstdlib>
#include <memory>

#include "bench/dispatch/noop_kind.h"
#include "worker/executor/executor_main.h"

namespace {

using namespace sheaf;

class NoopRun final : public worker::RunContext {
 public:
  Result<worker::JobOutput> run(const Blob& payload, const worker::JobContext& /*context*/) override {
    auto bytes = payload.read(0, bench::kNoopResultBytes);
    if (!bytes) return propagate(bytes);
    return worker::JobOutput(Blob::of(std::move(*bytes)));
  }
};

class NoopKind final : public worker::JobKind {
 public:
  std::string name() const override { return std::string(bench::kNoop.name); }
  std::string fingerprint() const override { return {}; }
  Result<std::unique_ptr<worker::RunContext>> open_run(const std::string& /*setup*/) override {
    return std::make_unique<NoopRun>();
  }
};

}  // namespace

int main(int argc, char** argv) {
  std::_Exit(worker::executor_main("sheaf-executor-noop", argc, argv, [] {
    worker::JobKinds kinds;
    kinds.push_back(std::make_unique<NoopKind>());
    return kinds;
  }));
}
