// sheaf-executor-video: the executor that does jobs of the kind "video". It links libav and OpenCV; nothing else of a worker
// does.

#include <cstdlib>

#include "worker/io/executor_main.h"
#include "worker/kinds/video_kind.h"

int main(int argc, char** argv) {
  const int exit_code = sheaf::worker::executor_main("sheaf-executor-video", argc, argv, [] {
    sheaf::worker::JobKinds kinds;
    kinds.push_back(sheaf::worker::make_video_kind());
    return kinds;
  });
  std::_Exit(exit_code);
}
