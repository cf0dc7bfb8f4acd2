#include "stage/stage_main.h"

#include <cstdio>

#include "common/base/exit_code.h"
#include "common/runtime/lifeline.h"
#include "common/runtime/log.h"
#include "common/wire/stage_setup.h"
#include "stage/stage_loop.h"

namespace sheaf::stage {

int stage_main(const std::string& program, const RunOpener& open_run) {
  const auto report = [&](const Error& error) {
    std::fprintf(stderr, "%s: %s\n", program.c_str(), error.message().c_str());
    return exit_code(error.code);
  };
  set_up_log(program, LogLevel::kError);
  auto signals = SignalFd::open(SignalFd::Children::kIgnore);
  if (!signals) return report(signals.error());
  auto lifeline = take_lifeline();
  if (!lifeline) return report(lifeline.error());
  const auto setup = wire::read_stage_setup(lifeline->get());
  if (!setup) return report(setup.error());
  const auto code = run_stage(*setup, *lifeline, *signals, open_run);
  return code ? *code : report(code.error());
}

}  // namespace sheaf::stage
