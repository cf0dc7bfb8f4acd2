#include "master/io/peers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sheaf::master {
namespace {

using testing::ElementsAre;

Peer worker(std::uint64_t number) {
  Peer peer;
  peer.address = "address " + std::to_string(number);
  peer.role = v1::ROLE_WORKER;
  peer.session = SessionId{0, number};
  peer.worker = WorkerId{number};
  return peer;
}

TEST(PeerTableTest, ForgetsWhoHasTheSetupOfARunThatIsOver) {
  // Goal: a worker may stay connected for a year, and see a million runs.
  PeerTable peers;
  peers.add(worker(1)).runs_set_up = {RunId{1}, RunId{2}};
  peers.add(worker(2)).runs_set_up = {RunId{1}};
  peers.forget(RunId{1});
  EXPECT_THAT(peers.find(WorkerId{1})->runs_set_up, ElementsAre(RunId{2}));
  EXPECT_TRUE(peers.find(WorkerId{2})->runs_set_up.empty());
}

}  // namespace
}  // namespace sheaf::master
