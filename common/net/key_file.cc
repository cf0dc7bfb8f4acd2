#include "common/net/key_file.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <span>
#include <utility>

#include "common/net/curve.h"
#include "common/runtime/fd.h"
#include "common/runtime/files.h"
#include "common/runtime/toml.h"

namespace sheaf::net {

namespace {

constexpr std::size_t kFileBytesMax = 4 * 1024 * 1024;
constexpr char kAdvice[] = "it has to be a file that `sheaf keygen` has made";

constexpr std::pair<const char*, wire::KeyRole> kRoles[] = {{"worker", wire::KeyRole::kWorker},
                                                            {"client", wire::KeyRole::kClient},
                                                            {"admin", wire::KeyRole::kAdmin},
                                                            {"observer", wire::KeyRole::kObserver}};

}  // namespace

void leave_no_core_dump() {
  ::prctl(PR_SET_DUMPABLE, 0);  // Unlike a limit, it also holds where the kernel pipes dumps to a program.
}

std::optional<wire::KeyRole> key_role(const std::string& name) {
  for (const auto& [text, role] : kRoles) {
    if (name == text) return role;
  }
  return std::nullopt;
}

const char* key_role_name(wire::KeyRole role) {
  for (const auto& [text, value] : kRoles) {
    if (role == value) return text;
  }
  return "";
}

Status check_is_owners_own(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail(ErrorCode::kUsage, errno_text(errno), path);
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return fail(ErrorCode::kUsage, "belongs to another user, who could change it", path,
                "have it belong to the user who uses it");
  }
  if ((status.st_mode & 077) == 0) return {};
  std::array<char, 8> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", status.st_mode & 07777);
  const bool is_directory = S_ISDIR(status.st_mode);
  return fail(ErrorCode::kUsage, std::string("others than its owner have rights to it (") + mode.data() + ")", path,
              std::string("chmod ") + (is_directory ? "700 " : "600 ") + path);
}

Result<std::string> read_private_text(const std::string& path) {
  // Without waiting: it may be a pipe that nobody writes into.
  const Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd.is_open()) return fail(ErrorCode::kUsage, errno_text(errno), path, kAdvice);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode) || static_cast<std::size_t>(status.st_size) > kFileBytesMax) {
    return fail(ErrorCode::kUsage, "is no key file", path, kAdvice);
  }
  if (Status own = check_is_owners_own(fd.get(), path); !own) return propagate(own);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  if (Status read = read_at(fd.get(), 0, std::as_writable_bytes(std::span(text))); !read) {
    return fail(ErrorCode::kUsage, read.error().what, path, kAdvice);
  }
  return text;
}

Status replace_private_text(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  {
    const Fd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.is_open()) return fail(ErrorCode::kOutput, errno_text(errno), path);
    Status written = write_at(fd.get(), 0, std::as_bytes(std::span(text)));
    if (written && ::fsync(fd.get()) != 0) written = fail(ErrorCode::kOutput, errno_text(errno));
    if (!written) {
      ::unlink(fresh.c_str());
      return fail(ErrorCode::kOutput, written.error().what, path);
    }
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return fail(ErrorCode::kOutput, errno_text(errno), path);
  const std::string parent = path.substr(0, path.rfind('/') + 1);
  const Fd directory(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.is_open()) ::fsync(directory.get());  // Or a power cut could undo the new name.
  return {};
}

Result<KeyFile> read_key_file(const std::string& path) {
  leave_no_core_dump();
  auto text = read_private_text(path);
  if (!text) return propagate(text);
  auto items = parse_toml(*text, path);
  if (!items) return fail(ErrorCode::kUsage, items.error().what, items.error().where, kAdvice);
  KeyFile file;
  const std::pair<const char*, std::string*> fields[] = {{"endpoint", &file.endpoint},
                                                         {"role", &file.role},
                                                         {"name", &file.name},
                                                         {"server_key", &file.server_key},
                                                         {"public_key", &file.public_key},
                                                         {"secret_key", &file.secret_key}};
  for (const TomlItem& item : *items) {
    for (const auto& [key, field] : fields) {
      if (item.tables.empty() && item.key == key && item.values.size() == 1) *field = item.values.front();
    }
  }
  for (const auto& [key, field] : fields) {
    if (field->empty()) return fail(ErrorCode::kUsage, std::string("has no ") + key, path, kAdvice);
  }
  for (const auto& [key, field] : {fields[3], fields[4], fields[5]}) {
    if (Status status = check_key(*field); !status) {
      return fail(ErrorCode::kUsage, status.error().what, path + ": " + key, status.error().advice);
    }
  }
  if (!file.is_server() && !key_role(file.role)) {
    return fail(ErrorCode::kUsage, "\"" + file.role + "\" is no role", path + ": role", kAdvice);
  }
  const bool is_pair = public_key_of(file.secret_key) == file.public_key;
  if (!is_pair || (file.is_server() && file.server_key != file.public_key)) {
    return fail(ErrorCode::kUsage, "its keys do not belong together", path, kAdvice);
  }
  if (auto endpoint = endpoint_of(file); !endpoint) {
    return fail(ErrorCode::kUsage, "\"" + file.endpoint + "\" " + endpoint.error().what, path + ": endpoint",
                endpoint.error().advice);
  }
  return file;
}

Status write_key_file(const std::string& path, const KeyFile& file) {
  const std::string text = "# sheaf keygen: with this file its holder is \"" + file.name + "\", a " + file.role +
                           ". Keep it to yourself.\n"
                           "endpoint = \"" +
                           file.endpoint +
                           "\"\n"
                           "role = \"" +
                           file.role +
                           "\"\n"
                           "name = \"" +
                           file.name +
                           "\"\n"
                           "server_key = \"" +
                           file.server_key +
                           "\"\n"
                           "public_key = \"" +
                           file.public_key +
                           "\"\n"
                           "secret_key = \"" +
                           file.secret_key + "\"\n";
  return replace_private_text(path, text);
}

Result<wire::Endpoint> endpoint_of(const KeyFile& file) {
  auto endpoint = wire::parse_endpoint(file.endpoint);
  if (!endpoint) return propagate(endpoint);
  if (endpoint->is_ipc()) return fail(ErrorCode::kUsage, "is no tcp:// endpoint", file.endpoint, "keys are for TCP");
  endpoint->keys = wire::CurveKeys{file.server_key, file.public_key, file.secret_key};
  return endpoint;
}

}  // namespace sheaf::net
