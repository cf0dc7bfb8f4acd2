#pragma once

#include <string>
#include <vector>

#include "tests/e2e/support/process.h"

namespace sheaf::e2e {

/// Machines of a test's own, as far as the network can tell: a network namespace each, on one switch that nothing else is
/// connected to. Wants root. They share the file system, so a test says itself who may know which file.
class Hosts {
 public:
  /// Whether this machine lets the test have any.
  static bool are_possible();

  /// Numbered from 1.
  explicit Hosts(int count);
  ~Hosts();
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;

  static std::string address(int host) { return "10.77.0." + std::to_string(host); }
  /// The command, on that host.
  Command on(int host, Command command) const;

  /// Nothing reaches it any more, and nothing that it sends arrives: without a word to anybody.
  void cut(int host) const;
  void heal(int host) const;

 private:
  std::string name(int host) const { return prefix_ + std::to_string(host); }
  std::string network() const { return prefix_ + "switch"; }

  std::string prefix_;
  int count_;
};

}  // namespace sheaf::e2e
