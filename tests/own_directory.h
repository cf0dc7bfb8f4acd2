#pragma once

#include <filesystem>

namespace sheaf::test {

/// Where the test program itself lies: `tests` in the build folder. What a test needs of the build it finds from here, never by
/// a path that was compiled in: such an object would serve no other checkout (cmake/compiler_cache.cmake).
inline std::filesystem::path own_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace sheaf::test
