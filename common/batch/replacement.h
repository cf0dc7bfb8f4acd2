#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sheaf::batch {

/// One item: what one command is made of.
struct Item {
  std::uint64_t number = 0;         ///< From 1 on.
  std::vector<std::string> values;  ///< One of each source, or column.
};

/// What a replacement string stands for.
struct Replacement {
  enum class Of {
    kValues,  ///< {} and its like: all values, with a blank between them.
    kValue,   ///< {2}, {name}: one of them.
    kNumber,  ///< {#}
    kSlot,    ///< {%}
  };
  enum class Part {
    kWhole,            ///< {}
    kNoExtension,      ///< {.}
    kName,             ///< {/}: behind the last slash.
    kDirectory,        ///< {//}
    kNameNoExtension,  ///< {/.}
  };
  Of of = Of::kValues;
  Part part = Part::kWhole;
  int position = 0;  ///< For kValue: from 1 on; negative: from the last one, which is -1, backwards.

  bool operator==(const Replacement&) const = default;
};

/// A text that stands for itself, or a replacement string.
using Piece = std::variant<std::string, Replacement>;

/// Cuts `text` into pieces. What looks like a replacement string and is none stands for itself, as with GNU parallel. `names`:
/// of values, from the first on.
std::vector<Piece> parse_pieces(std::string_view text, const std::vector<std::string>& names);

/// What `replacement` stands for with `item`, on slot `slot` (from 1 on): the values one by one. Nothing for one that the item
/// does not have.
std::vector<std::string> replaced(const Replacement& replacement, const Item& item, unsigned slot);

}  // namespace sheaf::batch
