#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/base/time.h"
#include "common/wire/peer_address.h"
#include "common/wire/principal.h"
#include "common/wire/transfer.h"
#include "master/io/spool.h"

namespace sheaf::master {

/// One payload over one link: of a job, of one of its attempts, or of (0, revision) between master and stage.
using TransferKey = std::pair<JobId, Attempt>;

/// One connection that has said hello. A process that reconnects comes as another one, with the same session.
struct Peer {
  wire::PeerAddress address;
  wire::Principal principal;  ///< Whose key it has shown.
  v1::Role role = v1::ROLE_UNSPECIFIED;
  SessionId session;
  std::string name;  ///< "host:pid", for logs.
  std::string host;  ///< As it says of itself, and the next three.
  std::uint32_t pid = 0;
  std::string version;
  std::uint32_t executors = 0;  ///< Of a worker.
  WorkerId worker;              ///< Of a worker.
  RunId run;                    ///< Of a stage.
  Instant greeted;
  Instant last_heard;
  Instant last_sent;
  bool has_only_greeted = true;  ///< It has said nothing but hello on this connection.

  std::set<RunId> runs_set_up;  ///< Runs whose setup the worker has been given, until they are over.

  struct Outgoing {
    wire::Upload progress;
    StoredPayload payload;
  };
  struct Incoming {
    wire::Download progress;
    StoredPayload payload;
    v1::JobHeader job;     ///< Of a stage's feed.
    std::string measures;  ///< Of a worker's result.
  };
  std::map<TransferKey, Outgoing> outgoing;
  std::map<TransferKey, Incoming> incoming;
};

/// Who is connected: by address, by session, and for workers by their id.
class PeerTable {
 public:
  Peer* find(const wire::PeerAddress& address);
  Peer* find(SessionId session);
  Peer* find(WorkerId worker);

  /// The address and the session must be new (checked).
  Peer& add(Peer peer);
  void remove(const wire::PeerAddress& address);
  /// The run is over: no worker has its setup any more.
  void forget(RunId run);

  std::size_t size() const { return peers_.size(); }
  /// In the order of addresses. Stays valid while peers come and go.
  std::vector<wire::PeerAddress> addresses() const;
  /// The workers, by number.
  const std::map<WorkerId, wire::PeerAddress>& workers() const { return by_worker_; }
  const std::map<wire::PeerAddress, Peer>& all() const { return peers_; }

 private:
  std::map<wire::PeerAddress, Peer> peers_;
  std::map<SessionId, wire::PeerAddress> by_session_;
  std::map<WorkerId, wire::PeerAddress> by_worker_;
};

/// Who may send what: everything else is refused.
bool may_send(v1::Role role, v1::Envelope::BodyCase body);

/// As what the holder of a key may say hello, and speak: everything else is refused.
bool may_be(wire::KeyRole key, v1::Role role);

/// Whether he may know who else is there. Whether the master answers, everybody may.
bool may_see_others(wire::KeyRole key);

}  // namespace sheaf::master
