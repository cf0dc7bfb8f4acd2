// Several machines, as far as the network can tell: each has its own address, and reaches the others over a network that fails.
#include "tests/e2e/support/hosts.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "tests/e2e/support/cluster.h"
#include "tests/e2e/support/corpus.h"
#include "tests/own_directory.h"

namespace sheaf::e2e {
namespace {

using ::testing::HasSubstr;

constexpr int kMaster = 1;
constexpr int kFirst = 2;
constexpr int kSecond = 3;
constexpr int kThird = 4;
constexpr int kClient = 5;

class HostsTest : public ClusterTest {
 protected:
  void SetUp() override {
    if (!Hosts::are_possible()) GTEST_SKIP() << "network namespaces want root";
    hosts_.emplace(5);
    const std::string endpoint = "tcp://" + Hosts::address(kMaster) + ":7077";
    ASSERT_EQ(run(sheaf({"keygen", path("keys"), "--endpoint", endpoint})).exit_code, 0);
    for (const char* name : {"first", "second", "third"}) {
      ASSERT_EQ(run(sheaf({"keygen", path("keys"), "--add", "worker", name})).exit_code, 0);
    }
  }
  std::string key(const std::string& name) const { return path("keys/" + name + ".toml"); }

  Process start_master() const {
    Process master = Process::start(
        hosts_->on(kMaster, command({program("sheaf-master"), "--keys", path("keys"), "--state", path("master")})));
    EXPECT_TRUE(master.wait_until([&] { return master.err().find("master_started") != std::string::npos; }, "it listens"));
    return master;
  }
  Process start_worker(int host, const std::string& name) const {
    return Process::start(
        hosts_->on(host, command({program("sheaf-worker"), "--join", key(name), "--workers", "1", "--allow-commands"})));
  }
  /// The state in which the master sees that worker; empty when it does not.
  std::string state_of(const std::string& name) const {
    const Finished finished = run(hosts_->on(kClient, sheaf({"workers", "--json", "--join", key("client")})));
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    if (finished.exit_code != 0) return {};
    const auto answer = nlohmann::json::parse(finished.out);
    for (const auto& worker : answer["workers"]) {
      if (worker["key"] == name) return worker["state"];
    }
    return {};
  }

  /// A machine that takes ssh, for whoever has `path("ssh/id")`. Its root has a home of the test's own there.
  Process start_sshd(int host) const {
    const std::string home = path("home");
    std::filesystem::create_directories(path("ssh"));
    std::filesystem::create_directories(home + "/.ssh");
    ::chmod(home.c_str(), 0700);
    output_of({"dropbearkey", "-t", "ed25519", "-f", path("ssh/host")});
    output_of({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path("ssh/id")});
    std::filesystem::copy_file(path("ssh/id.pub"), home + "/.ssh/authorized_keys");
    // `ip netns exec` gives it mounts of its own, too.
    const std::string line = "mount --bind " + home + " ~root && exec dropbear -F -E -e -s -r " + path("ssh/host") + " -p " +
                             Hosts::address(host) + ":22 -P " + path("ssh/pid");
    Process sshd = Process::start(hosts_->on(host, command({"sh", "-c", line})));
    EXPECT_TRUE(sshd.wait_until([&] { return sshd.err().find("Not backgrounding") != std::string::npos; }, "it takes ssh"));
    return sshd;
  }
  Command launch(std::vector<std::string> words) const {
    words.insert(words.begin(), (test::own_directory() / "../../../deploy/launch.sh").lexically_normal());
    Command command = hosts_->on(kClient, this->command(std::move(words)));
    command.environment.emplace_back("SHEAF_SSH", "ssh -F none -i " + path("ssh/id") +
                                                      " -o BatchMode=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR"
                                                      " -o UserKnownHostsFile=/dev/null");
    command.environment.emplace_back("SHEAF_WORKER", program("sheaf-worker"));
    return command;
  }

