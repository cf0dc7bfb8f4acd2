#pragma once

#include <cstdint>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"
#include "sheaf/v1/wire.pb.h"

namespace sheaf::client {

/// How a run ended, as far as the client knows.
struct RunOutcome {
  std::vector<Error> errors;  ///< Empty: all done.
  int signal = 0;             ///< That stopped it; 0 when none did.
  std::uint64_t run = 0;      ///< The master's number for it; 0: it was never submitted.
  v1::RunUpdate update;       ///< The last one; empty when there was none.
  Duration wall{};            ///< From the start of the command.

  bool is_done() const { return errors.empty(); }
};

}  // namespace sheaf::client
