#include "common/batch/shell_quote.h"

#include <algorithm>
#include <array>

namespace sheaf::batch {

namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Stands for itself in every shell, wherever in a word.
bool is_plain(char c) {
  return is_alphanumeric(c) || c == '-' || c == '_' || c == '.' || c == '+' || c == '/';
}

/// Likewise, but for a shell's own words; quoted all the same, because GNU parallel does.
bool is_plain_in_command(char c) {
  return is_plain(c) || c == ',' || c == ':' || c == '@' || c == '%' || c == '=';
}

// What POSIX shells and bash do themselves, or may do otherwise than a program of that name.
constexpr std::array kShellWords = {
    ".",       ":",      "alias",   "bg",      "bind",   "break", "builtin",   "caller",   "case",   "cd",     "command",
    "compgen", "coproc", "declare", "dirs",    "disown", "do",    "done",      "echo",     "elif",   "else",   "enable",
    "esac",    "eval",   "exec",    "exit",    "export", "false", "fc",        "fg",       "fi",     "for",    "function",
    "getopts", "hash",   "help",    "history", "if",     "in",    "jobs",      "kill",     "let",    "local",  "logout",
    "mapfile", "popd",   "printf",  "pushd",   "pwd",    "read",  "readarray", "readonly", "return", "select", "set",
    "shift",   "shopt",  "source",  "suspend", "test",   "then",  "time",      "times",    "trap",   "true",   "type",
    "typeset", "ulimit", "umask",   "unalias", "unset",  "until", "wait",      "while",    "print",  "whence", "noglob",
};

}  // namespace

std::string shell_quoted(std::string_view text) {
  if (text.empty()) return "''";
  if (std::all_of(text.begin(), text.end(), is_plain)) return std::string(text);
  // In single quotes everything stands for itself but the single quote, which stands between double ones.
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\"'\"'";
    } else {
      quoted += c;
    }
  }
  quoted += '\'';
  // Nothing in quotes, at either end.
  if (quoted.starts_with("''")) quoted.erase(0, 2);
  if (quoted.ends_with("''")) quoted.erase(quoted.size() - 2);
  return quoted;
}

std::vector<std::string> words_without_shell(std::string_view line) {
  std::vector<std::string> words;
  bool in_word = false;
  for (const char c : line) {
    if (c == ' ' || c == '\t') {
      in_word = false;
      continue;
    }
    if (!is_plain_in_command(c)) return {};
    if (!in_word) words.emplace_back();
    in_word = true;
    words.back() += c;
  }
  if (words.empty()) return {};
  const std::string& first = words.front();
  const bool is_assignment = first.find('=') != std::string::npos;
  const bool is_shell_word = std::find(kShellWords.begin(), kShellWords.end(), first) != kShellWords.end();
  if (is_assignment || is_shell_word) return {};
  return words;
}

bool is_shell_operator(std::string_view argument) {
  if (argument.empty()) return false;
  const std::size_t digits = std::min(argument.find_first_not_of("0123456789"), argument.size());
  const std::string_view rest = argument.substr(digits);
  if (rest.starts_with('>') || rest.starts_with('<')) return true;
  return argument == "|" || argument == "||" || argument == "&" || argument == "&&" || argument == ";" || argument == "|&" ||
         argument == "&>" || argument == "&>>";
}

}  // namespace sheaf::batch
