#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

struct pcre2_real_code_8;

namespace sheaf::batch {

/// Cuts values into columns at what a regular expression matches: Perl's, by PCRE2, as with GNU parallel.
class ColumnSplitter {
 public:
  /// Errors: kUsage, with the place, for what is no regular expression.
  static Result<ColumnSplitter> make(const std::string& separator);

  /// At least one column, each without blanks around it. A separator that matches nothing at a place does not cut there.
  /// Errors: kInput when PCRE2 gives up: an expression that would try for ever.
  Result<std::vector<std::string>> split(std::string_view value) const;

 private:
  struct FreeCode {
    void operator()(pcre2_real_code_8* code) const;
  };
  explicit ColumnSplitter(std::unique_ptr<pcre2_real_code_8, FreeCode> code) : code_(std::move(code)) {}
  std::unique_ptr<pcre2_real_code_8, FreeCode> code_;
};

}  // namespace sheaf::batch
