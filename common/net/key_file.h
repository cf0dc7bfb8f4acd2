#pragma once

#include <string>

#include "common/base/result.h"
#include "common/wire/endpoint.h"
#include "common/wire/principal.h"

namespace sheaf::net {

/// What `sheaf keygen` makes for one principal, as TOML at top level: the one file that a host needs to join. `server.toml`,
/// the master's own, has the same form with the role "server"; its public key is the server key.
struct KeyFile {
  std::string endpoint;  ///< tcp://HOST:PORT, as the holder reaches it.
  std::string role;      ///< "server", or a name of key_role().
  std::string name;
  std::string server_key;
  std::string public_key;
  std::string secret_key;

  bool is_server() const { return role == "server"; }
};

/// Call it before a secret key comes into this process. Programs that it starts may dump theirs.
void leave_no_core_dump();

/// "worker", "client", "admin", "observer"; empty for what is no role of a key.
std::optional<wire::KeyRole> key_role(const std::string& name);
const char* key_role_name(wire::KeyRole role);

/// Errors: kUsage, with the path, when it cannot be read, others than its owner may read or write it, it lacks something, a key
/// is none or published, or its two halves do not belong together.
///
/// From then on this process leaves no core dump: it has a secret.
Result<KeyFile> read_key_file(const std::string& path);

/// Makes a new file (0600). Errors: kOutput, with the path, also when there is one already.
Status write_key_file(const std::string& path, const KeyFile& file);

/// Whoever may read or write `path` beside its owner is an error: kUsage, with the path. `fd`: it, open.
Status check_is_owners_own(int fd, const std::string& path);

/// `file` as where to connect to, and how.
Result<wire::Endpoint> endpoint_of(const KeyFile& file);

}  // namespace sheaf::net
