#include "master/io/audit_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/unit/temporary_directory.h"

namespace sheaf::master {
namespace {

using What = AuditEvent::What;

std::vector<nlohmann::json> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

class AuditFileTest : public testing::Test {
 protected:
  AuditFile open(std::uint64_t bytes_max = AuditFile::kBytesMax) { return std::move(*AuditFile::open(path_, bytes_max)); }

  TemporaryDirectory directory_;
  std::string path_ = directory_ / "audit.jsonl";
};

TEST_F(AuditFileTest, AddsALineAnEvent) {
  {
    AuditFile audit = open();
    audit.record({What::kSubmitted, {"the key", "ann", wire::KeyRole::kClient}, "there:4711", "run 1: a \"quoted\"\nlabel"});
  }
  AuditFile again = open();
  again.record({What::kLeft, {"the key", "ann", wire::KeyRole::kClient}, std::string("h\xff:1"), "said goodbye"});
  const auto lines = lines_of(path_);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["what"], "submitted");
  EXPECT_EQ(lines[0]["name"], "ann");
  EXPECT_EQ(lines[0]["role"], "client");
  EXPECT_EQ(lines[0]["key"], "the key");
  EXPECT_EQ(lines[0]["peer"], "there:4711");
  EXPECT_EQ(lines[0]["detail"], "run 1: a \"quoted\"\nlabel");
  EXPECT_EQ(lines[0]["time"].get<std::string>().size(), 20U);
  EXPECT_EQ(lines[1]["what"], "left");
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(AuditFileTest, LetsNobodyWashOutWhatHeDid) {
  const auto event = [](What what, const std::string& name) { return AuditEvent{what, {"key", name, {}}, "there", "again"}; };
  Instant now{std::chrono::hours(1)};
  {
    AuditFile audit = open();
    audit.on_time(now);
    audit.record(event(What::kSubmitted, "ann"));
    for (int i = 0; i < 1000; ++i) audit.record(event(What::kJoined, "mallory"));
    audit.record(event(What::kSubmitted, "mallory"));
    audit.record(event(What::kJoined, "ann"));
    EXPECT_EQ(lines_of(path_).size(), AuditFile::kLinesAMinute + 3) << "each name and thing has lines of its own";
    audit.on_time(now + std::chrono::seconds(59));
    EXPECT_EQ(lines_of(path_).size(), AuditFile::kLinesAMinute + 3);
    audit.on_time(now + std::chrono::seconds(60));
    EXPECT_EQ(lines_of(path_).back()["held_back"], 1000 - AuditFile::kLinesAMinute);
    EXPECT_EQ(lines_of(path_).back()["name"], "mallory");
    for (int i = 0; i < 100; ++i) audit.record(event(What::kDenied, ""));
  }
  EXPECT_EQ(lines_of(path_).back()["held_back"], 100 - AuditFile::kLinesAMinute) << "also at its end";
}

TEST_F(AuditFileTest, NeverTakesMoreRoomThanTwoFiles) {
  AuditFile audit = open(1000);
  for (int i = 0; i < 50; ++i) audit.record({What::kJoined, {}, "peer " + std::to_string(i), {}});
  audit.record({What::kLeft, {}, std::string(5000, 'h'), std::string(5000, 'd')});
  const auto lines = lines_of(path_);
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back()["what"], "left");
  EXPECT_EQ(lines.back()["peer"].get<std::string>().size(), 512U);
  const auto before = lines_of(path_ + ".1");
  ASSERT_FALSE(before.empty());
  EXPECT_EQ(before.back()["peer"], "peer 49");
  struct stat status {};
  ASSERT_EQ(::stat((path_ + ".1").c_str(), &status), 0);
  EXPECT_LE(status.st_size, 1000);
}

TEST_F(AuditFileTest, SaysWhenItCannotBeKept) {
  const auto audit = AuditFile::open(directory_ / "missing/audit.jsonl");
  ASSERT_FALSE(audit);
  EXPECT_EQ(audit.error().code, ErrorCode::kState);
}

}  // namespace
}  // namespace sheaf::master
