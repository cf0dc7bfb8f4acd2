#include "worker/link/worker_options.h"

#include <sched.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "common/base/text.h"
#include "common/base/version.h"
#include "common/wire/limits.h"

namespace sheaf::worker {

namespace {

constexpr Duration kDefaultDrain = std::chrono::seconds(30);

constexpr char kExamples[] = R"(Examples:
  sheaf-worker                                    joins the master of this user on this machine
  sheaf-worker --master ipc:///run/user/1000/sheaf/master.sock --workers 4
  sheaf-worker --workers 1 --threads 8            one process with eight slots

It waits for the master, and reconnects to it, for as long as it runs. SIGTERM: finishes what
runs (--drain), hands back the rest, leaves. SIGINT, or a second signal: leaves at once.
Exit codes: 2 wrong use, 5 refused by the master, 130 and 143 stopped.)";

/// The words of the command line, as they were written: all that is wrong with them is said at once, which CLI11's own checks
/// do not do.
struct Words {
  std::string master;
  std::string workers;
  std::string threads;
  std::string drain;
  std::string executor;
  bool has_lifeline = false;
  bool is_quiet = false;
  bool is_insecure = false;
};

/// Those that this process may use, which in a container are fewer than there are.
std::uint32_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&set)));
}

std::uint32_t read_count(const std::string& word, const char* option, std::uint32_t otherwise, std::vector<Error>& faults) {
  if (word.empty()) return otherwise;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error == std::errc() && end == word.data() + word.size() && value >= 1 && value <= wire::kSlotsMax) return value;
  faults.push_back(
      {ErrorCode::kUsage, "\"" + word + "\" is not a number from 1 to " + std::to_string(wire::kSlotsMax), option, {}});
  return otherwise;
}

wire::Endpoint read_endpoint(const Words& words, std::vector<Error>& faults) {
  auto endpoint = words.master.empty() ? wire::default_endpoint() : wire::parse_endpoint(words.master);
  if (!endpoint) {
    Error fault = endpoint.error();
    if (!words.master.empty()) {
      fault.what = "\"" + words.master + "\": " + fault.what;
      fault.where = "--master";
    }
    faults.push_back(std::move(fault));
    return {};
  }
  if (!endpoint->is_ipc() && !words.is_insecure) {
    faults.push_back({ErrorCode::kUsage, "TCP without keys: whoever reaches that address sees and changes everything",
                      "--master " + words.master, "add --insecure if that is meant"});
  }
  return std::move(*endpoint);
}

WorkerOptions read_words(const Words& words, std::vector<Error>& faults) {
  WorkerOptions options;
  options.endpoint = read_endpoint(words, faults);
  options.executors = read_count(words.workers, "--workers", usable_cores(), faults);
  options.threads = read_count(words.threads, "--threads", 1, faults);
  if (std::uint64_t{options.executors} * options.threads > wire::kSlotsMax) {
    faults.push_back({ErrorCode::kUsage, "more than " + std::to_string(wire::kSlotsMax) + " slots", "--workers and --threads",
                      "start several workers"});
  }
  // Nobody waits for the work of a private cluster whose command is told to stop.
  options.drain_max = words.has_lifeline ? Duration::zero() : kDefaultDrain;
  if (!words.drain.empty()) {
    if (const Result<Duration> drain = parse_duration(words.drain)) {
      options.drain_max = *drain;
    } else {
      faults.push_back({ErrorCode::kUsage, drain.error().what, "--drain " + words.drain, drain.error().advice});
    }
  }
  options.executor_program = words.executor;
  options.has_lifeline = words.has_lifeline;
  options.is_quiet = words.is_quiet;
  options.is_insecure = words.is_insecure && !options.endpoint.is_ipc();
  return options;
}

void refuse_extras(const CLI::App& app, std::vector<Error>& faults) {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) known.push_back(option->get_name());
  }
  for (const std::string& word : app.remaining()) {
    const std::string meant = closest(word, known);
    faults.push_back({ErrorCode::kUsage, word.starts_with('-') ? "no such option" : "does not belong here", word,
                      meant.empty() ? "see sheaf-worker --help" : "did you mean " + meant + "?"});
  }
}

}  // namespace

CommandLine read_command_line(int argc, const char* const* argv) {
  Words words;
  CLI::App app("Does jobs for a sheaf-master.", "sheaf-worker");
  app.add_option("--master", words.master, "where the master listens")->envname("SHEAF_MASTER")->type_name("ENDPOINT");
  app.add_option("--workers", words.workers, "executor processes (one per core)")->envname("SHEAF_WORKERS")->type_name("P");
  app.add_option("--threads", words.threads, "slots of each (1)")->envname("SHEAF_THREADS")->type_name("T");
  app.add_option("--drain", words.drain, "how long to go on after SIGTERM (30s)")->envname("SHEAF_DRAIN")->type_name("D");
  app.add_flag("--insecure", words.is_insecure, "allow a tcp:// master, without keys");
  app.add_flag("--quiet", words.is_quiet, "log warnings and errors only");
  app.add_option("--executor", words.executor)->group("");
  app.add_flag("--lifeline", words.has_lifeline)->group("");
  app.set_config("--config", "", "options from a TOML file")->type_name("FILE");
  app.set_version_flag("--version", std::string("sheaf-worker ") + kVersion);
  app.footer(kExamples);
  app.get_formatter()->column_width(42);
  app.allow_extras();

  CommandLine line;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    line.text = app.help();
    return line;
  } catch (const CLI::CallForVersion&) {
    line.text = std::string("sheaf-worker ") + kVersion + "\n";
    return line;
  } catch (const CLI::ParseError& error) {
    line.faults.push_back({ErrorCode::kUsage, error.what(), {}, "see sheaf-worker --help"});
    return line;
  }
  refuse_extras(app, line.faults);
  WorkerOptions options = read_words(words, line.faults);
  if (line.faults.empty()) line.options = std::move(options);
  return line;
}

}  // namespace sheaf::worker
