#include "common/runtime/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>

namespace sheaf {

Result<Fd> open_unnamed_file(const std::string& directory) {
  Fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.is_open()) return file;
  // Not every file system knows O_TMPFILE (overlayfs of older kernels, NFS): a named file that is unlinked at once does the
  // same.
  std::string name = directory + "/.sheaf-XXXXXX";
  file.reset(::mkostemp(name.data(), O_CLOEXEC));
  if (!file.is_open()) return fail(ErrorCode::kFailed, "cannot make a temporary file: " + errno_text(errno), directory);
  ::unlink(name.c_str());
  return file;
}

Status write_at(int fd, std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return fail(ErrorCode::kFailed, errno_text(errno));
    }
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status read_at(int fd, std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t count = ::pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail(ErrorCode::kFailed, errno_text(errno));
    }
    if (count == 0) return fail(ErrorCode::kFailed, "the file ends too early");
    offset += static_cast<std::uint64_t>(count);
    out = out.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

std::string program_directory() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string(".") : self.parent_path().string();
}

std::string scratch_directory() {
  const char* chosen = std::getenv("TMPDIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/var/tmp";
}

}  // namespace sheaf
