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
/// Empty for what no key has.
const char* key_role_name(wire::KeyRole role);

/// Errors: kUsage, with the path, when it cannot be read, others than its owner may read or write it, it lacks something, a key
/// is none or published, or its two halves do not belong together.
///
/// From then on this process leaves no core dump: it has a secret.
Result<KeyFile> read_key_file(const std::string& path);

/// Makes the file (0600), in place of one that is there. Errors: kOutput, with the path.
Status write_key_file(const std::string& path, const KeyFile& file);

/// Whoever may change `path`, or read it, beside this user and root is an error: kUsage, with the path. `fd`: it, open.
Status check_is_owners_own(int fd, const std::string& path);
/// All of a file that passes check_is_owners_own(). Errors: kUsage; also for what is no file, or too large for one of keys.
Result<std::string> read_private_text(const std::string& path);
/// Makes the file, 0600, or replaces it as a whole: a power cut leaves the old or the new one. Errors: kOutput.
Status replace_private_text(const std::string& path, const std::string& text);

/// `file` as where to connect to, and how.
Result<wire::Endpoint> endpoint_of(const KeyFile& file);

}  // namespace sheaf::net
