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
#include "common/runtime/log.h"

namespace sheaf::master {

namespace {

constexpr std::size_t kTextBytesMax = 512;

const char* word(AuditEvent::What what) {
  switch (what) {
    case AuditEvent::What::kJoined: return "joined";
    case AuditEvent::What::kLeft: return "left";
    case AuditEvent::What::kSubmitted: return "submitted";
    case AuditEvent::What::kCancelled: return "cancelled";
    case AuditEvent::What::kRefused: return "refused";
    case AuditEvent::What::kDenied: return "denied";
    case AuditEvent::What::kRevoked: return "revoked";
    case AuditEvent::What::kKeysRead: return "keys_read";
    case AuditEvent::What::kKeysNotRead: return "keys_not_read";
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

void AuditFile::on_time(Instant now) {
  if (now - minute_ < std::chrono::minutes(1)) return;
  minute_ = now;
  write_held_back();
}

void AuditFile::record(const AuditEvent& event) {
  Count& count = counts_[{event.what, event.who.name}];
  if (count.lines >= kLinesAMinute) {
    count.held_back += 1;
    count.last = event;
    return;
  }
  count.lines += 1;
  write(event, 0);
}

void AuditFile::write_held_back() {
  for (const auto& [kind, count] : std::exchange(counts_, {})) {
    if (count.held_back > 0) write(count.last, count.held_back);
  }
}

void AuditFile::write(const AuditEvent& event, std::uint64_t held_back) {
  const auto cut = [](const std::string& text) { return text.substr(0, kTextBytesMax); };
  nlohmann::ordered_json line = {{"time", time_of_day()},      {"what", word(event.what)},
                                 {"name", event.who.name},     {"role", net::key_role_name(event.who.role)},
                                 {"key", event.who.key},       {"peer", cut(event.peer)},
                                 {"detail", cut(event.detail)}};
  if (held_back > 0) line["held_back"] = held_back;
  // What a peer says of itself need not be UTF-8.
  std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (is_torn_) text.insert(0, "\n");
  make_room(text.size());
  const ssize_t written = ::write(fd_.get(), text.data(), text.size());
  is_torn_ = written != static_cast<ssize_t>(text.size());
  if (is_torn_)
    log_error("audit_not_written", {{"path", path_}, {"reason", written < 0 ? errno_text(errno) : "no space left"}});
  bytes_ += written > 0 ? static_cast<std::uint64_t>(written) : 0;
}

void AuditFile::make_room(std::uint64_t bytes) {
  if (bytes_ == 0 || bytes_ + bytes <= bytes_max_) return;
  ::rename(path_.c_str(), (path_ + ".1").c_str());
  if (Fd fresh = open_to_append(path_); fresh.is_open()) fd_ = std::move(fresh);
  bytes_ = 0;
}

}  // namespace sheaf::master
