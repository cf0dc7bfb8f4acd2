#include "stage/command/command_source.h"

#include <utility>

#include "common/base/text.h"

namespace sheaf::stage {

namespace {

/// Of an item's values in a message.
constexpr std::size_t kShownBytesMax = 60;

/// The values as a person wants to read them.
std::string shown(const batch::Item& item) {
  std::string text;
  for (const std::string& value : item.values) {
    if (text.size() > kShownBytesMax) break;
    text += (text.empty() ? "" : " ") + value.substr(0, kShownBytesMax + 1);
  }
  text = valid_utf8(escape_control(text));
  if (text.size() > kShownBytesMax) {
    text.resize(kShownBytesMax);
    text = valid_utf8(text) + "...";
  }
  return text;
}

}  // namespace

Result<std::unique_ptr<CommandSource>> CommandSource::open(const v1::InputItems& items,
                                                           std::shared_ptr<BatchProgress> progress) {
  auto stop = batch::StopSignal::make();
  if (!stop) return propagate(stop);
  std::unique_ptr<CommandSource> source(new CommandSource(std::move(*stop), std::move(progress)));
  auto reader = batch::ItemReader::open(items, source->stop_);
  if (!reader) return propagate(reader);
  source->reader_.emplace(std::move(*reader));
  return source;
}

Result<std::optional<JobOut>> CommandSource::next_job() {
  auto item = reader_->next();
  if (!item) return propagate(item);
  if (!*item) return std::nullopt;
  v1::CommandJob job;
  job.set_number((*item)->number);
  for (const std::string& value : (*item)->values) job.add_values(value);
  const std::uint64_t seq = (*item)->number - 1;
  progress_->begin(seq, shown(**item));
  return JobOut{JobKey{seq, 0}, Blob::of(job.SerializeAsString()), 1, {}};
}

}  // namespace sheaf::stage
