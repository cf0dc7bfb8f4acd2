#pragma once

#include <optional>
#include <string>

namespace sheaf::sim {

/// What the oracles have found. The first finding counts: later ones often follow from it.
class Verdict {
 public:
  void fail(const std::string& what) {
    if (!failure_) failure_ = what;
  }
  void require(bool condition, const char* otherwise) {
    if (!condition) fail(otherwise);
  }
  const std::optional<std::string>& failure() const { return failure_; }

 private:
  std::optional<std::string> failure_;
};

}  // namespace sheaf::sim
