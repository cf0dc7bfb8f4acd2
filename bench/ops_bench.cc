// What each op costs beside ffmpeg's nearest filter: one thread, in one process, frame by frame in turn, so that a machine
// whose speed changes is as fast for both.
//
//   ops_bench [FRAMES [WIDTH HEIGHT [PART]]]   per row, 200 by default; 768 x 576; only ops whose text has PART
//
// Prints a table in Markdown: milliseconds of CPU a megapixel (of luma; yuv420p), the median of all frames, and the ratio.

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "common/base/check.h"
#include "common/media/av.h"
#include "common/ops/parse.h"
#include "tests/unit/test_frames.h"
#include "worker/ops/op_factory.h"

extern "C" {
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/opt.h>
}

namespace {

using namespace sheaf;

struct Row {
  std::string op;
  std::string filter;
};

/// Left out: copy, which does nothing.
const std::vector<Row> kRows = {
    {"blur:sigma=0.5", "gblur=sigma=0.5"},
    {"blur:sigma=2", "gblur=sigma=2"},
    {"blur:sigma=3.4", "gblur=sigma=3.4"},
    {"blur:sigma=8", "gblur=sigma=8"},
    {"blur:sigma=30", "gblur=sigma=30"},
    {"edges", "edgedetect=low=0.1:high=0.2"},
    {"gray", "hue=s=0"},
    {"invert", "negate"},
    {"resize:width=384,method=area", "scale=384:-1:flags=area"},
    {"resize:width=384,method=linear", "scale=384:-1:flags=bilinear"},
    {"resize:width=384,method=cubic", "scale=384:-1:flags=bicubic"},
    {"resize:width=384,method=lanczos", "scale=384:-1:flags=lanczos"},
    {"resize:width=384,method=nearest", "scale=384:-1:flags=neighbor"},
    {"resize:width=1536,method=linear", "scale=1536:-1:flags=bilinear"},
    {"resize:width=1536,method=cubic", "scale=1536:-1:flags=bicubic"},
    {"resize:width=1536,method=lanczos", "scale=1536:-1:flags=lanczos"},
};

double cpu_milliseconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
}

/// One filter between a source and a sink, with one thread.
class Filter {
 public:
  Filter(const std::string& text, int width, int height) : graph_(avfilter_graph_alloc()) {
    graph_->nb_threads = 1;
    const std::string source = "video_size=" + std::to_string(width) + "x" + std::to_string(height) +
                               ":pix_fmt=yuv420p:time_base=1/25:pixel_aspect=1/1";
    SHEAF_CHECK(avfilter_graph_create_filter(&source_, avfilter_get_by_name("buffer"), "in", source.c_str(), nullptr, graph_) >=
                0);
    SHEAF_CHECK(avfilter_graph_create_filter(&sink_, avfilter_get_by_name("buffersink"), "out", nullptr, nullptr, graph_) >= 0);
    AVFilterInOut* outputs = avfilter_inout_alloc();
    AVFilterInOut* inputs = avfilter_inout_alloc();
    *outputs = {av_strdup("in"), source_, 0, nullptr};
    *inputs = {av_strdup("out"), sink_, 0, nullptr};
    SHEAF_CHECK(avfilter_graph_parse_ptr(graph_, (text + ",format=yuv420p").c_str(), &inputs, &outputs, nullptr) >= 0);
    SHEAF_CHECK(avfilter_graph_config(graph_, nullptr) >= 0);
    avfilter_inout_free(&inputs);
    avfilter_inout_free(&outputs);
  }
  ~Filter() { avfilter_graph_free(&graph_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  void apply(AVFrame* frame) {
    SHEAF_CHECK(av_buffersrc_add_frame(source_, frame) >= 0);
    const media::FramePtr out = media::make_frame();
    SHEAF_CHECK(av_buffersink_get_frame(sink_, out.get()) >= 0);
  }

 private:
  AVFilterGraph* graph_;
  AVFilterContext* source_ = nullptr;
  AVFilterContext* sink_ = nullptr;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int frames = argc > 1 ? std::atoi(argv[1]) : 200;
  const int width = argc > 3 ? std::atoi(argv[2]) : 768;
  const int height = argc > 3 ? std::atoi(argv[3]) : 576;
  // As in an executor: what a frame has freed serves the next.
  mallopt(M_MMAP_THRESHOLD, 1 << 25);
  mallopt(M_TRIM_THRESHOLD, 1 << 28);
  media::set_up_libav();
  worker::set_up_opencv();
  const std::string part = argc > 4 ? argv[4] : "";
  const double megapixels = width * height / 1e6;
  std::printf("| op | ms | filter | ms | ratio (quarter..three quarters of the frames) |\n|---|--:|---|--:|--:|\n");
  for (const Row& row : kRows) {
    if (row.op.find(part) == std::string::npos) continue;
    auto op = worker::make_op(*ops::parse_op(row.op), {width, height, "yuv420p"});
    SHEAF_CHECK(op.has_value());
    Filter filter(row.filter, width, height);
    std::vector<double> ours, theirs, ratios;
    for (int number = 0; number < frames; ++number) {
      media::FramePtr frame = test::make_test_frame("yuv420p", width, height, number);
      media::FramePtr copy = test::make_test_frame("yuv420p", width, height, number);
      const double begin = cpu_milliseconds();
      SHEAF_CHECK((*op)->apply({.frame = std::move(frame)}).has_value());
      const double middle = cpu_milliseconds();
      filter.apply(copy.get());
      const double end = cpu_milliseconds();
      ours.push_back((middle - begin) / megapixels);
      theirs.push_back((end - middle) / megapixels);
      ratios.push_back(ours.back() / theirs.back());
    }
    std::sort(ratios.begin(), ratios.end());
    std::printf("| `%s` | %.2f | `%s` | %.2f | %.2f (%.2f..%.2f) |\n", row.op.c_str(), median(ours), row.filter.c_str(),
                median(theirs), median(ratios), ratios[ratios.size() / 4], ratios[ratios.size() * 3 / 4]);
    std::fflush(stdout);
  }
  return 0;
}
