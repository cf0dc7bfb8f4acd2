#include "client/video_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "common/runtime/fd.h"

namespace sheaf::client {

namespace {

Error input_error(const VideoOptions& options, std::string what, std::string advice = {}) {
  return Error{ErrorCode::kInput, std::move(what), options.input, std::move(advice)};
}

Error output_error(const VideoOptions& options, std::string what, std::string advice = {}) {
  return Error{ErrorCode::kOutput, std::move(what), options.output, std::move(advice)};
}

bool look_at(const std::string& path, struct stat& status) {
  return ::stat(path.c_str(), &status) == 0;
}

}  // namespace

std::vector<Error> check_video_files(const VideoOptions& options) {
  std::vector<Error> errors;
  const std::string& input = options.request.input();
  const std::string& output = options.request.output();
  struct stat input_status {};
  struct stat output_status {};

  const bool has_input = look_at(input, input_status);
  if (!has_input) {
    errors.push_back(input_error(options, errno == ENOENT ? "no such file" : "cannot be read: " + errno_text(errno)));
  } else if (S_ISDIR(input_status.st_mode)) {
    errors.push_back(input_error(options, "is a folder, not a video"));
  } else if (!S_ISREG(input_status.st_mode)) {
    errors.push_back(input_error(options, "is not a file that can be read twice", "copy it into a file first"));
  } else if (::access(input.c_str(), R_OK) != 0) {
    errors.push_back(input_error(options, "cannot be read: " + errno_text(errno)));
  }

  if (look_at(output, output_status)) {
    if (has_input && input_status.st_dev == output_status.st_dev && input_status.st_ino == output_status.st_ino) {
      errors.push_back(output_error(options, "is the input itself", "choose another name"));
    } else if (S_ISDIR(output_status.st_mode)) {
      errors.push_back(output_error(options, "is a folder", "name a file in it"));
    } else if (!S_ISREG(output_status.st_mode)) {
      errors.push_back(output_error(options, "is not a file"));
    } else if (!options.request.overwrite()) {
      errors.push_back(output_error(options, "exists", "use --overwrite to replace it"));
    }
  }
  const std::string folder = std::filesystem::path(output).parent_path().string();
  struct stat folder_status {};
  if (!look_at(folder, folder_status) || !S_ISDIR(folder_status.st_mode)) {
    errors.push_back(output_error(options, "there is no folder " + folder, "make it first"));
  } else if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    errors.push_back(output_error(options, "its folder cannot be written: " + errno_text(errno)));
  }
  return errors;
}

}  // namespace sheaf::client
