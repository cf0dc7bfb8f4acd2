#pragma once

/// The options of a program or subcommand before anybody has looked at their values: collected from the command line, the
/// environment and a TOML file, which name the same things, in that order of strength.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/base/time.h"

namespace sheaf::cli {

/// One option: "chunk" is --chunk, SHEAF_CHUNK and `chunk = ...`.
struct Setting {
  enum class Form {
    kValue,  ///< At most once, with a value.
    kFlag,   ///< Given or not.
    kList,   ///< Any number of times, with a value each; a list in the file, one value in the environment.
  };
  std::string name;
  Form form = Form::kValue;
  char letter = 0;  ///< 'o' for -o; 0 without.
  bool command_line_only = false;
  bool is_internal =
      false;  ///< For sheaf's own programs among each other: never offered to a user. Stands on the command line only.
};

/// Whose options they are.
struct Command {
  std::string who;      ///< As messages begin: "sheaf video", "sheaf-worker".
  std::string section;  ///< Of the TOML file, beside what stands at its top for all: "video", "worker".
  /// The first positional ends the options: it and all that follows are somebody else's command line, and are taken as they
  /// are.
  bool ends_at_positional = false;
};

/// The value of an environment variable; empty when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// That of this process.
Environment process_environment();

/// What was given, and where, so that a message can name the place.
struct Given {
  std::vector<std::string> values;
  std::string where;  ///< "--chunk", "SHEAF_CHUNK", "sheaf.toml: chunk".
  bool on_command_line = false;
};

struct GivenSettings {
  std::map<std::string, Given> by_name;
  std::vector<std::string> positionals;
  bool help = false;
  bool has_unknown_options = false;  ///< The positionals may then be values of these.

  /// nullptr when it was not given anywhere.
  const Given* find(const std::string& name) const;
  bool is_set(const std::string& name) const { return find(name) != nullptr; }

  // The value, checked; every fault is appended to `errors`, and the result is then empty, as it is when nothing was given.
  std::optional<std::string> text(const std::string& name) const;
  std::optional<long long> integer(const std::string& name, long long min, long long max, std::vector<Error>& errors) const;
  std::optional<Duration> duration(const std::string& name, std::vector<Error>& errors) const;
  std::optional<double> number(const std::string& name, double min, double max, std::vector<Error>& errors) const;
  std::optional<std::string> choice(const std::string& name, const std::vector<std::string>& choices,
                                    std::vector<Error>& errors) const;
};

/// Collects the settings of `command`. `arguments` is what follows its name; --help and -h are understood besides `settings`,
/// and
/// --config FILE names the TOML file.
///
/// With an internal setting among the arguments they are all that counts: the environment and the file that it names are for
/// the program that the user has started, which has told this one everything.
///
/// Appends every fault to `errors`, all kUsage: unknown options (with what may have been meant), missing values, options given
/// twice, a file that cannot be read and unknown keys in it.
GivenSettings read_settings(const Command& command, const std::vector<Setting>& settings, std::vector<std::string> arguments,
                            const Environment& environment, std::vector<Error>& errors);

/// For who takes options alone: every positional is a fault, unless it may be the value of an option that nobody knows.
void refuse_positionals(const Command& command, const GivenSettings& given, std::vector<Error>& errors);

}  // namespace sheaf::cli
