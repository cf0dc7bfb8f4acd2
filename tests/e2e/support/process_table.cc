#include "tests/e2e/support/process_table.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/e2e/support/process.h"

namespace sheaf::e2e {

namespace {

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool has_mark(const std::string& process, const std::string& mark) {
  const std::string environment = '\0' + read_all(process + "/environ");
  return environment.find('\0' + mark + '\0') != std::string::npos;
}

/// False when it has ended meanwhile, or is a zombie: that one only waits for its parent to look.
bool read_info(const std::string& process, ProcessInfo& info) {
  const std::string stat = read_all(process + "/stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream fields(stat.substr(name_end + 1));
  char state = 0;
  std::string skipped;
  fields >> state >> info.parent;
  for (int field = 5; field <= 13; ++field) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> user >> system;
  info.cpu_ticks = user + system;
  std::error_code error;
  info.program = std::filesystem::read_symlink(process + "/exe", error).filename().string();
  const std::string status = read_all(process + "/status");
  if (const std::size_t peak = status.find("VmHWM:"); peak != std::string::npos) {
    info.peak_rss_bytes = std::stoull(status.substr(peak + 6)) * 1024;
  }
  return state != 'Z' && state != 'X' && !error;
}

}  // namespace

std::vector<ProcessInfo> marked_processes(const std::string& name, const std::string& value) {
  std::vector<ProcessInfo> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string number = entry.path().filename().string();
    if (number.find_first_not_of("0123456789") != std::string::npos) continue;
    ProcessInfo info;
    info.pid = std::stoi(number);
    if (info.pid == ::getpid()) continue;
    if (has_mark(entry.path().string(), name + "=" + value) && read_info(entry.path().string(), info)) found.push_back(info);
  }
  return found;
}

std::vector<ProcessInfo> of_program(const std::vector<ProcessInfo>& processes, const std::string& program) {
  std::vector<ProcessInfo> found;
  std::copy_if(processes.begin(), processes.end(), std::back_inserter(found),
               [&](const ProcessInfo& one) { return one.program == program; });
  return found;
}

std::string text_of(const std::vector<ProcessInfo>& processes) {
  std::string text;
  for (const ProcessInfo& one : processes)
    text += (text.empty() ? "" : " ") + one.program + "(" + std::to_string(one.pid) + ")";
  return text;
}

bool wait_until_gone(const std::vector<ProcessInfo>& processes) {
  const auto deadline = Clock::now() + kDeadline;
  for (const ProcessInfo& one : processes) {
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, one.pid, 0));
    if (pidfd < 0) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd entry{pidfd, POLLIN, 0};
    const bool is_gone = ::poll(&entry, 1, static_cast<int>(std::max<long long>(0, left))) == 1;
    ::close(pidfd);
    if (!is_gone) return false;
    ::waitpid(one.pid, nullptr, WNOHANG);  // An orphan that came to us.
  }
  return true;
}

}  // namespace sheaf::e2e
