#include "client/keygen_command.h"

#include <algorithm>
#include <optional>

#include "common/base/exit_code.h"
#include "common/base/text.h"
#include "common/cli/error_lines.h"
#include "common/cli/settings.h"
#include "common/cli/standard_output.h"
#include "common/net/key_directory.h"

namespace sheaf::client {

namespace {

constexpr char kWho[] = "sheaf keygen";

constexpr char kHelp[] = R"(sheaf keygen DIR ...     who may connect to a master over TCP

  sheaf keygen DIR --endpoint tcp://HOST:PORT    makes DIR, for a master that its
                                                 peers reach there
  sheaf keygen DIR --add ROLE NAME               one more key: DIR/NAME.toml
  sheaf keygen DIR --revoke NAME                 it opens nothing any more
  sheaf keygen DIR --list                        who has one

ROLE is worker (does jobs), client (submits runs), admin (as a client, so far) or
observer (sheaf workers, sheaf ping). The first form makes one of each but the last, under
these names. DIR stays with the master:
sheaf-master --keys DIR. Of the rest a host needs one file: worker.toml for
sheaf-worker --join, client.toml for sheaf video --join and sheaf batch --join.
A master that runs reads the list again on SIGHUP: kill -HUP $(pidof sheaf-master)

  sheaf keygen keys --endpoint tcp://node1.example.org:7077
  sheaf keygen keys --add worker node2
)";

const std::vector<std::string> kRoles = {"worker", "client", "admin", "observer"};

struct KeygenOptions {
  std::string directory;
  std::optional<std::string> endpoint;
  std::optional<std::string> role;  ///< To add.
  std::string name;                 ///< To add or to revoke.
  bool revokes = false;
  bool lists = false;
  bool help = false;
};

Error usage(std::string where, std::string what, std::string advice = "see sheaf keygen --help") {
  return Error{ErrorCode::kUsage, std::move(what), std::move(where), std::move(advice)};
}

/// The word after the role in `--add ROLE NAME`, taken out of `arguments`; empty when there is none.
std::string take_added_name(std::vector<std::string>& arguments) {
  const auto add =
      std::find_if(arguments.begin(), arguments.end(), [](const std::string& word) { return word.starts_with("--add"); });
  const std::ptrdiff_t words = add == arguments.end() || *add == "--add" ? 2 : 1;
  if (arguments.end() - add <= words) return {};
  const auto name = add + words;
  if (name->starts_with("--")) return {};
  std::string taken = std::move(*name);
  arguments.erase(name);
  return taken;
}

KeygenOptions read_keygen_options(std::vector<std::string> arguments, std::vector<Error>& errors) {
  using Form = cli::Setting::Form;
  const std::vector<cli::Setting> settings = {{"endpoint", Form::kValue, 0, true},
                                              {"add", Form::kValue, 0, true},
                                              {"revoke", Form::kValue, 0, true},
                                              {"list", Form::kFlag, 0, true}};
  KeygenOptions options;
  options.name = take_added_name(arguments);
  const cli::Environment nothing = [](const std::string&) { return std::optional<std::string>(); };
  const cli::GivenSettings given = cli::read_settings({kWho, "keygen"}, settings, std::move(arguments), nothing, errors);
  options.help = given.help;
  options.endpoint = given.text("endpoint");
  options.role = given.choice("add", kRoles, errors);
  options.lists = given.is_set("list");
  options.revokes = given.is_set("revoke");
  if (options.revokes) options.name = *given.text("revoke");
  const auto what_to_do = {given.is_set("endpoint"), given.is_set("add"), options.revokes, options.lists};
  if (std::count(what_to_do.begin(), what_to_do.end(), true) != 1 && errors.empty()) {
    errors.push_back(usage({}, "wants one of --endpoint, --add, --revoke and --list"));
  }
  if (options.role && options.name.empty()) errors.push_back(usage("--add", "wants a role and a name"));
  if (given.positionals.empty()) {
    errors.push_back(usage({}, "wants the directory of the keys"));
  } else {
    options.directory = given.positionals.front();
  }
  // One more may be the value of an option that nobody knows.
  for (std::size_t i = 1; i < given.positionals.size() && !given.has_unknown_options; ++i) {
    errors.push_back(usage(given.positionals[i], "does not belong here"));
  }
  return options;
}

/// What is where now, and how it is used.
std::string say_what_was_made(const net::KeyDirectory& keys) {
  const std::string& directory = keys.path();
  return "sheaf keygen: " + directory + " has keys for a master, a worker, a client and an admin\n" +
         "  at the master:   sheaf-master --keys " + directory + "\n" +
         "  on each worker:  sheaf-worker --join worker.toml      (a copy of " + directory + "/worker.toml)\n" +
         "  on each client:  sheaf video ... --join client.toml   (a copy of " + directory + "/client.toml)\n";
}

std::string list_of(const net::KeyDirectory& keys) {
  std::size_t width = 4;
  for (const net::KeyHolder& holder : keys.holders()) width = std::max(width, holder.name.size());
  const auto padded = [](std::string text, std::size_t size) {
    text.resize(std::max(size, text.size()), ' ');
    return text + "  ";
  };
  std::string text = padded("NAME", width) + padded("ROLE", 8) + padded("ADDED", 10) + padded("REVOKED", 10) + "PUBLIC KEY\n";
  for (const net::KeyHolder& holder : keys.holders()) {
    text += padded(escape_control(holder.name), width) + padded(net::key_role_name(holder.role), 8) + padded(holder.added, 10) +
            padded(holder.revoked.empty() ? "-" : holder.revoked, 10) + holder.public_key + "\n";
  }
  return text;
}

Status perform(const KeygenOptions& options, int& code) {
  if (options.endpoint) {
    const auto made = net::KeyDirectory::create(options.directory, *options.endpoint);
    if (!made) return tl::unexpected(made.error());
    cli::write_standard_error(say_what_was_made(*made));
    return {};
  }
  auto keys = net::KeyDirectory::open(options.directory);
  if (!keys) return propagate(keys);
  const std::string reload = "; a master that runs reads it on SIGHUP\n";
  if (options.lists) {
    code = cli::write_standard_output(list_of(*keys));
  } else if (options.revokes) {
    if (Status revoked = keys->revoke(options.name); !revoked) return revoked;
    cli::write_standard_error("sheaf keygen: \"" + options.name + "\" has no key any more" + reload);
  } else {
    const auto file = keys->add(*net::key_role(*options.role), options.name);
    if (!file) return tl::unexpected(file.error());
    cli::write_standard_error("sheaf keygen: made " + *file + reload);
  }
  return {};
}

}  // namespace

int run_keygen_command(const std::vector<std::string>& arguments) {
  std::vector<Error> errors;
  const KeygenOptions options = read_keygen_options(arguments, errors);
  if (options.help) return cli::write_standard_output(kHelp);
  int code = kExitDone;
  if (errors.empty()) {
    if (Status status = perform(options, code); !status) errors.push_back(status.error());
  }
  if (errors.empty()) return code;
  cli::write_standard_error(cli::error_lines(kWho, errors));
  return exit_code(errors);
}

}  // namespace sheaf::client
