#pragma once

/// Files that ffmpeg makes, and what ffmpeg says about files: the oracle of the video tests stands outside of sheaf.

#include <string>
#include <vector>

namespace sheaf::test {

/// A directory of this test program, removed at its end.
const std::string& scratch();

/// Runs a shell command, and returns what it printed. A command that fails fails the test.
std::string run_command(const std::string& command);

/// `ffmpeg ARGUMENTS scratch()/NAME`, made once per program; returns the path.
std::string make_file(const std::string& name, const std::string& arguments);

/// A frame as the oracle sees it: its time in seconds as a fraction num/den in lowest terms, and the hash of its pixels.
struct OracleFrame {
  std::string seconds;
  double approximate_seconds = 0;
  std::string hash;
  bool operator==(const OracleFrame& other) const { return seconds == other.seconds && hash == other.hash; }
};

/// ffmpeg -noautorotate -copyts -i F -map 0:v:0 -fps_mode passthrough -enc_time_base -1 -pix_fmt X -f framemd5 -
std::vector<OracleFrame> oracle(const std::string& path, const std::string& pixel_format);

}  // namespace sheaf::test
