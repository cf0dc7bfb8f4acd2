#include "worker/kinds/command_result.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/base/text.h"
#include "common/runtime/fd.h"

namespace sheaf::worker {

namespace {

// What a shell exits with.
constexpr int kExitNotFound = 127;
constexpr int kExitNotExecutable = 126;

constexpr std::uint64_t kCopyBytes = 256 * 1024;

Status append_all(const Blob& from, Blob& to) {
  for (std::uint64_t offset = 0; offset < from.size();) {
    const std::uint64_t size = std::min(kCopyBytes, from.size() - offset);
    auto bytes = from.read(offset, size);
    if (!bytes) return propagate(bytes);
    if (Status status = to.append(*bytes); !status) return status;
    offset += size;
  }
  return {};
}

std::string with_its_length(const v1::CommandResult& result) {
  std::string bytes = result.SerializeAsString();
  const std::size_t size = bytes.size();
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((size >> shift) & 0xFF);
  return bytes;
}

}  // namespace

v1::CommandResult result_of(const v1::CommandEnded& end, const std::string& program) {
  v1::CommandResult result;
  result.set_exit_code(end.exit_code());
  result.set_signal(end.signal());
  if (end.start_error() == 0) return result;
  const std::string name = valid_utf8(escape_control(program));
  if (!end.fault().empty()) {
    result.set_start(v1::CommandResult::IMPOSSIBLE);
    result.set_exit_code(kExitNotExecutable);
    result.set_fault(valid_utf8(escape_control(end.fault())));
    return result;
  }
  switch (end.start_error()) {
    case ENOENT:
      result.set_start(v1::CommandResult::NOT_FOUND);
      result.set_exit_code(kExitNotFound);
      result.set_fault(name + ": command not found");
      break;
    case EACCES:
    case ENOEXEC:
      result.set_start(v1::CommandResult::NOT_EXECUTABLE);
      result.set_exit_code(kExitNotExecutable);
      result.set_fault(name + ": is not executable");
      break;
    default:
      result.set_start(v1::CommandResult::IMPOSSIBLE);
      result.set_exit_code(kExitNotExecutable);
      result.set_fault(name + ": cannot be started: " + errno_text(end.start_error()));
  }
  return result;
}

Result<JobOutput> output_of(FinishedCommand command, v1::CommandResult result) {
  result.set_stdout_bytes(command.output.size());
  result.set_stderr_bytes(command.errors.size());
  v1::CommandMeasures measures;
  measures.set_user_nanoseconds(command.end.user_nanoseconds());
  measures.set_system_nanoseconds(command.end.system_nanoseconds());
  measures.set_wall_nanoseconds(
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(command.wall).count()));
  measures.set_peak_memory_bytes(command.end.peak_memory_bytes());
  Blob whole = std::move(command.output);
  if (Status status = append_all(command.errors, whole); !status) return propagate(status);
  if (Status status = whole.append(with_its_length(result)); !status) return propagate(status);
  return JobOutput(std::move(whole), measures.SerializeAsString());
}

}  // namespace sheaf::worker
