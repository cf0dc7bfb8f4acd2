#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/support/process.h"
#include "tests/e2e/support/process_table.h"

namespace sheaf::e2e {

/// The path of one of sheaf's programs: beside the tests in the build, or where $SHEAF_E2E_BIN says (an installed package,
/// say).
std::string program(const std::string& name);

/// A test with real processes: a directory of its own with out/ for outputs and run/ for sockets, and a mark in the environment
/// by which all its processes are known. After each test nothing may be left: no process, no socket directory, no temporary
/// file.
class E2eTest : public ::testing::Test {
 protected:
  E2eTest();
  ~E2eTest() override;
  void TearDown() override;

  /// Below the test's own directory.
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  /// out/NAME: TearDown() fails the test when out/ holds files of sheaf's own.
  std::string output(const std::string& name) const { return directory_ + "/out/" + name; }

  /// The command in the test's directory, with the test's mark and sockets, and without SHEAF_* of whoever runs the tests.
  Command command(std::vector<std::string> words) const;
  /// `sheaf` with these words.
  Command sheaf(const std::vector<std::string>& words) const;
  Finished run_sheaf(const std::vector<std::string>& words) const { return run(sheaf(words)); }
  /// `sheaf video INPUT -o OUTPUT options... --quiet`, which must succeed and print nothing.
  void make(const std::string& input, const std::string& output, const std::vector<std::string>& options) const;

  /// All living processes of this test.
  std::vector<ProcessInfo> processes() const { return marked_processes(kMark, directory_); }
  std::vector<ProcessInfo> processes(const std::string& program) const { return of_program(processes(), program); }
  /// An executor that is in the middle of a job.
  std::optional<ProcessInfo> busy_executor() const;
  /// The same, frozen: it has the job for as long as the test likes. Never one of `others`.
  std::optional<ProcessInfo> freeze_busy_executor(const std::vector<ProcessInfo>& others = {}) const;
  /// Fails the test when one of its processes does not go.
  void expect_all_gone() const;

  /// The names in out/, sorted.
  std::vector<std::string> outputs() const;
  /// The names in run/, sorted: private directories of clusters.
  std::vector<std::string> socket_directories() const;

  static constexpr char kMark[] = "SHEAF_E2E_MARK";

 private:
  std::string directory_;
};

/// All bytes of a file; fails the test when there is none.
std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& bytes);
std::vector<std::string> lines_of(const std::string& text);

}  // namespace sheaf::e2e
