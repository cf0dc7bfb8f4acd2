#include "master/io/peer_outboxes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/unit/wire_samples.h"

namespace sheaf::master {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wire::SendOutcome;

wire::Message message(const std::string& kind) {
  return wire::wire_samples().at(kind);
}

class PeerOutboxesTest : public testing::Test {
 protected:
  std::vector<wire::PeerAddress> flush() {
    return outboxes_.flush([this](const wire::PeerAddress& to, const wire::Message& sent) {
      const SendOutcome outcome = network_.contains(to) ? network_[to] : SendOutcome::kSent;
      if (outcome == SendOutcome::kSent) sent_.push_back(to + " " + wire::kind_of(sent.envelope));
      return outcome;
    });
  }
  std::vector<std::string> sent() { return std::exchange(sent_, {}); }

  PeerOutboxes outboxes_;
  std::map<wire::PeerAddress, SendOutcome> network_;
  std::vector<std::string> sent_;
};

TEST_F(PeerOutboxesTest, WhoeverIsFullWaitsAndKeepsNobodyWaiting) {
  network_["a"] = SendOutcome::kFull;
  outboxes_.send("a", message("draining"));
  outboxes_.send("b", message("draining"));
  EXPECT_THAT(flush(), IsEmpty());
  EXPECT_THAT(sent(), ElementsAre("b draining"));
  EXPECT_FALSE(outboxes_.is_empty());
  outboxes_.send("a", message("goodbye"));
  network_.clear();
  EXPECT_THAT(flush(), IsEmpty());
  EXPECT_THAT(sent(), ElementsAre("a draining", "a goodbye"));
  EXPECT_TRUE(outboxes_.is_empty());
}

TEST_F(PeerOutboxesTest, SaysOnceWhoIsGoneAndKeepsNothingForThem) {
  network_["a"] = SendOutcome::kGone;
  outboxes_.send("a", message("draining"));
  outboxes_.send("a", message("goodbye"));
  EXPECT_THAT(flush(), ElementsAre("a"));
  EXPECT_TRUE(outboxes_.is_empty());
  EXPECT_THAT(flush(), IsEmpty());
}

TEST_F(PeerOutboxesTest, SendsNothingToALinkThatIsOver) {
  outboxes_.send("a", message("draining"));
  outboxes_.forget("a");
  EXPECT_THAT(flush(), IsEmpty());
  EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(PeerOutboxesTest, WhoeverAsksOnAndOnAndReadsNoAnswerIsGone) {
  network_["a"] = SendOutcome::kFull;
  for (std::size_t i = 0; i < PeerOutboxes::kWaitingMax; ++i) outboxes_.send("a", message("refused"));
  EXPECT_THAT(flush(), IsEmpty());
  outboxes_.send("a", message("refused"));
  EXPECT_THAT(flush(), ElementsAre("a"));
  EXPECT_TRUE(outboxes_.is_empty());
}

}  // namespace
}  // namespace sheaf::master
