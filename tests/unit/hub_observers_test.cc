// What a hub shows to those who look on.
#include "tests/unit/hub_harness.h"

namespace sheaf::master {
namespace {

class HubObserversTest : public HubTest {
 protected:
  v1::Workers ask(std::uint64_t after = 0) {
    v1::Envelope message = envelope();
    message.mutable_ask_workers()->set_after(after);
    say("observer", message);
    hears("observer");
    return heard("workers").envelope.workers();
  }
};

TEST_F(HubObserversTest, ShowsWhoIsThereAndWhatTheyHold) {
  begin_run(3);
  keys_["a"] = wire::Principal{"the key", "node2", wire::KeyRole::kWorker};
  greet_as_worker("a", 300, 2);
  greet_as_worker("b", 301, 4);
  v1::Envelope draining = envelope();
  draining.mutable_draining();
  say("b", draining);
  greet("observer", hello(v1::ROLE_OBSERVER, 400));
  pass(1500ms);
  const v1::Workers workers = ask();
  ASSERT_EQ(workers.workers_size(), 2);
  EXPECT_FALSE(workers.has_more());
  EXPECT_EQ(workers.runs(), 1U);
  const v1::WorkerInfo& a = workers.workers(0);
  EXPECT_EQ(a.worker(), 1U);
  EXPECT_EQ(a.host(), "there");
  EXPECT_EQ(a.version(), "0.1.0");
  EXPECT_EQ(a.key(), "node2");
  EXPECT_EQ(a.slots(), 2U);
  EXPECT_EQ(a.executors(), 2U);
  EXPECT_THAT(a.kinds(), ElementsAre("video"));
  EXPECT_EQ(a.jobs(), 2U);
  EXPECT_EQ(a.heard_ms(), 1500U);
  EXPECT_FALSE(a.is_draining() || a.is_silent());
  EXPECT_TRUE(workers.workers(1).is_draining());
  pass(10s);
  EXPECT_EQ(hears("observer"), Kinds{}) << "it is gone: it was silent";
  greet("observer", hello(v1::ROLE_OBSERVER, 400));
  EXPECT_TRUE(ask().workers(0).is_silent());
}

TEST_F(HubObserversTest, ShowsManyInSeveralAnswers) {
  for (std::uint64_t i = 1; i <= 70; ++i) greet_as_worker("w" + std::to_string(i), 1000 + i);
  greet("observer", hello(v1::ROLE_OBSERVER, 400));
  std::vector<std::uint64_t> numbers;
  bool has_more = true;
  for (int asked = 0; has_more && asked < 10; ++asked) {
    const v1::Workers workers = ask(numbers.empty() ? 0 : numbers.back());
    for (const v1::WorkerInfo& worker : workers.workers()) numbers.push_back(worker.worker());
    has_more = workers.has_more();
  }
  ASSERT_EQ(numbers.size(), 70U);
  for (std::uint64_t i = 0; i < 70; ++i) EXPECT_EQ(numbers[i], i + 1);
}

TEST_F(HubObserversTest, CutsWhatWorkersSayOfThemselvesSoThatTheAnswerFits) {
  for (std::uint64_t i = 1; i <= 40; ++i) {
    v1::Hello hello = worker_hello(1000 + i);
    hello.set_host(std::string(4000, 'h'));
    hello.set_version(std::string(4000, 'v'));
    hello.mutable_worker()->clear_kinds();
    for (int kind = 0; kind < 20; ++kind)
      hello.mutable_worker()->add_kinds()->set_name(std::string(500, 'k') + std::to_string(kind));
    greet("w" + std::to_string(i), hello);
  }
  greet("observer", hello(v1::ROLE_OBSERVER, 400));
  EXPECT_EQ(ask().workers_size(), 32) << "the harness sends it through the codec";
}

TEST_F(HubObserversTest, ShowsNobodyToAKeyForWorkers) {
  keys_["observer"] = wire::Principal{"the key", "node2", wire::KeyRole::kWorker};
  greet("observer", hello(v1::ROLE_OBSERVER, 400));
  EXPECT_EQ(hears("observer"), Kinds{"welcome"}) << "that the master answers, it may know";
  v1::Envelope message = envelope();
  message.mutable_ask_workers();
  say("observer", message);
  EXPECT_EQ(refusal("observer").reason(), v1::REFUSAL_FORBIDDEN);
}

}  // namespace
}  // namespace sheaf::master
