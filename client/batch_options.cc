#include "client/batch_options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "client/parallel_options.h"
#include "common/batch/column_splitter.h"
#include "common/batch/shell_quote.h"
#include "common/cli/endpoint_setting.h"
#include "common/wire/limits.h"

namespace sheaf::client {

namespace {

constexpr Duration kDefaultWait = std::chrono::seconds(5);
constexpr char kDefaultShell[] = "/bin/sh";

const cli::Command kCommand = {"sheaf batch", "batch", true};

const std::vector<cli::Setting>& batch_settings() {
  using Form = cli::Setting::Form;
  static const std::vector<cli::Setting> settings = {
      {"jobs", Form::kValue, 'j'},
      {"max-procs", Form::kValue, 'P', true},
      {"keep-order", Form::kFlag, 'k'},
      {"as-done", Form::kFlag},
      {"arg-file", Form::kList, 'a', true},
      {"null", Form::kFlag, '0', true},
      {"colsep", Form::kValue, 'C', true},
      {"header", Form::kValue, 0, true},
      {"quote", Form::kFlag, 'q', true},
      {"tag", Form::kFlag, 0, true},
      {"tagstring", Form::kValue, 0, true},
      {"workdir", Form::kValue, 0, true},
      {"env", Form::kList, 0, true},
      {"dry-run", Form::kFlag, 0, true},
      {"no-rerun", Form::kFlag},
      {"master"},
      {"join"},
      {"wait"},
      {"priority"},
      {"bar", Form::kFlag},
      {"eta", Form::kFlag},
      {"quiet", Form::kFlag},
  };
  return settings;
}

void add(std::vector<Error>& errors, std::string where, std::string what, std::string advice = {}) {
  errors.push_back(Error{ErrorCode::kUsage, std::move(what), std::move(where), std::move(advice)});
}

/// What begins a list of values, or of files with values.
struct Marker {
  std::string_view word;
  bool names_files;
  bool is_linked;
};
constexpr Marker kMarkers[] = {{":::", false, false}, {":::+", false, true}, {"::::", true, false}, {"::::+", true, true}};

const Marker* find_marker(std::string_view word) {
  const auto found =
      std::find_if(std::begin(kMarkers), std::end(kMarkers), [&](const Marker& one) { return one.word == word; });
  return found == std::end(kMarkers) ? nullptr : &*found;
}

void add_file(const std::string& path, bool is_linked, v1::InputItems& items) {
  v1::InputSource& source = *items.add_sources();
  source.set_is_linked(is_linked);
  if (path == "-") {
    source.set_standard_input(true);
  } else {
    source.set_path(path);
  }
}

/// The command, up to the first marker, and the sources behind it.
void read_command_line(const std::vector<std::string>& words, BatchOptions& options, std::vector<Error>& errors) {
  v1::CommandSetup& setup = *options.batch.mutable_setup();
  v1::InputItems& items = *options.batch.mutable_items();
  auto word = words.begin();
  while (word != words.end() && find_marker(*word) == nullptr) setup.add_words(*word++);
  while (word != words.end()) {
    const Marker& marker = *find_marker(*word++);
    v1::InputSource* values = nullptr;
    if (!marker.names_files) {
      values = items.add_sources();
      values->set_is_linked(marker.is_linked);
      values->mutable_values();
    }
    bool is_first_file = true;
    for (; word != words.end() && find_marker(*word) == nullptr; ++word) {
      if (values != nullptr) {
        values->mutable_values()->add_values(*word);
      } else {
        add_file(*word, marker.is_linked && is_first_file, items);
        is_first_file = false;
      }
    }
    if (marker.names_files && is_first_file)
      add(errors, std::string(marker.word), "names no file", "for instance :::: list.txt");
  }
}

/// The user's own shell if it is one that reads lines as sheaf writes them.
std::string shell_of(const cli::Environment& environment) {
  const std::string shell = environment("SHELL").value_or("");
  const std::string_view name = std::string_view(shell).substr(shell.rfind('/') + 1);
  for (const std::string_view bourne : {"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"}) {
    if (name == bourne && shell.starts_with('/')) return shell;
  }
  return kDefaultShell;
}

/// What GNU parallel would run as Perl.
void refuse_perl(const v1::CommandSetup& setup, std::vector<Error>& errors) {
  const auto check = [&](const std::string& text, const std::string& where) {
    const std::size_t begin = text.find("{=");
    if (begin == std::string::npos || text.find("=}", begin + 2) == std::string::npos) return;
    add(errors, where, "{= =} is Perl, which sheaf does not run", "let a command change the value, or use --colsep");
  };
  for (const std::string& word : setup.words()) check(word, word);
  if (setup.has_tag()) check(setup.tag(), "--tagstring");
}

void hint_at_operators(BatchOptions& options) {
  const v1::CommandSetup& setup = options.batch.setup();
  if (setup.words_size() < 2) return;
  for (const std::string& word : setup.words()) {
    if (!batch::is_shell_operator(word)) continue;
    options.hints.push_back("\"" + word + "\" is an argument of " + setup.words(0) +
                            " here, and no shell sees it; if one is to, give the whole command as one argument, in quotes");
    return;
  }
}

/// As GNU parallel reads it: "4", "+2" and "-1" beside the cores, "150%" of them. At least one.
unsigned read_slots(const cli::GivenSettings& given, unsigned cores, std::vector<Error>& errors) {
  const auto limited = [](double count) { return static_cast<unsigned>(std::clamp<double>(count, 1, wire::kSlotsMax)); };
  // GNU parallel and xargs know it by both names.
  const cli::Given* jobs = given.find("jobs") != nullptr ? given.find("jobs") : given.find("max-procs");
  if (jobs == nullptr) return limited(cores);
  const std::string_view text = jobs->values.front();
  const bool is_percent = text.ends_with('%');
  const bool is_beside = text.starts_with('+') || text.starts_with('-');
  std::string_view digits = text.substr(is_beside ? 1 : 0);
  if (is_percent) digits.remove_suffix(1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_number = error == std::errc() && end == digits.data() + digits.size();
  const bool is_possible = is_beside ? !is_percent : number > 0 && (is_percent || number <= wire::kSlotsMax);
  if (!is_number || !is_possible) {
    add(errors, jobs->where, "\"" + std::string(text) + "\" is no number of commands at a time",
        "a number from 1 to " + std::to_string(wire::kSlotsMax) + ", +N or -N beside the cores, or N% of them");
    return 1;
  }
  if (is_percent) return limited(std::ceil(cores * (number / 100.0)));
  if (is_beside) return limited(static_cast<double>(cores) + (text.front() == '+' ? 1.0 : -1.0) * number);
  return number;
}

void read_tag(const cli::GivenSettings& given, v1::CommandSetup& setup, std::vector<Error>& errors) {
  if (given.is_set("tag")) setup.set_tag("{}");
  if (const auto tag = given.text("tagstring")) {
    if (given.is_set("tag")) add(errors, "--tagstring", "does not go with --tag", "--tag is --tagstring {}");
    setup.set_tag(*tag);
  }
}

void read_items(const cli::GivenSettings& given, v1::InputItems& items, std::vector<Error>& errors) {
  if (const cli::Given* files = given.find("arg-file")) {
    for (const std::string& path : files->values) add_file(path, false, items);
  }
  items.set_is_null_separated(given.is_set("null"));
  if (const auto separator = given.text("colsep")) {
    items.set_column_separator(*separator);
    if (auto splitter = batch::ColumnSplitter::make(*separator); !splitter) errors.push_back(splitter.error());
  }
  if (const auto header = given.text("header")) {
    items.set_has_header(true);
    if (!items.has_column_separator()) items.set_column_separator("\\t");
    if (*header != ":") {
      add(errors, "--header", "\"" + *header + "\" is no header", "--header : takes names from the first line");
    }
  }
}

/// Where commands run, and with what around them: with a master, what is here may not be there.
void read_place(const cli::GivenSettings& given, const Surroundings& surroundings, v1::CommandSetup& setup) {
  const bool is_here = cli::find_master(given) == nullptr;
  const auto directory = given.text("workdir");
  if (directory || is_here) {
    setup.set_directory(absolute_path(surroundings.directory, directory.value_or(surroundings.directory)));
  }
  setup.set_clears_environment(!is_here);
  const cli::Given* names = given.find("env");
  if (names == nullptr) return;
  for (const std::string& name : names->values) {
    // A variable, or a function that bash has exported.
    for (const std::string& variable : {name, "BASH_FUNC_" + name + "%%"}) {
      if (const auto value = surroundings.environment(variable)) setup.add_environment(variable + "=" + *value);
    }
  }
}

void read_master(const cli::GivenSettings& given, BatchOptions& options, std::vector<Error>& errors) {
  options.priority = static_cast<int>(given.integer("priority", -100, 100, errors).value_or(0));
  options.wait_for_master = given.duration("wait", errors).value_or(kDefaultWait);
  options.master = cli::master_setting(given, true, cli::kSubmitters, errors);
  if (options.master && !options.master->is_protected()) {
    add(errors, given.find("master")->where, "commands never travel over TCP without keys",
        "name the file of a key (--join), or use an ipc:// socket");
  }
  if (given.is_set("jobs") || given.is_set("max-procs")) options.jobs_at_once = options.slots;
}

/// People come from GNU parallel: an option of it that is not here has a word of its own.
void advise_on_parallel_options(std::vector<Error>& errors) {
  for (Error& error : errors) {
    if (const auto advice = advice_on_parallel_option(error.where)) error.advice = *advice;
  }
}

}  // namespace

BatchOptions read_batch_options(std::vector<std::string> arguments, const Surroundings& surroundings,
                                std::vector<Error>& errors) {
  const cli::GivenSettings given =
      cli::read_settings(kCommand, batch_settings(), std::move(arguments), surroundings.environment, errors);
  BatchOptions options;
  options.help = given.help;
  options.quiet = given.is_set("quiet");
  options.dry_run = given.is_set("dry-run");
  options.no_rerun = given.is_set("no-rerun");
  options.as_done = given.is_set("as-done");
  if (options.as_done && given.is_set("keep-order")) add(errors, "--as-done", "does not go with -k");
  options.shows_progress = given.is_set("bar") || given.is_set("eta");
  options.slots = read_slots(given, surroundings.cores, errors);
  read_master(given, options, errors);
  v1::InputItems& items = *options.batch.mutable_items();
  read_items(given, items, errors);
  v1::CommandSetup& setup = *options.batch.mutable_setup();
  setup.set_is_quoted(given.is_set("quote"));
  setup.set_shell(shell_of(surroundings.environment));
  read_tag(given, setup, errors);
  read_place(given, surroundings, setup);
  read_command_line(given.positionals, options, errors);
  if (items.sources_size() == 0) add_file("-", false, items);
  refuse_perl(setup, errors);
  hint_at_operators(options);
  advise_on_parallel_options(errors);
  return options;
}

std::string batch_help() {
  return R"(sheaf batch [options] [--] COMMAND [ARG...] [::: VALUE... | :::: FILE...]

One command per item; without ::: the items are the lines of standard input.
One COMMAND is a line for the shell, several words are a program and its
arguments. {} is the item, {.} without extension, {/} its name, {//} its
directory, {/.} its name without extension, {#} its number, {%} the slot, {2}
the second of several values. Without any, the item is appended.

  -j, --jobs N         commands at a time; default: one per core
  -k, --keep-order     output in the order of items (default); --as-done  not
  -a, --arg-file FILE  read items from FILE, as :::: does
  -0, --null           items in files end with a NUL byte, not with a newline
  -C, --colsep REGEX   cuts items into columns: {1}, {2}, ...
  --header :           the first line names them: {NAME}
  -q, --quote          one COMMAND is no line for the shell either
  --tag                put the item before each line of output; --tagstring T
  --workdir DIR        where commands run; default: here
  --env NAME           pass this variable on to the workers of a master
  --master ENDPOINT    ipc://...; --join FILE  a master with keys. There, each
                       command runs in a fresh directory; no ./programs
  --no-rerun           never start an item again whose worker was lost
  --wait D             how long to wait for that master to start; default 5s
  --priority N         -100..100, higher first
  --dry-run            only show what would be run
  --bar, --eta         show how far it is; --quiet  not even what failed

  sheaf batch gzip -9 ::: *.log
  seq 1000 | sheaf batch './simulate --seed {} > out/{}.txt'
  sheaf batch echo {1}-{2} ::: a b ::: 1 2 3

Exit codes: the number of failed items, 101 for more than 100, 255 for every
other error, 130 and 143 stopped.
)";
}

}  // namespace sheaf::client