  std::optional<Hosts> hosts_;
};

TEST_F(HostsTest, MakesTheSameVideoWhileAHostIsCutOffAndHealedAndOneIsAdded) {
  const std::string input = path_of(plain_footage("320x240", 480));
  const std::vector<std::string> options = {"--op", "blur:sigma=6", "--chunk", "20"};
  make(input, output("expected.mp4"), options);

  const Process master = start_master();
  const Process first = start_worker(kFirst, "first");
  const Process sshd = start_sshd(kSecond);
  const Finished launched = run(launch({key("second"), Hosts::address(kSecond), "--", "--workers", "1", "--allow-commands"}));
  ASSERT_EQ(launched.exit_code, 0) << launched.err;
  EXPECT_THAT(launched.out, HasSubstr("a worker has joined"));

  std::vector<std::string> words = {"video", input, "-o", output("made.mp4"), "--join", key("client"), "--json"};
  words.insert(words.end(), options.begin(), options.end());
  Process video = Process::start(hosts_->on(kClient, sheaf(words)));
  // The run cannot end as long as a job of it is frozen, on the host that stays.
  std::optional<ProcessInfo> frozen;
  ASSERT_TRUE(
      video.wait_until([&] { return (frozen = freeze_busy_executor(executors_of(first))).has_value(); }, "another works"));
  hosts_->cut(kFirst);
  ASSERT_TRUE(video.wait_until([&] { return state_of("first") != "ready"; }, "the master misses a host"));
  const Process third = start_worker(kThird, "third");
  ASSERT_TRUE(video.wait_until([&] { return state_of("third") == "ready"; }, "one is added"));
  hosts_->heal(kFirst);
  ASSERT_TRUE(video.wait_until([&] { return state_of("first") == "ready"; }, "the host is back"));
  thaw(frozen->pid);
  const Finished finished = video.wait();
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_TRUE(read_file(output("made.mp4")) == read_file(output("expected.mp4")));

  const Finished down = run(launch({"--down", key("second"), Hosts::address(kSecond)}));
  EXPECT_EQ(down.exit_code, 0) << down.err;
  EXPECT_THAT(down.out, HasSubstr("the worker has left"));
  EXPECT_EQ(state_of("second"), "");
}

TEST_F(HostsTest, RunsEachCommandOfABatchOnceWhileAHostIsCutOffAndHealed) {
  const Process master = start_master();
  const Process first = start_worker(kFirst, "first");
  const Process second = start_worker(kSecond, "second");
  const Process third = start_worker(kThird, "third");
  for (const char* name : {"first", "second", "third"}) {
    Process ping = Process::start(hosts_->on(kClient, sheaf({"ping", "--join", key(name)})));
    EXPECT_EQ(ping.wait().exit_code, 0);
  }
  const std::string marks = path("marks");
  std::vector<std::string> items;
  for (int i = 0; i < 30; ++i) items.push_back(std::to_string(i));
  std::string expected;
  for (const std::string& item : items) expected += item + "\n";
  std::filesystem::create_directory(marks);
  // Each leaves a mark with the address of its host, and waits until it may end.
  std::vector<std::string> words = {"batch", "--join", key("client"),
                                    "set -- $(ip -o -4 address show dev eth0); echo $4 >> " + marks + "/{}; until test -e " +
                                        path("go") + "; do :; done; echo {}",
                                    ":::"};
  words.insert(words.end(), items.begin(), items.end());
  Process batch = Process::start(hosts_->on(kClient, sheaf(words)));
  const auto begun_on = [&](int host) {
    int begun = 0;
    for (const auto& file : std::filesystem::directory_iterator(marks)) {
      begun += read_file(file.path()).find(Hosts::address(host) + "/") != std::string::npos ? 1 : 0;
    }
    return begun;
  };
  ASSERT_TRUE(batch.wait_until([&] { return begun_on(kFirst) > 0 && begun_on(kSecond) > 0 && begun_on(kThird) > 0; },
                               "each host runs a command"));
  hosts_->cut(kFirst);
  ASSERT_TRUE(batch.wait_until([&] { return state_of("first") != "ready"; }, "the master misses a host"));
  std::ofstream(path("go")).flush();
  hosts_->heal(kFirst);
  const Finished finished = batch.wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.out, expected);
  for (const std::string& item : items) EXPECT_EQ(lines_of(read_file(marks + "/" + item)).size(), 1U) << item;
}

TEST_F(HostsTest, LaunchSaysWhatDoesNotWork) {
  const Process sshd = start_sshd(kSecond);
  // No master: the worker waits for it. One that runs is left alone, and a host that is not there does not hold up the others.
  Finished finished = run(launch({key("second"), Hosts::address(kSecond)}));
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("waits for its master"));
  finished = run(launch({key("second"), Hosts::address(kSecond)}));
  EXPECT_THAT(finished.out, HasSubstr("a worker runs already"));
  // Another cluster's file of the same name.
  ASSERT_EQ(run(sheaf({"keygen", path("others"), "--endpoint", "tcp://" + Hosts::address(kMaster) + ":7078"})).exit_code, 0);
  ASSERT_EQ(run(sheaf({"keygen", path("others"), "--add", "worker", "second"})).exit_code, 0);
  finished = run(launch({path("others/second.toml"), Hosts::address(kSecond)}));
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.err, HasSubstr("another file of that name"));
  EXPECT_EQ(read_file(path("home/.config/sheaf/second.toml")), read_file(key("second")));
  finished = run(launch({"--down", key("second"), Hosts::address(kSecond)}));
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  finished = run(launch({"--down", key("second"), Hosts::address(kSecond)}));
  EXPECT_THAT(finished.out, HasSubstr("no worker runs"));
  // A key for something else does not travel.
  for (const char* name : {"client", "server", "peers"}) {
    finished = run(launch({key(name), Hosts::address(kSecond)}));
    EXPECT_EQ(finished.exit_code, 2);
    EXPECT_THAT(finished.err, HasSubstr("is no key for workers"));
    EXPECT_FALSE(std::filesystem::exists(path("home/.config/sheaf/" + std::string(name) + ".toml")));
  }
  struct stat status {};
  ASSERT_EQ(::stat(path("home/.config/sheaf/second.toml").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(run(launch({})).exit_code, 2);
  EXPECT_EQ(run(launch({key("missing"), "host"})).exit_code, 2);
}

}  // namespace
}  // namespace sheaf::e2e
