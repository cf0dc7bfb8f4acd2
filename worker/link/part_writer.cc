#include "worker/link/part_writer.h"

#include <utility>

namespace sheaf::worker {

Result<std::unique_ptr<PartWriter>> make_part_writer() {
  return PartWriter::make(1, [](KeepPart part) -> KeptPart {
    if (Status kept = part.payload.append(part.bytes.view()); !kept) return {part.number, part.attempt, propagate(kept)};
    return {part.number, part.attempt, std::move(part.payload)};
  });
}

}  // namespace sheaf::worker
