#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/base/time.h"

namespace sheaf::scenario {

/// The `key=value` fields of one line. The getters leave their target alone if the field is not there; the first bad value, and
/// any field that nobody asked for, is reported by finish().
class Fields {
 public:
  static Result<Fields> parse(std::string_view text);

  void get(const char* name, std::uint64_t& value);
  void get(const char* name, std::uint32_t& value);
  void get(const char* name, int& value);
  void get(const char* name, bool& value);
  void get(const char* name, std::string& value);
  void get(const char* name, Duration& value);
  void get(const char* name, Digest& value);
  void get(const char* name, RunId& value);
  void get(const char* name, WorkerId& value);
  void get(const char* name, JobKey& value);
  void get(const char* name, JobId& value);
  void get(const char* name, Attempt& value);
  /// Comma-separated words.
  std::vector<std::string> words(const char* name);
  /// Puts down that the value of `name` is not what it should be.
  void reject(const char* name, std::string_view value);

  Status finish() const;

 private:
  std::string take(const char* name);
  bool number(const char* name, std::string_view text, std::uint64_t& value);

  std::map<std::string, std::string> fields_;
  std::string error_;
};

}  // namespace sheaf::scenario
