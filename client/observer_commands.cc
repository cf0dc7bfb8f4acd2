#include "client/observer_commands.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "client/ask_master.h"
#include "client/summary.h"
#include "common/base/exit_code.h"
#include "common/base/text.h"
#include "common/cli/endpoint_setting.h"
#include "common/cli/error_lines.h"
#include "common/cli/settings.h"
#include "common/cli/standard_output.h"

namespace sheaf::client {

namespace {

constexpr Duration kDefaultWait = std::chrono::seconds(5);

constexpr char kPingHelp[] = R"(sheaf ping [options]     whether a master answers: exit 0, else not

  --master ENDPOINT    ipc://... or tcp://...; default: this user's own master
  --join FILE          a master with keys; any key will do
  --wait D             how long it may take; default 5s
  --insecure           allow TCP without keys
  --json               one object on stdout

  sheaf ping --join client.toml
  sheaf ping --master ipc:///run/user/1000/m.sock --wait 30s

Exit codes: 0 it answers, 5 it does not or refuses, 2 wrong use.
)";

constexpr char kWorkersHelp[] = R"(sheaf workers [options]     who is connected to a master

  --master ENDPOINT    ipc://... or tcp://...; default: this user's own master
  --join FILE          a master with keys: of a client, an admin or an observer
  --wait D             how long it may take to answer; default 5s
  --insecure           allow TCP without keys
  --json               one object on stdout

JOBS is what a worker holds: what runs in its slots, and what lies ready there.
HEARD is how long ago it was heard; `silent` when its jobs have gone to others.

  sheaf workers --join client.toml
  sheaf workers --json | jq '[.workers[].slots] | add'
)";

const std::vector<cli::Setting>& settings() {
  using Form = cli::Setting::Form;
  static const std::vector<cli::Setting> all = {
      {"master"}, {"join"}, {"wait"}, {"insecure", Form::kFlag}, {"json", Form::kFlag, 0, true}};
  return all;
}

/// Which of the two commands it is.
struct Look {
  cli::Command command;
  const char* help;
  std::vector<wire::KeyRole> roles;  ///< Of which a key must have one.
  bool wants_workers;
};

/// What was asked for, checked.
struct LookOptions {
  wire::Endpoint endpoint;
  Duration wait{};
  bool json = false;
  bool help = false;
};

LookOptions read_options(const Look& look, const std::vector<std::string>& arguments, std::vector<Error>& errors) {
  const cli::GivenSettings given = cli::read_settings(look.command, settings(), arguments, cli::process_environment(), errors);
  cli::refuse_positionals(look.command, given, errors);
  LookOptions options;
  options.help = given.help;
  options.json = given.is_set("json");
  options.wait = given.duration("wait", errors).value_or(kDefaultWait);
  const bool insecure = given.is_set("insecure");
  options.endpoint = cli::find_master(given) == nullptr
                         ? cli::endpoint_or_default(given, "master", insecure, errors)
                         : cli::master_setting(given, insecure, look.roles, errors).value_or(wire::Endpoint());
  return options;
}

double seconds(std::uint64_t milliseconds) {
  return static_cast<double>(milliseconds) / 1000;
}

const char* state_of(const v1::WorkerInfo& worker) {
  return worker.is_silent() ? "silent" : worker.is_draining() ? "draining" : "ready";
}

nlohmann::ordered_json as_json(const v1::WorkerInfo& worker) {
  return {{"worker", worker.worker()},   {"host", worker.host()},
          {"pid", worker.pid()},         {"key", worker.key()},
          {"version", worker.version()}, {"kinds", std::vector<std::string>(worker.kinds().begin(), worker.kinds().end())},
          {"slots", worker.slots()},     {"executors", worker.executors()},
          {"jobs", worker.jobs()},       {"heard_seconds", seconds(worker.heard_ms())},
          {"state", state_of(worker)}};
}

std::string json_of(const Look& look, const LookOptions& options, const MasterAnswer& answer) {
  nlohmann::ordered_json json = {
      {"schema", 1}, {"command", look.command.section}, {"status", "done"}, {"exit_code", kExitDone}};
  json["master"] = {
      {"endpoint", options.endpoint.address}, {"version", answer.welcome.version()}, {"epoch", answer.welcome.epoch()}};
  json["seconds"] = std::chrono::duration<double>(answer.took).count();
  if (look.wants_workers) {
    json["master"]["runs"] = answer.runs;
    json["master"]["refused_messages"] = answer.refused_messages;
    json["workers"] = nlohmann::ordered_json::array();
    for (const v1::WorkerInfo& worker : answer.workers) json["workers"].push_back(as_json(worker));
  }
  json["errors"] = nlohmann::ordered_json::array();
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string text_of(const Look& look, const LookOptions& options, const MasterAnswer& answer) {
  if (look.wants_workers) return workers_table(answer.workers);
  std::array<char, 32> took{};
  std::snprintf(took.data(), took.size(), "%.1f ms", std::chrono::duration<double, std::milli>(answer.took).count());
  return options.endpoint.address + ": sheaf " + escape_control(answer.welcome.version()) + " answers after " + took.data() +
         "\n";
}

int run_look(const Look& look, const std::vector<std::string>& arguments) {
  std::vector<Error> errors;
  const LookOptions options = read_options(look, arguments, errors);
  if (options.help) return cli::write_standard_output(look.help);
  if (errors.empty()) {
    const auto answer = ask_master(options.endpoint, options.wait, look.wants_workers);
    if (answer) {
      return cli::write_standard_output(options.json ? json_of(look, options, *answer) : text_of(look, options, *answer));
    }
    errors.push_back(answer.error());
  }
  const int code = exit_code(errors);
  cli::write_standard_error(cli::error_lines(look.command.who, errors));
  if (options.json) cli::write_standard_output(failure_json(look.command.section, errors, code));
  return code;
}

}  // namespace

std::string workers_table(const std::vector<v1::WorkerInfo>& workers) {
  std::vector<std::vector<std::string>> rows = {{"WORKER", "HOST", "PID", "KEY", "KINDS", "SLOTS", "JOBS", "HEARD", "STATE"}};
  for (const v1::WorkerInfo& worker : workers) {
    const std::vector<std::string> kinds(worker.kinds().begin(), worker.kinds().end());
    rows.push_back({std::to_string(worker.worker()), worker.host(), std::to_string(worker.pid()),
                    worker.key().empty() ? "-" : worker.key(), join(kinds), std::to_string(worker.slots()),
                    std::to_string(worker.jobs()), format_duration(std::chrono::milliseconds(worker.heard_ms())) + " ago",
                    state_of(worker)});
  }
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = escape_control(row[i]);
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) text += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    text += row.back() + "\n";
  }
  return text;
}

int run_ping_command(const std::vector<std::string>& arguments) {
  using wire::KeyRole;
  return run_look(
      {{"sheaf ping", "ping"}, kPingHelp, {KeyRole::kClient, KeyRole::kAdmin, KeyRole::kObserver, KeyRole::kWorker}, false},
      arguments);
}

int run_workers_command(const std::vector<std::string>& arguments) {
  using wire::KeyRole;
  return run_look({{"sheaf workers", "workers"}, kWorkersHelp, {KeyRole::kClient, KeyRole::kAdmin, KeyRole::kObserver}, true},
                  arguments);
}

}  // namespace sheaf::client
