#include "tests/e2e/support/process_table.h"

#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
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

/// /proc/PID/task/TID of each.
std::vector<std::string> threads_of(const std::string& process) {
  std::vector<std::string> threads;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(process + "/task", error)) threads.push_back(entry.path());
  return threads;
}

/// It has been stopped, or has ended.
bool stands_still(const std::string& thread) {
  const std::string stat = read_all(thread + "/stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= stat.size()) return true;
  const char state = stat[name_end + 2];
  return state == 'T' || state == 'Z' || state == 'X';
}

/// False when it has ended meanwhile, or is a zombie: that one only waits for its parent to look.
bool read_info(const std::string& process, ProcessInfo& info) {
  const std::string stat = read_all(process + "/stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream fields(stat.substr(name_end + 1));
  char state = 0;
  fields >> state >> info.parent;
  for (const std::string& thread : threads_of(process)) {
    info.has_job = info.has_job || read_all(thread + "/comm").starts_with("job ");
  }
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

void freeze(pid_t pid) {
  ::kill(pid, SIGSTOP);
  const std::string process = "/proc/" + std::to_string(pid);
  for (auto threads = threads_of(process); !std::all_of(threads.begin(), threads.end(), stands_still);) {
    ::sched_yield();
    threads = threads_of(process);
  }
}

void thaw(pid_t pid) {
  ::kill(pid, SIGCONT);
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
