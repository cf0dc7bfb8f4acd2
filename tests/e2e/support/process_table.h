#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace sheaf::e2e {

/// What /proc says of a process that a test has started, directly or not.
struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string program;               ///< Name of the file that it executes: "sheaf-executor-video".
  bool has_job = false;              ///< One of its threads is at a job, as an executor names them.
  std::uint64_t peak_rss_bytes = 0;  ///< VmHWM.
};

/// All living processes that have `name`=`value` in the environment they were started with. What a test sets there, all that it
/// starts inherits, however deep, also after its parent has died; and nothing else on the machine has it.
std::vector<ProcessInfo> marked_processes(const std::string& name, const std::string& value);

/// Those of them that execute `program`.
std::vector<ProcessInfo> of_program(const std::vector<ProcessInfo>& processes, const std::string& program);

/// Stops the process, and returns once none of its threads runs any more.
void freeze(pid_t pid);
void thaw(pid_t pid);

/// "sheaf-master(123) sheaf-stage-video(124)", for messages.
std::string text_of(const std::vector<ProcessInfo>& processes);

/// Waits until all of them have ended, at most kDeadline; returns whether they have. Children of this process are reaped.
bool wait_until_gone(const std::vector<ProcessInfo>& processes);

}  // namespace sheaf::e2e
