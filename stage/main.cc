// sheaf-stage: cuts one run's input and binds its results. Started by the master or by the sheaf command, never by hand.

#include <cstdio>

#include "common/base/exit_code.h"
#include "common/runtime/lifeline.h"
#include "common/runtime/log.h"
#include "common/wire/stage_setup.h"
#include "stage/stage_loop.h"

namespace {

int report(const sheaf::Error& error) {
  std::fprintf(stderr, "sheaf-stage: %s\n", error.message().c_str());
  return sheaf::exit_code(error.code);
}

}  // namespace

int main() {
  using namespace sheaf;
  set_up_log("sheaf-stage", LogLevel::kError);
  auto signals = SignalFd::open(SignalFd::Children::kIgnore);
  if (!signals) return report(signals.error());
  auto lifeline = take_lifeline();
  if (!lifeline) return report(lifeline.error());
  const auto setup = wire::read_stage_setup(lifeline->get());
  if (!setup) return report(setup.error());
  const auto code = stage::run_stage(*setup, *lifeline, *signals, stage::make_kind);
  return code ? *code : report(code.error());
}
