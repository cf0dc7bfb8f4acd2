#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/batch/replacement.h"
#include "sheaf/v1/command.pb.h"

namespace sheaf::batch {

/// The longest value: Linux passes no longer argument to a program (MAX_ARG_STRLEN).
inline constexpr std::size_t kValueBytesMax = 128 * 1024 - 1;

/// The command of a batch, with its replacement strings: makes of each item what is to be started.
///
/// One word is a line for the shell, in which every value is quoted; without anything that means something to a shell, it is
/// started directly. Several words, or one with -q, are a program and its arguments, and no shell sees them. No word: each item
/// is a line for the shell, as it is. A command without any replacement string gets {} at its end.
///
/// Immutable, so any thread may use it.
class CommandTemplate {
 public:
  /// Everything that is well formed as a message is a command.
  explicit CommandTemplate(const v1::CommandSetup& setup);

  /// The program and its arguments; never empty, though the program may be an empty name.
  std::vector<std::string> arguments(const Item& item, unsigned slot) const;
  /// For people: a line that a shell would do alike.
  std::string line(const Item& item, unsigned slot) const;
  /// What stands before each line of output; empty without a tag.
  std::optional<std::string> tag(const Item& item, unsigned slot) const;

 private:
  /// Rendered as a program's arguments, or as one line in which values are quoted.
  std::vector<std::string> render_words(const Item& item, unsigned slot) const;
  std::string render_line(const Item& item, unsigned slot) const;

  std::string shell_;
  bool is_line_ = false;                   ///< `words_` holds one, the line.
  bool is_item_the_line_ = false;          ///< No command was given.
  std::vector<std::vector<Piece>> words_;  ///< By word.
  std::optional<std::vector<Piece>> tag_;
};

}  // namespace sheaf::batch
