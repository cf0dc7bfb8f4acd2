#include "client/main_command.h"

#include "client/batch_command.h"
#include "client/keygen_command.h"
#include "client/observer_commands.h"
#include "client/ops_command.h"
#include "client/video_command.h"
#include "common/base/exit_code.h"
#include "common/base/text.h"
#include "common/base/version.h"
#include "common/cli/error_lines.h"
#include "common/cli/standard_output.h"
#include "common/wire/limits.h"

namespace sheaf::client {

namespace {

constexpr char kHelp[] = R"(sheaf: one big input, many workers, one exact result

  sheaf video INPUT -o OUTPUT [options]   one video through many workers
  sheaf ops [NAME]                        what can be done to its frames
  sheaf batch COMMAND ::: VALUE...        one command per value, in order
  sheaf keygen DIR ...                    keys, for a master on a network
  sheaf workers, sheaf ping               who is there; whether a master answers
  sheaf COMMAND --help                    all about one command
  sheaf --version

  sheaf video in.mp4 -o out.mp4 --op blur:sigma=8
  sheaf batch 'convert {} small/{.}.png' ::: *.jpg

Without --master, sheaf starts a master and workers of its own for as long as
it runs. To use several machines, or for several runs at once, start
sheaf-master and sheaf-worker by hand and name the master.
)";

using Command = int (*)(const std::vector<std::string>& arguments);

struct NamedCommand {
  const char* name;
  Command run;
};

constexpr NamedCommand kCommands[] = {{"video", run_video_command},     {"ops", run_ops_command},
                                      {"batch", run_batch_command},     {"keygen", run_keygen_command},
                                      {"workers", run_workers_command}, {"ping", run_ping_command}};

int refuse(const std::string& word) {
  std::vector<std::string> names;
  for (const NamedCommand& command : kCommands) names.emplace_back(command.name);
  const bool is_option = word.starts_with('-');
  const Error error{ErrorCode::kUsage, is_option ? "is no option" : "is no command", word,
                    did_you_mean(word, names, "see sheaf --help")};
  cli::write_standard_error(cli::error_lines("sheaf", {error}));
  return exit_code(error.code);
}

}  // namespace

int run_main_command(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    cli::write_standard_error(kHelp);
    return exit_code(ErrorCode::kUsage);
  }
  const std::string& word = arguments.front();
  if (word == "--help" || word == "-h" || word == "help") return cli::write_standard_output(kHelp);
  if (word == "--version" || word == "-V") {
    return cli::write_standard_output("sheaf " + std::string(kVersion) + " (protocol " +
                                      std::to_string(wire::kProtocolVersion) + ")\n");
  }
  for (const NamedCommand& command : kCommands) {
    if (word == command.name) return command.run({arguments.begin() + 1, arguments.end()});
  }
  return refuse(word);
}

}  // namespace sheaf::client
