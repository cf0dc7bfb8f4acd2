#include "common/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sheaf {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "sheaf: a rule of its own code is broken: %s (%s:%d). Please report it.\n", condition, file, line);
  std::abort();
}

}  // namespace sheaf
