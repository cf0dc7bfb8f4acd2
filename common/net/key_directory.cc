#include "common/net/key_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <set>
#include <utility>

#include "common/net/curve.h"
#include "common/runtime/fd.h"
#include "common/runtime/toml.h"

namespace sheaf::net {

namespace {

constexpr char kServer[] = "server";
constexpr char kPeers[] = "peers";
constexpr std::size_t kNameBytesMax = 64;
constexpr char kNoKeys[] = "make it with `sheaf keygen DIR --endpoint tcp://HOST:PORT`";

std::string today() {
  const std::time_t seconds = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return text.data();
}

/// Of a file, and of a TOML table without quotes.
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

Status check_name(const std::string& name) {
  const bool is_plain_name =
      !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), is_plain) && name[0] != '-';
  if (!is_plain_name) {
    return fail(ErrorCode::kUsage, "cannot be the name of a key", name, "use letters, digits, - and _, at most 64");
  }
  if (name == kServer || name == kPeers) return fail(ErrorCode::kUsage, "is a name of sheaf's own", name, "choose another one");
  return {};
}

/// Held while it lives, against other processes.
Result<Fd> lock(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open()) {
    return fail(ErrorCode::kUsage, errno == ENOENT ? "there are no keys" : errno_text(errno), path, kNoKeys);
  }
  while (::flock(fd.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  return fd;
}

/// Puts what `item` says of a holder in; false when it says nothing that is known.
bool take(const TomlItem& item, KeyHolder& holder, std::set<std::string>& with_role) {
  const std::string& value = item.values.front();
  if (item.key == "role") {
    const auto role = key_role(value);
    if (role) holder.role = *role;
    return role && with_role.insert(holder.name).second;
  }
  std::string* field = item.key == "public_key" ? &holder.public_key
                       : item.key == "added"    ? &holder.added
                       : item.key == "revoked"  ? &holder.revoked
                                                : nullptr;
  if (field != nullptr) *field = value;
  return field != nullptr && !value.empty();  // `revoked = ""` would pass for good.
}

/// A table for each holder, under his name.
Result<std::vector<KeyHolder>> read_holders(const std::string& path) {
  auto text = read_private_text(path);
  if (!text) return propagate(text);
  auto items = parse_toml(*text, path);
  if (!items) return propagate(items);
  std::vector<KeyHolder> holders;
  std::set<std::string> with_role;
  for (const TomlItem& item : *items) {
    const std::string& name = item.tables.empty() ? item.key : item.tables.front();
    if (holders.empty() || holders.back().name != name) holders.push_back({name, wire::KeyRole::kWorker, {}, {}, {}});
    if (item.tables.size() != 1 || item.values.size() != 1 || !take(item, holders.back(), with_role)) {
      return fail(ErrorCode::kUsage, item.key == "role" ? "is no role" : "says nothing about a key that is known",
                  path + ": line " + std::to_string(item.line) + ": " + item.key);
    }
  }
  std::set<std::string> keys;
  for (const KeyHolder& holder : holders) {
    const std::string where = path + ": " + holder.name;
    if (!with_role.contains(holder.name)) return fail(ErrorCode::kUsage, "has no role", where);
    if (Status key = check_key(holder.public_key); !key) {
      return fail(ErrorCode::kUsage, "public_key " + key.error().what, where, key.error().advice);
    }
    if (!keys.insert(holder.public_key).second) return fail(ErrorCode::kUsage, "has the same key as another one", where);
  }
  return holders;
}

/// What others can connect to: a host by name or IPv4 address, not "all interfaces", and a port.
Status check_reachable(const std::string& text) {
  auto endpoint = wire::parse_endpoint(text);
  if (!endpoint) return propagate(endpoint);
  const std::string rest = endpoint->is_ipc() ? "" : text.substr(std::string("tcp://").size());
  const std::string host = rest.substr(0, rest.rfind(':'));
  const bool is_host = !host.empty() && std::all_of(host.begin(), host.end(), [](char c) { return is_plain(c) || c == '.'; });
  if (!is_host || host == "0.0.0.0" || rest.ends_with(":*")) {
    return fail(ErrorCode::kUsage, "is nothing that other machines can connect to", text,
                "name the master's host, or its IPv4 address, and port as they reach it: tcp://HOST:7077");
  }
  return {};
}

}  // namespace

