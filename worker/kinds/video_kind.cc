#include "worker/kinds/video_kind.h"

#include "common/media/av.h"
#include "worker/kinds/video_fingerprint.h"
#include "worker/kinds/video_run.h"
#include "worker/ops/op_factory.h"

namespace sheaf::worker {

namespace {

class VideoKind : public JobKind {
 public:
  VideoKind() {
    media::set_up_libav();
    set_up_opencv();
  }

  std::string name() const override { return "video"; }

  std::string fingerprint() const override {
    static const std::string text = video_fingerprint();
    return text;
  }

  Result<std::unique_ptr<RunContext>> open_run(const std::string& setup) override { return open_video_run(setup); }
};

}  // namespace

std::unique_ptr<JobKind> make_video_kind() {
  return std::make_unique<VideoKind>();
}

}  // namespace sheaf::worker
