#include "master/io/audit_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/net/key_file.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

namespace sheaf::master {

namespace {

constexpr Duration kStrangersInterval = std::chrono::seconds(1);

const char* word(AuditEvent::What what) {
  switch (what) {
    case AuditEvent::What::kJoined: return "joined";
    case AuditEvent::What::kLeft: return "left";
    case AuditEvent::What::kSubmitted: return "submitted";
    case AuditEvent::What::kCancelled: return "cancelled";
    case AuditEvent::What::kRefused: return "refused";
    case AuditEvent::What::kDenied: return "denied";
    case AuditEvent::What::kKeysRead: return "keys_read";
  }
  return "";
}

std::string time_of_day() {
  const std::time_t seconds = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

Fd open_to_append(const std::string& path) {
  return Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
}

}  // namespace

Result<AuditFile> AuditFile::open(std::string path, std::uint64_t bytes_max) {
  Fd fd = open_to_append(path);
  struct stat status {};
  if (!fd.is_open() || ::fstat(fd.get(), &status) != 0) {
    return fail(ErrorCode::kState, "cannot keep an audit: " + errno_text(errno), path);
  }
  return AuditFile(std::move(path), bytes_max, std::move(fd), static_cast<std::uint64_t>(status.st_size));
}

void AuditFile::record(const AuditEvent& event) {
  std::uint64_t held_back = 0;
  if (event.what == AuditEvent::What::kRefused || event.what == AuditEvent::What::kDenied) {
    const auto passed = throttles_.try_emplace(event.what, kStrangersInterval).first->second.pass(now());
    if (!passed) return;
    held_back = *passed;
  }
  nlohmann::ordered_json line = {{"time", time_of_day()},  {"what", word(event.what)},
                                 {"name", event.who.name}, {"role", net::key_role_name(event.who.role)},
                                 {"key", event.who.key},   {"peer", event.peer},
                                 {"detail", event.detail}};
  if (held_back > 0) line["held_back"] = held_back;
  // What a peer says of itself need not be UTF-8.
  const std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  make_room(text.size());
  if (::write(fd_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    log_error("audit_not_written path=" + path_ + " reason=\"" + errno_text(errno) + "\"");
  }
  bytes_ += text.size();
}

void AuditFile::make_room(std::uint64_t bytes) {
  if (bytes_ == 0 || bytes_ + bytes <= bytes_max_) return;
  ::rename(path_.c_str(), (path_ + ".1").c_str());
  if (Fd fresh = open_to_append(path_); fresh.is_open()) fd_ = std::move(fresh);
  bytes_ = 0;
}

}  // namespace sheaf::master
