# One cache of compiled objects for every checkout and worktree of this machine: ccache hashes paths below the source directory
# relative to the build directory. So nothing that is compiled may contain a path of this checkout, no `-D` and no generated
# header; tests find what they need beside their own program.
find_program(CCACHE ccache)
if(CCACHE)
  # Through `env`, since ccache 4.7 takes no KEY=VALUE before the compiler's name.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
  # An object from another checkout must not send a debugger to that checkout's sources: gdb, started in the source directory,
  # finds them from here.
  add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
endif()
