#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/base/result.h"
#include "common/runtime/fd.h"
#include "common/runtime/throttle.h"
#include "master/io/audit.h"

namespace sheaf::master {

/// An audit as JSON lines: {"time":"2026-12-01T09:30:00Z","what":"submitted","name":"ann","role":"client","key":"...",
/// "peer":"host:4711","detail":"..."}. Lines are only ever added. Past its size the file becomes PATH.1, in place of the one
/// before; and of what strangers can cause, a line a second is written, with the number of those that were not ("held_back").
class AuditFile final : public Audit {
 public:
  static constexpr std::uint64_t kBytesMax = 16 * 1024 * 1024;

  /// Errors: kState when it cannot be written.
  static Result<AuditFile> open(std::string path, std::uint64_t bytes_max = kBytesMax);

  /// A line that cannot be written is an error of the log's: the master goes on.
  void record(const AuditEvent& event) override;

 private:
  AuditFile(std::string path, std::uint64_t bytes_max, Fd fd, std::uint64_t bytes)
      : path_(std::move(path)), bytes_max_(bytes_max), fd_(std::move(fd)), bytes_(bytes) {}
  void make_room(std::uint64_t bytes);

  std::string path_;
  std::uint64_t bytes_max_;
  Fd fd_;
  std::uint64_t bytes_;
  std::map<AuditEvent::What, Throttle> throttles_;
};

}  // namespace sheaf::master
