// A master with keys, over TCP: who gets in, and that the work is the same.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "tests/e2e/support/cluster.h"
#include "tests/e2e/support/corpus.h"

namespace sheaf::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class KeysTest : public ClusterTest {
 protected:
  void SetUp() override { keygen({"--endpoint", "tcp://127.0.0.1:7077"}); }

  void keygen(std::vector<std::string> words) {
    words.insert(words.begin(), {"keygen", path("keys")});
    const Finished finished = run(sheaf(words));
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
  }
  std::string key(const std::string& name) const { return path("keys/" + name + ".toml"); }

  /// On a port that is free; the key files are told.
  Process start_keyed_master(const std::vector<std::string>& options = {}) {
    std::vector<std::string> words = {program("sheaf-master"),
                                      "--keys",
                                      path("keys"),
                                      "--state",
                                      path("master"),
                                      "--listen",
                                      port_.empty() ? "tcp://127.0.0.1:*" : "tcp://127.0.0.1:" + port_};
    words.insert(words.end(), options.begin(), options.end());
    Process master = Process::start(command(std::move(words)));
    const std::string mark = "master_started endpoint=\"tcp://127.0.0.1:";
    EXPECT_TRUE(master.wait_until([&] { return master.err().find(mark) != std::string::npos; }, "the master listens"));
    const std::size_t at = master.err().find(mark);
    if (!port_.empty() || at == std::string::npos) return master;
    port_ = master.err().substr(at + mark.size(), master.err().find('"', at + mark.size()) - at - mark.size());
    for (const auto& file : std::filesystem::directory_iterator(path("keys"))) tell_port(file.path());
    return master;
  }
  void tell_port(const std::string& file) const {
    std::string text = read_file(file);
    if (const std::size_t at = text.find(":7077\""); at != std::string::npos) text.replace(at, 6, ":" + port_ + "\"");
    write_file(file, text);
  }
  Process start_keyed_worker(const std::string& name = "worker", const std::vector<std::string>& options = {}) const {
    std::vector<std::string> words = {program("sheaf-worker"), "--join", key(name), "--workers", "1"};
    words.insert(words.end(), options.begin(), options.end());
    return Process::start(command(std::move(words)));
  }
  std::string audit() const { return read_file(path("master/audit.jsonl")); }

  std::string port_;
};

TEST_F(KeysTest, MakesTheSameVideoAsAPrivateClusterWithAFileEachForWorkersAndClient) {
  const std::string input = path_of(plain_footage("320x240", 480));
  const std::vector<std::string> options = {"--op", "blur:sigma=6", "--chunk", "40"};
  make(input, output("expected.mp4"), options);
  const Process master = start_keyed_master();
  const Process first = start_keyed_worker();
  const Process second = start_keyed_worker();  // The same file: a key is a principal, not a process.
  std::vector<std::string> words = {"video", input, "-o", output("made.mp4"), "--join", key("client"), "--json"};
  words.insert(words.end(), options.begin(), options.end());
  const Finished finished = run(sheaf(words));
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_TRUE(read_file(output("made.mp4")) == read_file(output("expected.mp4")));
  EXPECT_THAT(audit(), HasSubstr("\"what\":\"submitted\",\"name\":\"client\",\"role\":\"client\""));
}

TEST_F(KeysTest, RunsABatchOnWorkersThatAllowCommands) {
  const Process master = start_keyed_master();
  const Process worker = start_keyed_worker("worker", {"--allow-commands"});
  const Finished finished = run(sheaf({"batch", "--join", key("client"), "echo {}; echo e{} >&2", ":::", "a", "b", "c"}));
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.out, "a\nb\nc\n");
  EXPECT_EQ(finished.err, "ea\neb\nec\n");
}

TEST_F(KeysTest, KeepsSecretsOutOfArgumentsEnvironmentsLogsAndTheAudit) {
  Process master = start_keyed_master();
  Process worker = start_keyed_worker("worker", {"--allow-commands"});
  Command command =
      sheaf({"batch", ": {}; env; tr '\\0' ' ' < /proc/$PPID/environ; cat /proc/*/cmdline | tr '\\0' ' '", ":::", "a"});
  command.environment.emplace_back("SHEAF_JOIN", key("client"));
  command.environment.emplace_back("SHEAF_LOG", "info");
  const Finished finished = run(command);
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  worker.send(SIGTERM);
  master.send(SIGTERM);
  EXPECT_THAT(finished.out, HasSubstr("sheaf-worker --join")) << "it looks at what it should";
  const std::string said = finished.out + finished.err + worker.wait().err + master.wait().err + audit();
  for (const char* name : {"server", "worker", "client"}) {
    const std::string text = read_file(key(name));
    const std::size_t at = text.find("secret_key = \"") + std::string("secret_key = \"").size();
    EXPECT_THAT(said, Not(HasSubstr(text.substr(at, 40)))) << name;
  }
}

