// sheaf-stage-video: cuts a video into jobs and binds their results. The only stage program that links libav.

#include "stage/stage_main.h"
#include "stage/video/video_run.h"

int main() {
  return sheaf::stage::stage_main("sheaf-stage-video", sheaf::stage::open_video_run);
}
