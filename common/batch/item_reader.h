#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/batch/replacement.h"
#include "common/batch/value_source.h"
#include "sheaf/v1/command.pb.h"

namespace sheaf::batch {

/// The items of a batch, one after the other, read no further than they are asked for: the first source (with what is linked to
/// it) may be endless. The others are kept in memory.
///
/// One thread.
class ItemReader {
 public:
  /// Opens all sources, and reads their headers. `stop` outlives it. Errors: kInput; kUsage for a column separator that is no
  /// regular expression; kStopped.
  static Result<ItemReader> open(const v1::InputItems& items, const StopSignal& stop);
  ~ItemReader();
  ItemReader(ItemReader&&) noexcept;

  /// Of values, in their order; empty without a header.
  const std::vector<std::string>& names() const;

  /// Empty behind the last one. Errors: as ValueSource::next().
  Result<std::optional<Item>> next();

 private:
  class State;
  explicit ItemReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sheaf::batch
