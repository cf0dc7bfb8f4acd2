#include "common/batch/command_template.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/batch/shell_quote.h"

namespace sheaf::batch {

namespace {

bool has_replacement(const std::vector<std::vector<Piece>>& words) {
  return std::any_of(words.begin(), words.end(), [](const std::vector<Piece>& word) {
    return std::any_of(word.begin(), word.end(), [](const Piece& piece) { return std::holds_alternative<Replacement>(piece); });
  });
}

/// The line with its replacement strings taken for plain letters: whether a shell is needed does not depend on values, which
/// are never a shell's business.
std::string with_letters(const std::vector<Piece>& line) {
  std::string text;
  for (const Piece& piece : line) {
    const std::string* plain = std::get_if<std::string>(&piece);
    text += plain != nullptr ? *plain : "x";
  }
  return text;
}

/// Cuts a line that no shell needs to see into words.
std::vector<std::vector<Piece>> split_at_blanks(const std::vector<Piece>& line) {
  std::vector<std::vector<Piece>> words;
  bool in_word = false;
  const auto add = [&](Piece piece) {
    if (!in_word) words.emplace_back();
    in_word = true;
    words.back().push_back(std::move(piece));
  };
  for (const Piece& piece : line) {
    const std::string* plain = std::get_if<std::string>(&piece);
    if (plain == nullptr) {
      add(piece);
      continue;
    }
    std::string word;
    for (const char c : *plain) {
      if (c != ' ' && c != '\t') {
        word += c;
        continue;
      }
      if (!word.empty()) add(std::exchange(word, {}));
      in_word = false;
    }
    if (!word.empty()) add(std::move(word));
  }
  return words;
}

/// Whether a shell would find a function of that name in its environment: bash passes them on.
bool is_exported_function(const std::string& name, const v1::CommandSetup& setup) {
  const std::string variable = "BASH_FUNC_" + name + "%%";
  if (!setup.clears_environment() && std::getenv(variable.c_str()) != nullptr) return true;
  return std::any_of(setup.environment().begin(), setup.environment().end(),
                     [&](const std::string& one) { return one.starts_with(variable + "="); });
}

}  // namespace

CommandTemplate::CommandTemplate(const v1::CommandSetup& setup) : shell_(setup.shell()) {
  const std::vector<std::string> names(setup.names().begin(), setup.names().end());
  for (const std::string& word : setup.words()) words_.push_back(parse_pieces(word, names));
  if (setup.has_tag()) tag_ = parse_pieces(setup.tag(), names);
  is_item_the_line_ = words_.empty();
  is_line_ = words_.size() <= 1 && !setup.is_quoted();
  if (is_item_the_line_) return;

  const bool has_own = has_replacement(words_);
  if (!is_line_) {
    if (!has_own) words_.push_back({Replacement{}});
    return;
  }
  if (!has_own) words_.front() = parse_pieces(setup.words(0) + " {}", names);
  const std::string* first = words_.front().empty() ? nullptr : std::get_if<std::string>(&words_.front().front());
  // A value in the first word may be the name of something that shells do themselves.
  const bool is_first_word_given =
      first != nullptr && first->find_first_of(" \t", first->find_first_not_of(" \t")) != std::string::npos;
  if (!is_first_word_given) return;
  const std::vector<std::string> plain_words = words_without_shell(with_letters(words_.front()));
  if (plain_words.empty() || is_exported_function(plain_words.front(), setup)) return;
  words_ = split_at_blanks(words_.front());
  is_line_ = false;
}

std::vector<std::string> CommandTemplate::arguments(const Item& item, unsigned slot) const {
  if (is_line_ || is_item_the_line_) return {shell_, "-c", render_line(item, slot)};
  std::vector<std::string> words = render_words(item, slot);
  if (words.empty()) words.emplace_back();
  return words;
}

std::string CommandTemplate::line(const Item& item, unsigned slot) const {
  if (is_line_ || is_item_the_line_) return render_line(item, slot);
  std::string line;
  for (const std::string& word : render_words(item, slot)) line += (line.empty() ? "" : " ") + shell_quoted(word);
  return line;
}

std::optional<std::string> CommandTemplate::tag(const Item& item, unsigned slot) const {
  if (!tag_) return std::nullopt;
  std::string text;
  for (const Piece& piece : *tag_) {
    if (const std::string* plain = std::get_if<std::string>(&piece)) {
      text += *plain;
      continue;
    }
    const char* separator = "";
    for (const std::string& value : replaced(std::get<Replacement>(piece), item, slot)) {
      text += separator + value;
      separator = " ";
    }
  }
  return text;
}

std::vector<std::string> CommandTemplate::render_words(const Item& item, unsigned slot) const {
  std::vector<std::string> words;
  for (const std::vector<Piece>& pieces : words_) {
    // A word of nothing but values that there are not is none, as in a shell.
    bool is_there = pieces.empty();
    std::string word;
    for (const Piece& piece : pieces) {
      if (const std::string* plain = std::get_if<std::string>(&piece)) {
        word += *plain;
        is_there = true;
        continue;
      }
      bool is_first = true;
      for (std::string& value : replaced(std::get<Replacement>(piece), item, slot)) {
        if (!is_first) words.push_back(std::exchange(word, {}));
        word += value;
        is_first = false;
        is_there = true;
      }
    }
    if (is_there) words.push_back(std::move(word));
  }
  return words;
}

std::string CommandTemplate::render_line(const Item& item, unsigned slot) const {
  std::string line;
  if (is_item_the_line_) {
    for (const std::string& value : item.values) line += (line.empty() ? "" : " ") + value;
    return line;
  }
  for (const Piece& piece : words_.front()) {
    if (const std::string* plain = std::get_if<std::string>(&piece)) {
      line += *plain;
      continue;
    }
    const char* separator = "";
    for (const std::string& value : replaced(std::get<Replacement>(piece), item, slot)) {
      line += separator + shell_quoted(value);
      separator = " ";
    }
  }
  return line;
}

}  // namespace sheaf::batch
