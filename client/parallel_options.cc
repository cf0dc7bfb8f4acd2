#include "client/parallel_options.h"

#include <algorithm>
#include <array>
#include <span>

namespace sheaf::client {

namespace {

// docs/FROM_PARALLEL.md has all of them, with what there is instead.
constexpr std::array<std::string_view, 6> kMixing = {"--line-buffer", "--lb", "--linebuffer",
                                                     "--ungroup",     "-u",   "--latest-line"};

constexpr std::array<std::string_view, 59> kLater = {"--joblog",
                                                     "--jl",
                                                     "--resume",
                                                     "--resume-failed",
                                                     "--retry-failed",
                                                     "--results",
                                                     "--res",
                                                     "--files",
                                                     "--halt",
                                                     "--halt-on-error",
                                                     "--retries",
                                                     "--timeout",
                                                     "--delay",
                                                     "--termseq",
                                                     "--term-seq",
                                                     "--shuf",
                                                     "--limit",
                                                     "--load",
                                                     "--memfree",
                                                     "--memsuspend",
                                                     "--nice",
                                                     "--noswap",
                                                     "--delimiter",
                                                     "-d",
                                                     "--no-run-if-empty",
                                                     "-r",
                                                     "-I",
                                                     "-i",
                                                     "--replace",
                                                     "--link",
                                                     "--xapply",
                                                     "-n",
                                                     "-N",
                                                     "-L",
                                                     "-l",
                                                     "--max-args",
                                                     "--max-replace-args",
                                                     "--max-lines",
                                                     "--trim",
                                                     "--csv",
                                                     "--plus",
                                                     "--rpl",
                                                     "--parens",
                                                     "--skip-first-line",
                                                     "-E",
                                                     "--eof",
                                                     "-X",
                                                     "-m",
                                                     "--xargs",
                                                     "-s",
                                                     "--max-chars",
                                                     "--transferfile",
                                                     "--transfer",
                                                     "--trc",
                                                     "--return",
                                                     "--cleanup",
                                                     "--basefile",
                                                     "--pipe",
                                                     "--pipe-part"};

constexpr std::array<std::string_view, 20> kNever = {
    "-S",         "--sshlogin", "--sshloginfile", "--slf",   "--onall",   "--nonall",      "--tmux",
    "--fg",       "--bg",       "--semaphore",    "--sem",   "-p",        "--interactive", "--compress",
    "--progress", "--citation", "--will-cite",    "--color", "--shebang", "--sqlworker"};

bool has(std::span<const std::string_view> options, std::string_view option) {
  return std::find(options.begin(), options.end(), option) != options.end();
}

}  // namespace

std::optional<std::string> advice_on_parallel_option(std::string_view option) {
  const std::string_view name = option.substr(0, option.find('='));
  if (has(kMixing, name)) {
    return "outputs of items are never mixed: what has to be run again would be there twice. --as-done gives each as it ends";
  }
  if (has(kLater, name)) return "GNU parallel's, and not here yet: see docs/FROM_PARALLEL.md";
  if (has(kNever, name)) return "GNU parallel's; docs/FROM_PARALLEL.md says what there is instead";
  return std::nullopt;
}

}  // namespace sheaf::client
