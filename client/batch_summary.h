#pragma once

#include <string>

#include "client/run_outcome.h"

namespace sheaf::client {

/// The lines after a batch that is done: which items failed, and why. Empty when none did. Pure.
std::string batch_summary(const RunOutcome& outcome);

/// The number of failed items, 101 for more than 100; 255 for everything else that is not an item's failure, but for what the
/// user or the reader of the output has stopped: as GNU parallel does.
int batch_exit_code(const RunOutcome& outcome);

}  // namespace sheaf::client
