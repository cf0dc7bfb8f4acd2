#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/net/key_file.h"

namespace sheaf::net {

/// Somebody who was given a key.
struct KeyHolder {
  std::string name;
  wire::KeyRole role = wire::KeyRole::kWorker;
  std::string public_key;
  std::string added;    ///< "2026-12-01".
  std::string revoked;  ///< Likewise; empty: the key is good.
};

/// A master's keys, in a directory that only its owner may enter: `server.toml`, its own; `peers.toml`, the public keys of all
/// that may connect; and the key files that were made and not taken away: NAME.toml. A running master needs the first two.
///
/// Changes are whole or not at all, also when several processes make them.
class KeyDirectory {
 public:
  /// Makes it, with a key for the master and one each for "worker", "client" and "admin". `endpoint`: how peers reach the
  /// master. Errors: kUsage for an endpoint that nobody could connect to; kOutput when there are keys already, or it cannot be
  /// written.
  static Result<KeyDirectory> create(const std::string& path, const std::string& endpoint);
  /// Errors: kUsage when it holds no keys, others may enter it, or a file in it is faulty.
  static Result<KeyDirectory> open(const std::string& path);

  const std::string& path() const { return path_; }
  const KeyFile& server() const { return server_; }
  /// In the order in which they were added.
  const std::vector<KeyHolder>& holders() const { return holders_; }

  /// Makes NAME.toml for a new holder; returns its path. A name is free again once its key is revoked. Errors: kUsage for a
  /// name that is taken or cannot be; kOutput.
  Result<std::string> add(wire::KeyRole role, const std::string& name);
  /// From now on the key opens nothing; its file, useless, is removed where it is still here. Errors: kUsage when nobody of
  /// that name has a good key; kOutput.
  Status revoke(const std::string& name);

 private:
  explicit KeyDirectory(std::string path) : path_(std::move(path)) {}
  std::string file(const std::string& name) const { return path_ + "/" + name + ".toml"; }
  Status read();
  Status write_holders() const;

  std::string path_;
  KeyFile server_;
  std::vector<KeyHolder> holders_;
};

}  // namespace sheaf::net
