#pragma once

#include <functional>
#include <string>

namespace sheaf {

/// Texts of one name that are kept, for as many keys; beyond that the oldest go.
inline constexpr int kKeptTextsMax = 16;

/// A text that takes long to make and follows from `key` alone: read from this user's cache ($XDG_CACHE_HOME/sheaf, else
/// ~/.cache/sheaf), or made and kept there, in the file "NAME-KEY". Both: letters, digits and dashes.
///
/// A file that is damaged, not this user's or not readable is as good as none. What cannot be kept is made again the next time.
std::string kept_text(const std::string& name, const std::string& key, const std::function<std::string()>& make);

}  // namespace sheaf
