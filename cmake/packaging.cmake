# `cmake --install` and one .deb: `cpack --config build/release/CPackConfig.cmake`, or `ninja -C build/release package`.
#
# All programs lie in one directory: each looks for its sisters beside itself (common/runtime/files.h, program_directory), in the build
# tree as well as in /usr/bin.
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES docs/ARCHITECTURE.md docs/GUARANTEES.md docs/PROTOCOL.md docs/ROADMAP.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(DIRECTORY docs/decisions DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs FILES_MATCHING PATTERN "*.md")
# Where Debian looks for the licence of a package.
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sheaf)
set(CPACK_PACKAGE_CONTACT "The sheaf authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "master/worker job runner for video and data batches")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/package)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION video)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "sheaf cuts one video into jobs, hands them to worker processes over ZeroMQ
and binds the results into one exact video: n frames in, n frames out, audio
and subtitles untouched, the same bytes whatever the number of workers.

The source of sheaf is under the MIT license. These programs are linked with
Debian's FFmpeg libraries, which use x264 and are under the GPL; so the
programs as a whole are under the GNU General Public License, version 2 or
later.")
include(CPack)
