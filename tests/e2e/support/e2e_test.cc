#include "tests/e2e/support/e2e_test.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/own_directory.h"

extern char** environ;

namespace sheaf::e2e {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string program(const std::string& name) {
  const char* installed = std::getenv("SHEAF_E2E_BIN");
  return (installed != nullptr ? fs::path(installed) : test::own_directory() / "../bin") / name;
}

E2eTest::E2eTest() {
  std::string name = "/tmp/sheaf-e2e-XXXXXX";  // Short: the path of a socket has 107 bytes.
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  directory_ = name;
  fs::create_directory(directory_ + "/out");
  fs::create_directory(directory_ + "/run");
}

E2eTest::~E2eTest() {
  for (const ProcessInfo& one : processes()) ::kill(one.pid, SIGKILL);
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

void E2eTest::TearDown() {
  expect_all_gone();
  for (const std::string& name : outputs()) {
    EXPECT_FALSE(name.ends_with(".sheaf") || name.starts_with('.')) << "left behind: " << name;
  }
}

Command E2eTest::command(std::vector<std::string> words) const {
  Command command{std::move(words), {}, directory_};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    if (text.starts_with("SHEAF_")) command.environment.emplace_back(text.substr(0, text.find('=')), "");
  }
  command.environment.emplace_back(kMark, directory_);
  command.environment.emplace_back("XDG_RUNTIME_DIR", path("run"));
  command.environment.emplace_back("XDG_STATE_HOME", path("state"));
  command.environment.emplace_back("XDG_CACHE_HOME", path("cache"));
  command.environment.emplace_back("LC_ALL", "C.UTF-8");
  return command;
}

Command E2eTest::sheaf(const std::vector<std::string>& words) const {
  std::vector<std::string> all = {program("sheaf")};
  all.insert(all.end(), words.begin(), words.end());
  return command(std::move(all));
}

void E2eTest::make(const std::string& input, const std::string& output, const std::vector<std::string>& options) const {
  std::vector<std::string> words = {"video", input, "-o", output, "--quiet"};
  words.insert(words.end(), options.begin(), options.end());
  const Finished finished = run_sheaf(words);
  EXPECT_EQ(finished.exit_code, 0) << text_of(words) << "\n" << finished.err;
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(finished.err, "");
}

std::optional<ProcessInfo> E2eTest::busy_executor() const {
  for (const ProcessInfo& one : processes("sheaf-executor-video")) {
    if (one.has_job) return one;
  }
  return std::nullopt;
}

std::optional<ProcessInfo> E2eTest::freeze_busy_executor(const std::vector<ProcessInfo>& others) const {
  for (const ProcessInfo& one : processes("sheaf-executor-video")) {
    const auto is_it = [&](const ProcessInfo& other) { return other.pid == one.pid; };
    if (!one.has_job || std::any_of(others.begin(), others.end(), is_it)) continue;
    freeze(one.pid);
    // Only now it cannot end its job before somebody looks.
    const auto all = processes("sheaf-executor-video");
    const auto frozen = std::find_if(all.begin(), all.end(), is_it);
    if (frozen != all.end() && frozen->has_job) return *frozen;
    thaw(one.pid);
  }
  return std::nullopt;
}

void E2eTest::expect_all_gone() const {
  const auto deadline = Clock::now() + kDeadline;
  // While they go they may still start others.
  for (auto left = processes(); !left.empty(); left = processes()) {
    if (!wait_until_gone(left) || Clock::now() >= deadline) {
      ADD_FAILURE() << "still there: " << text_of(left);
      return;
    }
  }
}

std::vector<std::string> E2eTest::outputs() const {
  return names_in(directory_ + "/out");
}
std::vector<std::string> E2eTest::socket_directories() const {
  return names_in(directory_ + "/run");
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  EXPECT_TRUE(file.good()) << path;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace sheaf::e2e
