#include "common/runtime/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace sheaf {
namespace {

const LogFields kAllSorts = {
    {"worker", std::uint64_t{7}}, {"balance", -3},      {"largest", std::numeric_limits<std::uint64_t>::max()},
    {"is_there", true},           {"peer", "node2:99"}, {"reason", std::string("a \"quoted\"\nline \\ \x1b[31m")}};

TEST(LogTest, WritesAnEventAsTextWithItsTextsInQuotes) {
  EXPECT_EQ(event_as_text("master_stopped", {}), "master_stopped");
  EXPECT_EQ(event_as_text("worker_lost", kAllSorts),
            "worker_lost worker=7 balance=-3 largest=18446744073709551615 is_there=true peer=\"node2:99\" "
            "reason=\"a \\\"quoted\\\"\\nline \\\\ \\x1b[31m\"");
}

TEST(LogTest, WritesAnEventAsMembersOfAnObject) {
  const auto read = [](const std::string& members) { return nlohmann::json::parse("{" + members + "}"); };
  EXPECT_EQ(read(event_as_json("master_stopped", {})), (nlohmann::json{{"event", "master_stopped"}}));
  const nlohmann::json event = read(event_as_json("worker_lost", kAllSorts));
  EXPECT_EQ(event["event"], "worker_lost");
  EXPECT_EQ(event["worker"], 7);
  EXPECT_EQ(event["balance"], -3);
  EXPECT_EQ(event["largest"], std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(event["is_there"], true);
  EXPECT_EQ(event["reason"], "a \"quoted\"\nline \\ \x1b[31m");
  EXPECT_EQ(event_as_json("e", kAllSorts).find('\n'), std::string::npos) << "one line an event";
}

TEST(LogTest, WritesTextThatIsNoUtf8) {
  const LogFields fields = {{"path", "caf\xe9"}};
  EXPECT_EQ(nlohmann::json::parse("{" + event_as_json("e", fields) + "}")["path"], "caf\xef\xbf\xbd");
  EXPECT_EQ(event_as_text("e", fields), "e path=\"caf\xe9\"");
}

}  // namespace
}  // namespace sheaf
