#pragma once

#include <span>
#include <string_view>

namespace sheaf {

/// A kind of run: what may be done to its jobs, and which programs know what a job is. All else about a kind stands in those.
///
/// The command that submits a run writes what is said here into its description, so that the master knows no kind.
struct Kind {
  std::string_view name;  ///< Of runs and of what workers offer: "video".

  /// Two results of a job are equal: a difference is an alarm, and two copies of a job may run.
  bool deterministic = false;
  /// Two copies of a job may run at the same time, for whatever reason.
  bool second_attempt = false;
  /// A job may be replaced by several smaller ones.
  bool divisible = false;
  /// All results of a run must come from workers with one fingerprint.
  bool binds_fingerprint = false;
  /// Its jobs run whatever program they name: a worker does them only when its owner has said so.
  bool runs_commands = false;

  // Programs, beside the one that starts them. Each links what its kinds need and nothing else.
  std::string_view stage_program{};     ///< Cuts a run's input and binds its results.
  std::string_view executor_program{};  ///< Does its jobs; a program may do those of several kinds.
};

/// All that are installed, in the order in which they are shown.
std::span<const Kind> all_kinds();

/// Null for a kind that there is not.
const Kind* find_kind(std::string_view name);

}  // namespace sheaf