Result<KeyDirectory> KeyDirectory::create(const std::string& path, const std::string& endpoint) {
  leave_no_core_dump();
  if (Status reachable = check_reachable(endpoint); !reachable) return propagate(reachable);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail(ErrorCode::kOutput, errno_text(errno), path);
  auto held = lock(path);
  if (!held) return propagate(held);
  if (Status own = check_is_owners_own(held->get(), path); !own) return propagate(own);
  KeyDirectory made(path);
  if (::access(made.file(kServer).c_str(), F_OK) == 0) {
    return fail(ErrorCode::kOutput, "there are keys already", path, "add to them with --add, or choose another directory");
  }
  const KeyPair pair = make_key_pair();
  made.server_ = KeyFile{endpoint, kServer, kServer, pair.public_key, pair.public_key, pair.secret_key};
  const std::pair<const char*, wire::KeyRole> first[] = {
      {"worker", wire::KeyRole::kWorker}, {"client", wire::KeyRole::kClient}, {"admin", wire::KeyRole::kAdmin}};
  for (const auto& [name, role] : first) {
    const KeyPair keys = make_key_pair();
    const KeyFile file{endpoint, key_role_name(role), name, pair.public_key, keys.public_key, keys.secret_key};
    if (Status written = write_key_file(made.file(name), file); !written) return propagate(written);
    made.holders_.push_back({name, role, keys.public_key, today(), {}});
  }
  if (Status written = made.write_holders(); !written) return propagate(written);
  // Last: where it is, all is.
  if (Status written = write_key_file(made.file(kServer), made.server_); !written) return propagate(written);
  return made;
}

Result<KeyDirectory> KeyDirectory::open(const std::string& path) {
  KeyDirectory opened(path);
  if (Status read = opened.read(); !read) return propagate(read);
  return opened;
}

Result<std::string> KeyDirectory::add(wire::KeyRole role, const std::string& name) {
  if (Status status = check_name(name); !status) return propagate(status);
  auto held = lock(path_);
  if (!held) return propagate(held);
  if (Status status = read(); !status) return propagate(status);
  const auto is_taken = [&](const KeyHolder& holder) { return holder.name == name && holder.revoked.empty(); };
  if (std::any_of(holders_.begin(), holders_.end(), is_taken)) {
    return fail(ErrorCode::kUsage, "has a key already", name, "revoke that one first, or choose another name");
  }
  const KeyPair keys = make_key_pair();
  const KeyFile made{server_.endpoint, key_role_name(role), name, server_.server_key, keys.public_key, keys.secret_key};
  if (Status written = write_key_file(file(name), made); !written) return propagate(written);
  std::erase_if(holders_, [&](const KeyHolder& holder) { return holder.name == name; });
  holders_.push_back({name, role, keys.public_key, today(), {}});
  if (Status written = write_holders(); !written) return propagate(written);
  return file(name);
}

Status KeyDirectory::revoke(const std::string& name) {
  auto held = lock(path_);
  if (!held) return propagate(held);
  if (Status status = read(); !status) return propagate(status);
  const auto holder = std::find_if(holders_.begin(), holders_.end(), [&](const KeyHolder& one) { return one.name == name; });
  if (holder == holders_.end() || !holder->revoked.empty()) {
    return fail(ErrorCode::kUsage, holder == holders_.end() ? "has no key here" : "has no key any more", name, "see --list");
  }
  holder->revoked = today();
  if (Status written = write_holders(); !written) return propagate(written);
  ::unlink(file(name).c_str());
  return {};
}

Status KeyDirectory::read() {
  const Fd directory(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || ::access(file(kServer).c_str(), F_OK) != 0) {
    return fail(ErrorCode::kUsage, "there are no keys", path_, kNoKeys);
  }
  if (Status own = check_is_owners_own(directory.get(), path_); !own) return own;
  auto server = read_key_file(file(kServer));
  if (!server) return propagate(server);
  if (!server->is_server()) return fail(ErrorCode::kUsage, "is no master's", file(kServer), kNoKeys);

  auto holders = read_holders(file(kPeers));
  if (!holders) return propagate(holders);
  server_ = std::move(*server);
  holders_ = std::move(*holders);
  return {};
}

Status KeyDirectory::write_holders() const {
  std::string text =
      "# Who may connect to the master: `sheaf keygen` keeps this list, and the master reads it at its start and on SIGHUP.\n";
  for (const KeyHolder& holder : holders_) {
    text += "\n[" + holder.name + "]\nrole = \"" + key_role_name(holder.role) + "\"\npublic_key = \"" + holder.public_key +
            "\"\nadded = \"" + holder.added + "\"\n";
    if (!holder.revoked.empty()) text += "revoked = \"" + holder.revoked + "\"\n";
  }
  return replace_private_text(file(kPeers), text);
}

}  // namespace sheaf::net
