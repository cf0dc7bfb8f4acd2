#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace sheaf {

/// What kind of trouble it is, and so what the user has to do about it. Each has one exit code (exit_code.h).
enum class ErrorCode {
  kFailed,        ///< The run failed.
  kUsage,         ///< An option, op, argument or template is wrong.
  kInput,         ///< The input is missing, not what it should be, damaged, or changed.
  kOutput,        ///< The output exists, cannot be written, or its container cannot carry a stream.
  kCluster,       ///< No master, no worker, refused, or another version.
  kState,         ///< The state directory is damaged or belongs to another command.
  kStopped,       ///< A signal asked for it.
  kOutputClosed,  ///< Whoever read the output has gone: nobody is told.
};

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
