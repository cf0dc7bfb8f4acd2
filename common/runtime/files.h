#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "common/base/result.h"
#include "common/runtime/fd.h"

namespace sheaf {

/// A file in `directory` that has no name and vanishes with its last descriptor, closed on exec. Errors: kFailed, with the
/// directory.
Result<Fd> open_unnamed_file(const std::string& directory);

/// Writes all of `bytes` at `offset`, over short writes and EINTR. Errors: kFailed ("no space left on device").
Status write_at(int fd, std::uint64_t offset, std::span<const std::byte> bytes);

/// Fills `out` from `offset`. Errors: kFailed; also when the file ends before.
Status read_at(int fd, std::uint64_t offset, std::span<std::byte> out);

/// The directory that the folder's program lies in, to find its sister programs.
std::string program_directory();

/// Where large payloads go when nobody said where: $TMPDIR, else /var/tmp (which, unlike /tmp, is never a tmpfs).
std::string scratch_directory();

}  // namespace sheaf
