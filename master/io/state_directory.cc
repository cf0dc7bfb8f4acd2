#include "master/io/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <span>

#include "common/runtime/files.h"

namespace sheaf::master {

namespace {

tl::unexpected<Error> state_error(const std::string& what, const std::string& where, const std::string& advice = {}) {
  return fail(ErrorCode::kState, what, where, advice);
}

/// The epoch that was written last; 0 when the directory is new.
Result<std::uint64_t> read_epoch(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open() && errno == ENOENT) return 0;
  char text[32];
  const ssize_t size = file.is_open() ? ::read(file.get(), text, sizeof text) : -1;
  if (size < 0) return state_error("cannot be read: " + errno_text(errno), path);
  std::uint64_t epoch = 0;
  const auto [end, error] = std::from_chars(text, text + size, epoch);
  if (error != std::errc() || end == text + size || *end != '\n') {
    return state_error("is damaged", path, "name another --state directory, or remove this one if no run in it is needed");
  }
  return epoch;
}

/// Durable before it is used: an epoch that is handed out must never come again.
Status write_epoch(const std::string& directory, std::uint64_t epoch) {
  const std::string path = directory + "/epoch";
  const std::string temporary = path + ".new";
  const std::string text = std::to_string(epoch) + "\n";
  const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.is_open()) return state_error("cannot be written: " + errno_text(errno), temporary);
  if (Status written = write_at(file.get(), 0, std::as_bytes(std::span(text))); !written) {
    return state_error("cannot be written: " + written.error().what, temporary);
  }
  const Fd parent(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (::fdatasync(file.get()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0 || ::fsync(parent.get()) != 0) {
    return state_error("cannot be written: " + errno_text(errno), path);
  }
  return {};
}

}  // namespace

Result<StateDirectory> StateDirectory::open(const std::string& path) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return state_error("cannot be made: " + errno_text(errno), path);

  const std::string lock_path = path + "/lock";
  Fd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.is_open()) return state_error("cannot be used as a state directory: " + errno_text(errno), path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return state_error("another master uses it", path, "stop that one, or name another --state directory");
  }
  const auto last = read_epoch(path + "/epoch");
  if (!last) return tl::unexpected(last.error());
  // From the clock where that is further: a worker that outlives a removed state must not take the attempts of the new one for
  // those of the old.
  const std::uint64_t epoch = std::max<std::uint64_t>(*last + 1, static_cast<std::uint64_t>(std::time(nullptr)));
  if (Status written = write_epoch(path, epoch); !written) return propagate(written);
  return StateDirectory(path, std::move(lock), Epoch{epoch});
}

std::string default_state_directory() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return std::string(state) + "/sheaf/master";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr && *home == '/' ? home : "/var/tmp") + "/.local/state/sheaf/master";
}

}  // namespace sheaf::master
