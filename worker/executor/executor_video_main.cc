// sheaf-executor-video: the executor that does jobs of the kind "video". It links libav and OpenCV; nothing else of a worker
// does.

#include <malloc.h>

#include <cstdlib>

#include "worker/executor/executor_main.h"
#include "worker/kinds/video_kind.h"

namespace {

/// Makes malloc keep what a job frees for the next job, which needs as much again. As it comes, malloc gives frames and
/// encoders back to the kernel at the end of every job, and each page costs a fault when it is taken again: a tenth of the
/// encoder's time. One heap for all slots, so that one takes what another has freed. VideoRun gives all back at the end of a
/// run.
void keep_memory() {
  constexpr int kMiB = 1024 * 1024;
  mallopt(M_MMAP_THRESHOLD, 32 * kMiB);  // The most that malloc takes. A larger block is rare and goes back at once.
  mallopt(M_TRIM_THRESHOLD, 1024 * kMiB);
  mallopt(M_TOP_PAD, 16 * kMiB);
  mallopt(M_ARENA_MAX, 1);
}

}  // namespace

int main(int argc, char** argv) {
  keep_memory();  // Before anything has allocated.
  const int exit_code = sheaf::worker::executor_main("sheaf-executor-video", argc, argv, [] {
    sheaf::worker::JobKinds kinds;
    kinds.push_back(sheaf::worker::make_video_kind());
    return kinds;
  });
  std::_Exit(exit_code);
}
