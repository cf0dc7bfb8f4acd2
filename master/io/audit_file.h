#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "common/base/result.h"
#include "common/base/time.h"
#include "common/runtime/fd.h"
#include "master/io/audit.h"

namespace sheaf::master {

/// An audit as JSON lines: {"time":"2026-12-01T09:30:00Z","what":"submitted","name":"ann","role":"client","key":"...",
/// "peer":"host:4711","detail":"..."}. Lines are only ever added. Past its size the file becomes PATH.1, in place of the one
/// before.
///
/// So that nobody can wash out what he did: of the same thing under the same name there are so many lines a minute, and then
/// one with the number of those that were left out ("held_back"); names and details are cut.
class AuditFile final : public Audit {
 public:
  static constexpr std::uint64_t kBytesMax = 16 * 1024 * 1024;
  static constexpr std::uint64_t kLinesAMinute = 60;

  /// Errors: kState when it cannot be written.
  static Result<AuditFile> open(std::string path, std::uint64_t bytes_max = kBytesMax);
  AuditFile(AuditFile&&) = default;
  AuditFile& operator=(AuditFile&&) = delete;
  ~AuditFile() override { write_held_back(); }

  /// A line that cannot be written is an error of the log's: the master goes on.
  void record(const AuditEvent& event) override;
  /// Writes what was held back in a minute that is over. Call it often, and before record().
  void on_time(Instant now);

 private:
  /// Of one thing under one name.
  struct Count {
    std::uint64_t lines = 0;
    std::uint64_t held_back = 0;
    AuditEvent last;
  };

  AuditFile(std::string path, std::uint64_t bytes_max, Fd fd, std::uint64_t bytes)
      : path_(std::move(path)), bytes_max_(bytes_max), fd_(std::move(fd)), bytes_(bytes) {}
  void write_held_back();
  void write(const AuditEvent& event, std::uint64_t held_back);
  void make_room(std::uint64_t bytes);

  std::string path_;
  std::uint64_t bytes_max_;
  Fd fd_;
  std::uint64_t bytes_;
  bool is_torn_ = false;  ///< The last line was not written whole.
  Instant minute_{};      ///< When it began.
  std::map<std::pair<AuditEvent::What, std::string>, Count> counts_;
};

}  // namespace sheaf::master
