#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace sheaf::e2e {

/// A file that ffmpeg makes, or one that Debian's packages bring.
struct Footage {
  std::string name;                    ///< Of the test: "H264Open".
  std::string file;                    ///< Its name with ending; or an absolute path of one that is there.
  std::vector<std::string> arguments;  ///< For ffmpeg, without the output.
};

/// For ctest, which names tests by it.
inline std::ostream& operator<<(std::ostream& out, const Footage& footage) {
  return out << footage.name;
}

/// Its path. Made on first use, and kept for all later runs of the tests in this build directory; another recipe makes another
/// file.
std::string path_of(const Footage& footage);

/// One of each mainstream kind: small pictures with noise and movement, two to five seconds.
const std::vector<Footage>& generated_footage();
/// Real footage of Debian's packages python3-imageio and opencv-doc.
const std::vector<Footage>& real_footage();
/// One of generated_footage() or real_footage(), by its name (checked).
Footage footage(const std::string& name);

/// `frames` frames of size WxH in H.264, a key every 50, for tests that only need work to do.
Footage plain_footage(const std::string& size, int frames);

}  // namespace sheaf::e2e