TEST_F(KeysTest, SaysWhyAKeyDoesNotOpen) {
  const Process master = start_keyed_master();
  const std::string input = path_of(plain_footage("320x240", 20));
  const auto video = [&](const std::vector<std::string>& how) {
    std::vector<std::string> words = {"video", input, "-o", output("never.mp4"), "--op", "gray"};
    words.insert(words.end(), how.begin(), how.end());
    return run(sheaf(words));
  };
  // Another master's.
  ASSERT_EQ(run(sheaf({"keygen", path("others"), "--endpoint", "tcp://127.0.0.1:" + port_})).exit_code, 0);
  Finished finished = video({"--join", path("others/client.toml"), "--wait", "1s"});
  EXPECT_EQ(finished.exit_code, 5);
  EXPECT_THAT(finished.err, HasSubstr("is not the master that this key was made for"));
  // No key at all.
  finished = video({"--master", "tcp://127.0.0.1:" + port_, "--insecure", "--wait", "1s"});
  EXPECT_EQ(finished.exit_code, 5);
  EXPECT_THAT(finished.err, HasSubstr("wants a key"));
  // One for something else: nobody is asked.
  finished = video({"--join", key("worker")});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_THAT(finished.err, HasSubstr("its key is for the role \"worker\""));
  Process worker = start_keyed_worker("client");
  EXPECT_EQ(worker.wait().exit_code, 2);
  // The master's own files.
  finished = video({"--join", key("client"), "--stage", "master"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_THAT(finished.err, HasSubstr("a master with keys opens no files"));
  // A host that is not there.
  ASSERT_EQ(run(sheaf({"keygen", path("nowhere"), "--endpoint", "tcp://no-such-host.invalid:7077"})).exit_code, 0);
  finished = video({"--join", path("nowhere/client.toml"), "--wait", "1s"});
  EXPECT_EQ(finished.exit_code, 5);
  EXPECT_THAT(finished.err, HasSubstr("the host has no address"));
  // Revoked.
  std::filesystem::copy_file(key("client"), path("kept.toml"));
  keygen({"--revoke", "client"});
  master.send(SIGHUP);
  const auto is_read = [&] { return audit().find("keys_read") != std::string::npos; };
  Process waiting = Process::start(sheaf({"video", input, "-o", output("never.mp4"), "--op", "gray", "--join", key("admin")}));
  ASSERT_TRUE(waiting.wait_until(is_read, "the list is read"));
  waiting.send(SIGINT);
  waiting.wait();
  finished = video({"--join", path("kept.toml")});
  EXPECT_EQ(finished.exit_code, 5);
  EXPECT_THAT(finished.err, HasSubstr("does not let this key in"));
  EXPECT_THAT(audit(), HasSubstr("\"what\":\"denied\",\"name\":\"client\",\"role\":\"\""));
}

TEST_F(KeysTest, EndsAllWorkersOfAKeyAtOnceWhenItIsRevoked) {
  keygen({"--add", "worker", "node2"});
  const Process master = start_keyed_master();
  Process first = start_keyed_worker();
  Process second = start_keyed_worker();
  const Process other = start_keyed_worker("node2", {"--allow-commands"});
  for (Process* worker : {&first, &second}) {
    ASSERT_TRUE(worker->wait_until([&] { return worker->err().find("welcomed") != std::string::npos; }, "it is welcomed"));
  }
  keygen({"--revoke", "worker"});
  master.send(SIGHUP);
  for (Process* worker : {&first, &second}) {
    const Finished finished = worker->wait();
    EXPECT_EQ(finished.exit_code, 5);
    EXPECT_THAT(finished.err, HasSubstr("the key \"worker\" was revoked"));
  }
  const Finished batch = run(sheaf({"batch", "--join", key("client"), "echo", ":::", "a"}));
  EXPECT_EQ(batch.exit_code, 0) << batch.err;
  EXPECT_EQ(batch.out, "a\n");
}

TEST_F(KeysTest, EndsTheBatchOfAKeyThatIsRevoked) {
  const Process master = start_keyed_master();
  const Process worker = start_keyed_worker("worker", {"--allow-commands"});
  // Each command waits for its turn; the first one has begun when the key is revoked.
  output_of({"mkfifo", path("gate")});
  Process batch = Process::start(sheaf(
      {"batch", "--join", key("client"), "echo {} >> " + path("begun") + "; read x < " + path("gate"), ":::", "1", "2", "3"}));
  ASSERT_TRUE(batch.wait_until([&] { return std::filesystem::exists(path("begun")); }, "the first command runs"));
  keygen({"--revoke", "client"});
  master.send(SIGHUP);
  const Finished finished = batch.wait();
  EXPECT_EQ(finished.exit_code, 255);
  EXPECT_THAT(finished.err, HasSubstr("was revoked"));
  EXPECT_TRUE(wait_until_gone(processes("sh")));
  EXPECT_EQ(read_file(path("begun")), "1\n");
}

TEST_F(KeysTest, LeavesNoWorkerToWhoTakesTheMastersPlaceForAMoment) {
  // Goal: a denial is not signed. Another master on that port, with the same key of its own and an empty list, says what
  // anybody could say who sits on the address for a moment.
  std::optional<Process> master(start_keyed_master());
  Process worker = start_keyed_worker("worker", {"--allow-commands"});
  ASSERT_TRUE(worker.wait_until([&] { return worker.err().find("welcomed") != std::string::npos; }, "it is welcomed"));
  master->send(SIGTERM);
  master->wait();
  const std::string list = read_file(key("peers"));
  write_file(key("peers"), "");
  std::optional<Process> impostor(start_keyed_master());
  ASSERT_TRUE(worker.wait_until([&] { return worker.err().find("handshake_failed") != std::string::npos; }, "it is denied"));
  impostor->send(SIGTERM);
  impostor->wait();
  write_file(key("peers"), list);
  master.emplace(start_keyed_master());
  EXPECT_EQ(run(sheaf({"batch", "--join", key("client"), "echo", ":::", "a"})).out, "a\n") << worker.err();
}

TEST_F(KeysTest, KeepsItsListWhenTheNewOneIsFaulty) {
  Process master = start_keyed_master();
  const Process worker = start_keyed_worker("worker", {"--allow-commands"});
  write_file(path("keys/peers.toml"), "[worker\n");
  master.send(SIGHUP);
  ASSERT_TRUE(master.wait_until([&] { return master.err().find("keys_not_read") != std::string::npos; }, "it says so"));
  EXPECT_THAT(master.err(), HasSubstr("peers.toml: line 1"));
  EXPECT_THAT(audit(), HasSubstr("keys_not_read"));
  // Another cluster's keys, all good: nobody who is connected could ever come back.
  ASSERT_EQ(run(sheaf({"keygen", path("others"), "--endpoint", "tcp://127.0.0.1:" + port_})).exit_code, 0);
  for (const char* name : {"server", "peers"}) write_file(key(name), read_file(path("others/" + std::string(name) + ".toml")));
  master.send(SIGHUP);
  ASSERT_TRUE(
      master.wait_until([&] { return master.err().find("has another server key") != std::string::npos; }, "it says so"));
  EXPECT_EQ(run(sheaf({"batch", "--join", key("client"), "echo", ":::", "a"})).out, "a\n");
}

TEST_F(KeysTest, OpensNothingOverTcpByItself) {
  const auto refused = [&](const std::vector<std::string>& words) {
    const Finished finished = run(command(words));
    EXPECT_EQ(finished.exit_code, 2) << text_of(words);
    return finished.err;
  };
  const std::string master = program("sheaf-master");
  EXPECT_THAT(refused({master, "--listen", "tcp://127.0.0.1:*", "--state", path("m")}), HasSubstr("TCP without keys"));
  EXPECT_THAT(refused({master, "--keys", path("nothing"), "--state", path("m")}), HasSubstr("there are no keys"));
  EXPECT_THAT(refused({master, "--keys", path("keys"), "--listen", endpoint(), "--state", path("m")}), HasSubstr("tcp://"));
  ::chmod(key("server").c_str(), 0644);
  EXPECT_THAT(refused({master, "--keys", path("keys"), "--state", path("m")}), HasSubstr("others than its owner have rights"));
  ::chmod(key("worker").c_str(), 0640);
  EXPECT_THAT(refused({program("sheaf-worker"), "--join", key("worker")}), HasSubstr("others than its owner have rights"));
}

TEST_F(KeysTest, ShowsWhoIsThereAndWhetherTheMasterAnswers) {
  keygen({"--add", "observer", "monitor"});
  const Process master = start_keyed_master();
  Process worker = start_keyed_worker("worker", {"--threads", "3", "--allow-commands"});
  ASSERT_TRUE(worker.wait_until([&] { return worker.err().find("welcomed") != std::string::npos; }, "it is welcomed"));
  const Finished seen = run(sheaf({"workers", "--json", "--join", key("monitor")}));
  ASSERT_EQ(seen.exit_code, 0) << seen.err;
  const auto answer = nlohmann::json::parse(seen.out);
  ASSERT_EQ(answer["workers"].size(), 1U) << seen.out;
  EXPECT_EQ(answer["workers"][0]["pid"], worker.pid());
  EXPECT_EQ(answer["workers"][0]["key"], "worker");
  EXPECT_EQ(answer["workers"][0]["slots"], 3);
  EXPECT_EQ(answer["workers"][0]["state"], "ready");
  EXPECT_EQ(answer["workers"][0]["kinds"], nlohmann::json({"command", "video"}));
  EXPECT_EQ(answer["exit_code"], 0);
  EXPECT_THAT(run(sheaf({"workers", "--join", key("client")})).out, HasSubstr("command, video"));
  for (const char* name : {"worker", "client", "admin", "monitor"}) {
    const Finished ping = run(sheaf({"ping", "--join", key(name)}));
    EXPECT_EQ(ping.exit_code, 0) << name << ping.err;
    EXPECT_THAT(ping.out, HasSubstr(": sheaf 0."));
  }
  // Not for this key, and nobody is asked.
  EXPECT_EQ(run(sheaf({"workers", "--join", key("worker")})).exit_code, 2);
  EXPECT_EQ(run(sheaf({"video", "in.mp4", "-o", output("o.mp4"), "--op", "gray", "--join", key("monitor")})).exit_code, 2);
}

TEST_F(KeysTest, TellsAProbeThatNoMasterAnswers) {
  for (const std::vector<std::string>& where :
       {std::vector<std::string>{"--join", key("client")}, {"--master", endpoint()}, {}}) {
    std::vector<std::string> words = {"ping", "--wait", "300ms", "--json"};
    words.insert(words.end(), where.begin(), where.end());
    const Finished ping = run(sheaf(words));
    EXPECT_EQ(ping.exit_code, 5);
    EXPECT_THAT(ping.err, HasSubstr("no master answers there"));
    EXPECT_EQ(nlohmann::json::parse(ping.out)["exit_code"], 5);
  }
  const Process master = start_master();
  EXPECT_EQ(run(sheaf({"ping", "--master", endpoint()})).exit_code, 0) << "without keys too";
}

TEST_F(KeysTest, LogsAnObjectALineWhereThatIsWanted) {
  Process master = start_keyed_master({"--log-format", "text"});
  Process worker = start_keyed_worker("worker", {"--allow-commands", "--log-format", "json"});
  EXPECT_EQ(run(sheaf({"batch", "--join", key("client"), "echo", ":::", "a"})).out, "a\n");
  worker.send(SIGTERM);
  std::vector<std::string> events;
  for (const std::string& line : lines_of(worker.wait().err)) {
    const auto event = nlohmann::json::parse(line);
    EXPECT_EQ(event["program"], "sheaf-worker");
    EXPECT_EQ(event["pid"], worker.pid());
    EXPECT_TRUE(event.contains("time") && event.contains("level")) << line;
    events.push_back(event["event"]);
  }
  EXPECT_THAT(events, ::testing::ElementsAre("worker_started", "welcomed", "draining", "left"));
  master.send(SIGTERM);
  EXPECT_THAT(master.wait().err,
              HasSubstr(" info sheaf-master[" + std::to_string(master.pid()) + "] worker_joined worker=1 peer=\""));
  EXPECT_EQ(run(command({program("sheaf-master"), "--log-format", "xml"})).exit_code, 2);
}

TEST_F(KeysTest, ListsWhoHasAKey) {
  keygen({"--add", "worker", "node2"});
  keygen({"--revoke", "node2"});
  EXPECT_EQ(run(sheaf({"keygen", path("keys"), "--lst", "x"})).err,
            "sheaf keygen: --lst: is no option; did you mean --list?\n");
  const Finished list = run(sheaf({"keygen", path("keys"), "--list"}));
  const std::vector<std::string> lines = lines_of(list.out);
  ASSERT_EQ(lines.size(), 5U) << list.out;
  EXPECT_THAT(lines[0], StartsWith("NAME"));
  EXPECT_THAT(lines[1], ::testing::ContainsRegex("^worker +worker +2[0-9-]+ +- +.{40}$"));
  EXPECT_THAT(lines[4], ::testing::ContainsRegex("^node2 +worker +2[0-9-]+ +2[0-9-]+ +.{40}$"));
}

}  // namespace
}  // namespace sheaf::e2e
