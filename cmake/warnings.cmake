# What every target of ours is compiled with. Warnings are errors for our code only: generated and foreign headers are SYSTEM.
add_library(sheaf_warnings INTERFACE)
add_library(sheaf::warnings ALIAS sheaf_warnings)
target_compile_options(sheaf_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Woverloaded-virtual
  -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough -Wundef)

if(SHEAF_SANITIZE)
  add_compile_options(-fsanitize=${SHEAF_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SHEAF_SANITIZE})
  # GCC 12 with a sanitizer sees paths that cannot be taken (GCC bugs 105562, 105593): these warnings stay on in the other presets.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(sheaf_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow)
  endif()
endif()
