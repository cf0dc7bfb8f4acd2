#pragma once

namespace sheaf {

/// Prints and aborts. Use SHEAF_CHECK.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace sheaf

/// A broken invariant of our own code: on in release, prints the condition and its place, aborts. Never for data that comes
/// from the network, a file or a user: those return an Error.
#define SHEAF_CHECK(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::sheaf::check_failed(#condition, __FILE__, __LINE__))
