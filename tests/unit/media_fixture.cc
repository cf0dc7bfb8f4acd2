#include "tests/unit/media_fixture.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <sstream>

namespace sheaf::test {

namespace {

struct Scratch {
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "sheaf-media-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

}  // namespace

const std::string& scratch() {
  static const Scratch directory;
  return directory.path;
}

std::string run_command(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << command;
    return output;
  }
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, n);
  const int status = ::pclose(pipe);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << command;
  return output;
}

std::string make_file(const std::string& name, const std::string& arguments) {
  const std::string path = scratch() + "/" + name;
  if (!std::filesystem::exists(path)) run_command("ffmpeg -nostdin -v error -y " + arguments + " " + path);
  return path;
}

std::vector<OracleFrame> oracle(const std::string& path, const std::string& pixel_format) {
  std::istringstream lines(run_command("ffmpeg -nostdin -v error -noautorotate -copyts -i '" + path +
                                       "' -map 0:v:0 -fps_mode passthrough -enc_time_base -1 -pix_fmt " + pixel_format +
                                       " -f framemd5 -"));
  std::vector<OracleFrame> frames;
  long long numerator = 0;
  long long denominator = 1;
  for (std::string line; std::getline(lines, line);) {
    if (std::sscanf(line.c_str(), "#tb 0: %lld/%lld", &numerator, &denominator) == 2) continue;
    long long pts = 0;
    char hash[64] = {};
    if (std::sscanf(line.c_str(), "0, %*d, %lld, %*d, %*d, %63s", &pts, hash) != 2) continue;
    const long long divisor = std::max(1LL, std::gcd(pts * numerator, denominator));
    frames.push_back({std::to_string(pts * numerator / divisor) + "/" + std::to_string(denominator / divisor),
                      static_cast<double>(pts) * static_cast<double>(numerator) / static_cast<double>(denominator), hash});
  }
  return frames;
}

}  // namespace sheaf::test
