#pragma once

#include <string_view>

namespace sheaf::cli {

/// Opens what the caller has closed of stdin, stdout and stderr, or the next file that this process opens would be taken for
/// it: stdin is empty then, a write to stdout an error, and nobody reads stderr. Call once, before anything else.
void open_standard_streams();

/// Makes a closed stdout or stderr an error of the write and not the end of the process. Call once, at the start.
void ignore_closed_pipes();

/// Writes all of `text` to stdout. Returns the exit code that follows: 0; 141 when the reader has gone (nobody is told: they
/// know); 4, with a line on stderr, when it cannot be written (disk full).
int write_standard_output(std::string_view text);

/// Writes `text` to stderr and ignores every error: there is nobody left to tell.
void write_standard_error(std::string_view text);

}  // namespace sheaf::cli
