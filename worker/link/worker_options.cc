#include "worker/link/worker_options.h"

#include <algorithm>

#include "common/cli/endpoint_setting.h"
#include "common/kinds/kinds.h"
#include "common/wire/limits.h"

namespace sheaf::worker {

namespace {

constexpr Duration kDefaultDrain = std::chrono::seconds(30);

const cli::Command kCommand = {"sheaf-worker", "worker"};

const std::vector<cli::Setting>& worker_settings() {
  using Form = cli::Setting::Form;
  static const std::vector<cli::Setting> settings = {
      {"master"},
      {"join"},
      {"workers"},
      {"threads"},
      {"drain"},
      {"allow-commands", Form::kFlag},
      {"insecure", Form::kFlag},
      {"quiet", Form::kFlag},
      {"log-format"},
      {"version", Form::kFlag, 'V', true},
      {"kind", Form::kList, 0, true, true},
      {"executor", Form::kValue, 0, true, true},
      {"lifeline", Form::kFlag, 0, true, true},
  };
  return settings;
}

std::vector<std::string> read_kinds(const cli::GivenSettings& given, std::vector<Error>& errors) {
  const cli::Given* kinds = given.find("kind");
  if (kinds == nullptr) return {};
  for (const std::string& name : kinds->values) {
    if (find_kind(name) == nullptr)
      errors.push_back({ErrorCode::kUsage, "there is no kind \"" + name + "\"", kinds->where, {}});
  }
  return kinds->values;
}

wire::Endpoint read_endpoint(const cli::GivenSettings& given, std::vector<Error>& errors) {
  const bool insecure = given.is_set("insecure");
  if (cli::find_master(given) == nullptr) return cli::endpoint_or_default(given, "master", insecure, errors);
  return cli::master_setting(given, insecure, {wire::KeyRole::kWorker}, errors).value_or(wire::Endpoint());
}

}  // namespace

WorkerOptions read_worker_options(std::vector<std::string> arguments, const cli::Environment& environment, std::uint32_t cores,
                                  std::vector<Error>& errors) {
  const cli::GivenSettings given = cli::read_settings(kCommand, worker_settings(), std::move(arguments), environment, errors);
  cli::refuse_positionals(kCommand, given, errors);
  WorkerOptions options;
  options.help = given.help;
  options.version = given.is_set("version");
  options.endpoint = read_endpoint(given, errors);
  const auto count = [&](const char* name, std::uint32_t otherwise) {
    return static_cast<std::uint32_t>(given.integer(name, 1, wire::kSlotsMax, errors).value_or(otherwise));
  };
  options.executors = count("workers", std::min<std::uint32_t>(cores, wire::kSlotsMax));
  options.threads = count("threads", 1);
  if (std::uint64_t{options.executors} * options.threads > wire::kSlotsMax) {
    errors.push_back({ErrorCode::kUsage, "times --threads is more than " + std::to_string(wire::kSlotsMax) + " slots",
                      "--workers", "start several workers"});
  }
  options.has_lifeline = given.is_set("lifeline");
  // Nobody waits for the work of a private cluster whose command is told to stop.
  options.drain_max = given.duration("drain", errors).value_or(options.has_lifeline ? Duration::zero() : kDefaultDrain);
  options.kinds = read_kinds(given, errors);
  options.executor_program = given.text("executor").value_or("");
  options.allow_commands = given.is_set("allow-commands");
  options.is_quiet = given.is_set("quiet");
  options.log_form = given.choice("log-format", {"text", "json"}, errors).value_or("");
  options.is_insecure = given.is_set("insecure") && !options.endpoint.is_protected();
  for (const std::string& name : options.kinds) {
    const Kind* kind = find_kind(name);
    if (kind == nullptr || !kind->runs_commands || options.allow_commands) continue;
    errors.push_back({ErrorCode::kUsage, "\"" + name + "\" runs commands", "--kind", "add --allow-commands"});
  }
  if (options.allow_commands && options.is_insecure) {
    errors.push_back({ErrorCode::kUsage, "never goes with TCP without keys: whoever reaches the port could run commands here",
                      given.find("allow-commands")->where, "join with keys (--join), or use an ipc:// socket"});
  }
  return options;
}

std::string worker_help() {
  return R"(sheaf-worker [options]     does jobs for a sheaf-master, until it is stopped

  --master ENDPOINT    ipc://... or tcp://...; default: this user's own master
  --join FILE          a master with keys: what `sheaf keygen` made for workers
  --workers P          executor processes; default: one per core
  --threads T          slots of each: jobs that it does at once; default 1
  --drain D            how long to go on after SIGTERM; default 30s
  --allow-commands     run commands of `sheaf batch` too, as this user
  --insecure           allow TCP without keys; never with --allow-commands
  --quiet              log warnings and errors only
  --log-format F       text (default) or json, a line an event, on stderr
  --config FILE        TOML with the same names; SHEAF_WORKERS=... names them too
  -V, --version

  sheaf-worker
  sheaf-worker --master ipc:///run/user/1000/sheaf/master.sock --workers 4
  sheaf-worker --join worker.toml --threads 8

It waits for the master, and reconnects to it, for as long as it runs. SIGTERM:
finishes what runs, hands back the rest, leaves. SIGINT, or a second signal:
leaves at once. Exit codes: 2 wrong use, 5 refused by the master, 130 and 143
stopped.
)";
}

}  // namespace sheaf::worker
