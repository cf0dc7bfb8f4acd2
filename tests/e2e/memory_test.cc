// Master, stage and link hold no more than their windows, however long the input is.
#include <algorithm>
#include <cstdio>
#include <map>

#include "tests/e2e/support/corpus.h"
#include "tests/e2e/support/e2e_test.h"

namespace sheaf::e2e {
namespace {

constexpr unsigned kFramesFew = 1'000;
constexpr unsigned kFramesMany = 100'000;
constexpr double kBytesPerFrameMax = 300;  // For the index and for what the muxer must remember.

using Peaks = std::map<std::string, double>;

class MemoryTest : public E2eTest {
 protected:
  /// The highest resident memory that each program of the run ever had, the executors left out.
  Peaks peaks_of(const std::string& input, const std::string& made) const {
    Process video = Process::start(sheaf({"video", input, "-o", made, "--op", "copy", "--preset", "ultrafast", "--quiet"}));
    Peaks peaks;
    do {
      for (const ProcessInfo& one : processes()) {
        if (one.program == "sheaf-executor-video") continue;
        peaks[one.program] = std::max(peaks[one.program], static_cast<double>(one.peak_rss_bytes));
      }
    } while (video.run_for(std::chrono::milliseconds(25)));
    const Finished finished = video.wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return peaks;
  }
};

TEST_F(MemoryTest, DoesNotGrowWithTheInput) {
  const std::string few = path_of(plain_footage("64x64", kFramesFew));
  // The same packets again and again: in a moment, where encoding takes minutes.
  const std::string many = path_of(
      {"Many", "many_64x64.mp4", {"-stream_loop", std::to_string(kFramesMany / kFramesFew - 1), "-i", few, "-c", "copy"}});
  const Peaks small = peaks_of(few, output("few.mp4"));
  const Peaks large = peaks_of(many, output("many.mp4"));
  for (const char* name : {"sheaf", "sheaf-master", "sheaf-stage-video", "sheaf-worker"}) {
    ASSERT_GT(small.count(name), 0U) << name;
    ASSERT_GT(large.count(name), 0U) << name;
    const double growth = (large.at(name) - small.at(name)) / (kFramesMany - kFramesFew);
    RecordProperty(std::string(name) + "_bytes_per_frame", std::to_string(growth));
    std::printf("%-14s %6.1f MiB, %6.1f MiB: %5.1f bytes a frame\n", name, small.at(name) / 1048576, large.at(name) / 1048576,
                growth);
    EXPECT_LE(growth, kBytesPerFrameMax) << name;
  }
}

}  // namespace
}  // namespace sheaf::e2e
