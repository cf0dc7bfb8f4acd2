// sheaf-executor: the executor that does jobs of the kind "command". It links no media library.

#include <cstdlib>

#include "worker/executor/executor_main.h"
#include "worker/kinds/command_kind.h"
#include "worker/spawner/spawner.h"

int main(int argc, char** argv) {
  const int exit_code = sheaf::worker::executor_main("sheaf-executor", argc, argv, [] {
    auto spawner = std::make_unique<sheaf::worker::CommandStart>(sheaf::Fd(sheaf::worker::kCommandSocketFd));
    sheaf::worker::JobKinds kinds;
    kinds.push_back(sheaf::worker::make_command_kind(std::move(spawner)));
    return kinds;
  });
  std::_Exit(exit_code);
}
