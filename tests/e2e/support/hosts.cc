#include "tests/e2e/support/hosts.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace sheaf::e2e {

namespace {

/// `ip` with these words; fails the test when it does.
void ip(std::vector<std::string> words) {
  words.insert(words.begin(), "ip");
  const Finished finished = run({words, {}, {}});
  EXPECT_EQ(finished.exit_code, 0) << text_of(words) << ": " << finished.err;
}

}  // namespace

bool Hosts::are_possible() {
  const std::string probe = "sheaf-" + std::to_string(::getpid()) + "-probe";
  if (run({{"ip", "netns", "add", probe}, {}, {}}).exit_code != 0) return false;
  const bool can_enter = run({{"ip", "netns", "exec", probe, "true"}, {}, {}}).exit_code == 0;
  run({{"ip", "netns", "delete", probe}, {}, {}});
  return can_enter;
}

Hosts::Hosts(int count) : prefix_("sheaf-" + std::to_string(::getpid()) + "-"), count_(count) {
  ip({"netns", "add", network()});
  ip({"-n", network(), "link", "add", "switch", "type", "bridge"});
  ip({"-n", network(), "link", "set", "switch", "up"});
  for (int host = 1; host <= count; ++host) {
    const std::string port = "port" + std::to_string(host);
    ip({"netns", "add", name(host)});
    ip({"-n", network(), "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name(host)});
    ip({"-n", network(), "link", "set", port, "master", "switch", "up"});
    ip({"-n", name(host), "address", "add", address(host) + "/24", "dev", "eth0"});
    ip({"-n", name(host), "link", "set", "eth0", "up"});
    ip({"-n", name(host), "link", "set", "lo", "up"});
  }
}

Hosts::~Hosts() {
  for (int host = 1; host <= count_; ++host) run({{"ip", "netns", "delete", name(host)}, {}, {}});
  run({{"ip", "netns", "delete", network()}, {}, {}});
}

Command Hosts::on(int host, Command command) const {
  command.words.insert(command.words.begin(), {"ip", "netns", "exec", name(host)});
  return command;
}

void Hosts::cut(int host) const {
  ip({"-n", network(), "link", "set", "port" + std::to_string(host), "nomaster"});
}

void Hosts::heal(int host) const {
  ip({"-n", network(), "link", "set", "port" + std::to_string(host), "master", "switch"});
}

}  // namespace sheaf::e2e
