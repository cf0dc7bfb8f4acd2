#include "worker/kinds/loaded_code.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

namespace sheaf::worker {
namespace {

TEST(LoadedCodeTest, ChangesWithEachLibraryThatIsLoaded) {
  const auto before = loaded_code();
  ASSERT_TRUE(before.has_value());
  EXPECT_EQ(loaded_code(), before);
  // A library that comes with every Debian and that nothing here needs.
  void* library = ::dlopen("libanl.so.1", RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << ::dlerror();
  EXPECT_NE(loaded_code(), before);
  ::dlclose(library);
  EXPECT_EQ(loaded_code(), before);
}

}  // namespace
}  // namespace sheaf::worker
