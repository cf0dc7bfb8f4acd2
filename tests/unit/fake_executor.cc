// An executor program for tests: as sheaf-executor-video, with FakeKind instead of video.

#include <cstdlib>

#include "tests/unit/fake_kind.h"
#include "worker/executor/executor_main.h"

int main(int argc, char** argv) {
  std::_Exit(sheaf::worker::executor_main("fake_executor", argc, argv, [] {
    sheaf::worker::JobKinds kinds;
    kinds.push_back(std::make_unique<sheaf::worker::FakeKind>());
    return kinds;
  }));
}
