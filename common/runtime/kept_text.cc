#include "common/runtime/kept_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <span>

#include "common/base/digest.h"
#include "common/runtime/files.h"

namespace sheaf {

namespace {

constexpr std::size_t kFileBytesMax = 64 * 1024;
constexpr std::size_t kDigestDigits = 32;

/// Empty when nobody said where; relative paths are not taken, as the XDG specification asks.
std::string cache_directory() {
  const auto absolute = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value != nullptr && value[0] == '/' ? value : "";
  };
  if (const std::string cache = absolute("XDG_CACHE_HOME"); !cache.empty()) return cache + "/sheaf";
  if (const std::string home = absolute("HOME"); !home.empty()) return home + "/.cache/sheaf";
  return "";
}

std::string check_of(const std::string& text) {
  return digest_of(std::as_bytes(std::span(text))).hex();
}

/// A file is the digest of the text, a line end, the text.
std::optional<std::string> read_text(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status {};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) return std::nullopt;
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) return std::nullopt;
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size <= kDigestDigits || size > kFileBytesMax) return std::nullopt;
  std::string content(size, '\0');
  if (!read_at(file.get(), 0, std::as_writable_bytes(std::span(content)))) return std::nullopt;
  std::string text = content.substr(kDigestDigits + 1);
  if (content.substr(0, kDigestDigits) != check_of(text)) return std::nullopt;
  return text;
}

/// Under another name first, so that nobody reads half of it.
void write_text(const std::string& path, const std::string& text) {
  const std::string fresh = path + "." + std::to_string(::getpid());
  const std::string content = check_of(text) + "\n" + text;
  const Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return;
  if (!write_at(file.get(), 0, std::as_bytes(std::span(content))) || ::rename(fresh.c_str(), path.c_str()) != 0) {
    ::unlink(fresh.c_str());
  }
}

/// Those beyond kKeptTextsMax, of versions and processors that have not been seen for the longest time.
void remove_oldest(const std::string& directory, const std::string& prefix) {
  std::error_code error;
  std::multimap<std::filesystem::file_time_type, std::filesystem::path> by_age;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    const auto time = entry->last_write_time(gone);
    if (!gone && entry->path().filename().string().starts_with(prefix)) by_age.emplace(time, entry->path());
  }
  while (by_age.size() > kKeptTextsMax) {
    std::filesystem::remove(by_age.begin()->second, error);
    by_age.erase(by_age.begin());
  }
}

}  // namespace

std::string kept_text(const std::string& name, const std::string& key, const std::function<std::string()>& make) {
  const std::string directory = cache_directory();
  if (directory.empty()) return make();
  const std::string path = directory + "/" + name + "-" + key;
  if (auto kept = read_text(path)) return std::move(*kept);
  std::string text = make();
  std::error_code ignored;
  std::filesystem::create_directories(directory, ignored);
  if (text.size() + kDigestDigits + 1 > kFileBytesMax) return text;
  write_text(path, text);
  remove_oldest(directory, name + "-");
  return text;
}

}  // namespace sheaf
