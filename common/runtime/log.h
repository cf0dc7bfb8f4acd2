#pragma once

#include <string>
#include <string_view>

namespace sheaf {

enum class LogLevel { kInfo, kWarn, kError, kOff };

/// A command tells its own cluster's processes by it what SHEAF_LOG tells all: not a variable that the user has set, and so not
/// one for what they start on his behalf.
inline constexpr char kPrivateLogVariable[] = "SHEAF_PRIVATE_LOG";

/// Sends the log to stderr, each line with time, level and `program`. SHEAF_LOG=info|warn|error|off overrides `level`.
/// Call once, before the first line; before it only warnings and errors are written.
void set_up_log(const std::string& program, LogLevel level);

// One line per event that a person may need: `worker_lost worker=7 requeued=3 silent_ms=5021`. Control characters are escaped.
void log_info(std::string_view line);   ///< Lifecycle, a bounded number per run.
void log_warn(std::string_view line);   ///< Degraded and handled.
void log_error(std::string_view line);  ///< A human must act.

}  // namespace sheaf
