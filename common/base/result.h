#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace sheaf {

/// What kind of trouble it is, and so what the user has to do about it. Each has one exit code (docs: the table in README.md).
enum class ErrorCode {
  kFailed,   ///< The run failed: 1.
  kUsage,    ///< An option, op, argument or template is wrong: 2.
  kInput,    ///< The input is missing, not what it should be, damaged, or changed: 3.
  kOutput,   ///< The output exists, cannot be written, or its container cannot carry a stream: 4.
  kCluster,  ///< No master, no worker, refused, or another version: 5.
  kState,    ///< The state directory is damaged or belongs to another command: 7.
  kStopped,  ///< A signal asked for it: 130 for SIGINT, 143 for SIGTERM.
};

/// What a program exits with, as the table in the README has it. kStopped is 130 here; who knows that it was SIGTERM says 143.
int exit_code(ErrorCode code);

/// The stable name used in `--json`, for instance "input".
const char* error_code_name(ErrorCode code);

/// Something that can go wrong in operation, in the user's words.
struct Error {
  ErrorCode code = ErrorCode::kFailed;
  std::string what;    ///< What happened: "no such file".
  std::string where;   ///< To what: a path, an option, an endpoint. May be empty.
  std::string advice;  ///< What to do now. May be empty.

  /// `where: what; advice` on one line, with control characters escaped; the form every message of sheaf has.
  std::string message() const;

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;

/// Success without a value.
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string what, std::string where = {}, std::string advice = {}) {
  return tl::unexpected<Error>(Error{code, std::move(what), std::move(where), std::move(advice)});
}

/// Passes an error of one result on as the error of another.
template <class T>
tl::unexpected<Error> propagate(Result<T>& result) {
  return tl::unexpected<Error>(std::move(result.error()));
}

}  // namespace sheaf
