#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What a Bourne shell makes of a text, and what it does not.
namespace sheaf::batch {

/// `text` as one word of a shell line that means exactly these bytes. Equal to what GNU parallel writes.
std::string shell_quoted(std::string_view text);

/// The words that a shell makes of `line` when nothing in it means anything to a shell but the blanks between words; empty when
/// something may, or when the first word is something that shells do themselves ("cd", "echo", "if").
std::vector<std::string> words_without_shell(std::string_view line);

/// Whether a shell would take the argument for something of its own: "|", ">", "2>&1", ";".
bool is_shell_operator(std::string_view argument);

}  // namespace sheaf::batch
