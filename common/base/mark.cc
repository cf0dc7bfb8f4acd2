#include "common/base/mark.h"

#include <map>
#include <mutex>
#include <string>

namespace sheaf {

MarkCounter& mark(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, MarkCounter, std::less<>> counters;
  const std::lock_guard lock(mutex);
  const auto found = counters.find(name);
  return found != counters.end() ? found->second : counters[std::string(name)];
}

std::uint64_t mark_count(std::string_view name) {
  return mark(name).count();
}

}  // namespace sheaf
