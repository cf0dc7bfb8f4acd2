// sheaf-master: schedules runs, keeps what is on its way, starts the stages.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "common/base/text.h"
#include "common/base/version.h"
#include "common/runtime/log.h"
#include "master/io/server.h"
#include "master/io/state_directory.h"

namespace {

using namespace sheaf;

constexpr char kExamples[] = R"(
Examples:
  sheaf-master                                          for this user on this machine
  sheaf-master --listen ipc:///run/user/1000/m.sock --state /var/tmp/sheaf
  sheaf-master --listen tcp://127.0.0.1:7077 --insecure  whoever reaches the port may use it

Then, in other terminals: sheaf-worker; sheaf video in.mp4 -o out.mp4 --master ENDPOINT)";

void print(const Error& error) {
  std::fprintf(stderr, "sheaf-master: %s\n", error.message().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  auto signals = SignalFd::open(SignalFd::Children::kReport);
  if (!signals) {
    print(signals.error());
    return exit_code(signals.error().code);
  }

  std::string listen;
  std::string state = master::default_state_directory();
  bool insecure = false;
  master::ServerOptions options;
  CLI::App app("Schedules sheaf's runs: workers and commands connect to it.", "sheaf-master");
  app.set_version_flag("--version", std::string("sheaf-master ") + kVersion);
  app.add_option("--listen", listen, "ipc://PATH or tcp://HOST:PORT; default: a socket of this user's own")
      ->envname("SHEAF_LISTEN");
  app.add_option("--state", state, "where the state lies; default: $XDG_STATE_HOME/sheaf/master")->envname("SHEAF_STATE");
  app.add_flag("--insecure", insecure, "allow TCP without keys");
  app.add_flag("--lifeline", options.has_lifeline, "leave with the program that started this one (descriptor 3)")->group("");
  app.set_config("--config", "", "a TOML file with the same names");
  app.footer(kExamples);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    print(Error{ErrorCode::kUsage, error.what(), {}, "see sheaf-master --help"});
    return exit_code(ErrorCode::kUsage);
  }

  std::vector<Error> faults;
  const auto endpoint = listen.empty() ? wire::default_endpoint() : wire::parse_endpoint(listen);
  if (!endpoint) {
    faults.push_back(endpoint.error());
  } else if (Status allowed = wire::check_protection(*endpoint, insecure); !allowed) {
    faults.push_back(allowed.error());
  }
  if (state.empty()) faults.push_back(Error{ErrorCode::kUsage, "is empty", "--state", "name a directory"});
  for (const Error& fault : faults) print(fault);
  if (!faults.empty()) return exit_code(faults.front().code);

  set_up_log("sheaf-master", options.has_lifeline ? LogLevel::kError : LogLevel::kInfo);
  options.listen = *endpoint;
  options.state = state;
  options.warn_insecure = !endpoint->is_ipc();
  const auto code = master::serve(options, *signals);
  if (!code) {
    print(code.error());
    return exit_code(code.error().code);
  }
  return *code;
}
