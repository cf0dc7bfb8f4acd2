#include "tests/sim/reproduce.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sheaf::sim {

namespace {

// A signal handler can do nothing but write what is there already.
std::array<char, 256> announcement;

void on_abort(int) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, announcement.data(), std::strlen(announcement.data()));
}

}  // namespace

std::string how_to_reproduce(std::uint64_t seed) {
  return "tests/sim/sim --seed " + std::to_string(seed) + " --trace   (in the build folder)";
}

void announce_seed(std::uint64_t seed) {
  const std::string text = "reproduce: " + how_to_reproduce(seed) + "\n";
  announcement.fill('\0');
  std::copy_n(text.begin(), std::min(text.size(), announcement.size() - 1), announcement.begin());
  static const bool is_set = [] {
    struct sigaction action = {};
    action.sa_handler = on_abort;
    action.sa_flags = SA_RESETHAND;  // abort() goes on after the handler.
    return ::sigaction(SIGABRT, &action, nullptr) == 0;
  }();
  static_cast<void>(is_set);
}

}  // namespace sheaf::sim
