#include "master/io/master_options.h"

#include "common/cli/endpoint_setting.h"
#include "master/io/state_directory.h"

namespace sheaf::master {

namespace {

const cli::Command kCommand = {"sheaf-master", "master"};

const std::vector<cli::Setting>& master_settings() {
  using Form = cli::Setting::Form;
  static const std::vector<cli::Setting> settings = {
      {"listen"},
      {"keys"},
      {"state"},
      {"insecure", Form::kFlag},
      {"log-format"},
      {"version", Form::kFlag, 'V', true},
      {"lifeline", Form::kFlag, 0, true, true},
      {"lease", Form::kValue, 0, true, true},
  };
  return settings;
}

/// Where the peers that `keys` were made for will look: that port, on whatever addresses this machine has.
wire::Endpoint listen_for(const net::KeyDirectory& keys) {
  const std::string& endpoint = keys.server().endpoint;
  return *wire::parse_endpoint("tcp://0.0.0.0" + endpoint.substr(endpoint.rfind(':')));
}

void read_listen(const cli::GivenSettings& given, ServerOptions& server, std::vector<Error>& errors) {
  const cli::Given* keys = given.find("keys");
  if (keys != nullptr) {
    auto opened = net::KeyDirectory::open(keys->values.front());
    if (opened) {
      server.keys = std::move(*opened);
    } else {
      errors.push_back(opened.error());
    }
  }
  if (keys != nullptr && !given.is_set("listen")) {
    if (server.keys) server.listen = listen_for(*server.keys);
    return;
  }
  server.listen = cli::endpoint_or_default(given, "listen", given.is_set("insecure") || keys != nullptr, errors);
  if (keys != nullptr && server.listen.is_ipc()) {
    errors.push_back(
        Error{ErrorCode::kUsage, "goes with a tcp:// endpoint: an ipc:// one is this user's own", keys->where, {}});
  }
}

}  // namespace

MasterOptions read_master_options(std::vector<std::string> arguments, const cli::Environment& environment,
                                  std::vector<Error>& errors) {
  const cli::GivenSettings given = cli::read_settings(kCommand, master_settings(), std::move(arguments), environment, errors);
  cli::refuse_positionals(kCommand, given, errors);
  MasterOptions options;
  options.help = given.help;
  options.version = given.is_set("version");
  ServerOptions& server = options.server;
  read_listen(given, server, errors);
  server.state = given.text("state").value_or(default_state_directory());
  if (server.state.empty()) {
    const cli::Given* state = given.find("state");
    errors.push_back(Error{ErrorCode::kUsage, "is empty", state == nullptr ? "--state" : state->where,
                           "name a directory of the master's own"});
  }
  server.lease = given.duration("lease", errors).value_or(server.lease);
  options.log_form = given.choice("log-format", {"text", "json"}, errors).value_or("");
  server.has_lifeline = given.is_set("lifeline");
  server.warn_insecure = !server.listen.is_ipc() && !server.keys;
  return options;
}

std::string master_help() {
  return R"(sheaf-master [options]     schedules runs: workers and commands connect to it

  --listen ENDPOINT    ipc://... or tcp://...; default: a socket of this user's
  --keys DIR           who may connect over TCP: what `sheaf keygen DIR` made;
                       read anew on SIGHUP
  --state DIR          where its state lies; default:
                       $XDG_STATE_HOME/sheaf/master
  --insecure           allow TCP without keys: who reaches the port may use it
  --log-format F       text (default) or json, a line an event, on stderr
  --config FILE        TOML with the same names; SHEAF_LISTEN=... names them too
  -V, --version

  sheaf-master
  sheaf-master --listen ipc:///run/user/1000/m.sock --state /var/tmp/sheaf
  sheaf-master --listen tcp://0.0.0.0:7077 --keys keys

Then, in other terminals: sheaf-worker, and
  sheaf video in.mp4 -o out.mp4 --master ENDPOINT
or, with keys, on other machines: sheaf-worker --join worker.toml, and
  sheaf video in.mp4 -o out.mp4 --join client.toml
)";
}

}  // namespace sheaf::master
