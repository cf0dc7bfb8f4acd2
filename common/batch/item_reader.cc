#include "common/batch/item_reader.h"

#include <utility>

#include "common/batch/column_splitter.h"

namespace sheaf::batch {

namespace {

/// What a source gives at a time: its value, or the columns of it, and those of the sources that are linked to it.
using Row = std::vector<std::string>;

/// A source and those that are linked to it.
class LinkedSources {
 public:
  void add(std::unique_ptr<ValueSource> source) { sources_.push_back(std::move(source)); }

  /// Empty as soon as one of them has ended.
  Result<std::optional<Row>> next(const std::optional<ColumnSplitter>& columns) {
    Row row;
    for (const auto& source : sources_) {
      auto value = source->next();
      if (!value) return propagate(value);
      if (!*value) return std::nullopt;
      if (columns) {
        auto cut = columns->split(**value);
        if (!cut) return propagate(cut);
        for (std::string& column : *cut) row.push_back(std::move(column));
      } else {
        row.push_back(std::move(**value));
      }
    }
    return row;
  }

 private:
  std::vector<std::unique_ptr<ValueSource>> sources_;
};

}  // namespace

class ItemReader::State {
 public:
  Status open(const v1::InputItems& items, const StopSignal& stop) {
    if (items.has_column_separator()) {
      auto columns = ColumnSplitter::make(items.column_separator());
      if (!columns) return propagate(columns);
      columns_.emplace(std::move(*columns));
    }
    const char separator = items.is_null_separated() ? '\0' : '\n';
    std::vector<LinkedSources> all;
    for (const v1::InputSource& source : items.sources()) {
      auto opened = open_value_source(source, separator, stop);
      if (!opened) return propagate(opened);
      if (!source.is_linked() || all.empty()) all.emplace_back();
      all.back().add(std::move(*opened));
    }
    for (LinkedSources& sources : all) {
      if (!items.has_header()) break;
      auto header = sources.next(columns_);
      if (!header) return propagate(header);
      if (*header) names_.insert(names_.end(), (*header)->begin(), (*header)->end());
    }
    if (all.empty()) return {};
    first_ = std::move(all.front());
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (Status status = read_all(all[i]); !status) return status;
    }
    return {};
  }

  const std::vector<std::string>& names() const { return names_; }

  Result<std::optional<Item>> next() {
    if (!has_row_ || !turn()) {
      auto row = first_.next(columns_);
      if (!row) return propagate(row);
      if (!*row || is_any_empty_) return std::nullopt;
      row_ = std::move(**row);
      has_row_ = true;
    }
    Item item{++number_, row_};
    for (std::size_t i = 0; i < others_.size(); ++i) {
      const Row& row = others_[i][places_[i]];
      item.values.insert(item.values.end(), row.begin(), row.end());
    }
    return item;
  }

 private:
  Status read_all(LinkedSources& sources) {
    std::vector<Row> rows;
    while (true) {
      auto row = sources.next(columns_);
      if (!row) return propagate(row);
      if (!*row) break;
      rows.push_back(std::move(**row));
    }
    is_any_empty_ = is_any_empty_ || rows.empty();
    others_.push_back(std::move(rows));
    places_.push_back(0);
    return {};
  }

  /// To the next combination with the same row of the first source; false when there is none, and all begin again.
  bool turn() {
    for (std::size_t i = others_.size(); i-- > 0;) {
      if (++places_[i] < others_[i].size()) return true;
      places_[i] = 0;
    }
    return false;
  }

  std::optional<ColumnSplitter> columns_;
  LinkedSources first_;
  Row row_;
  bool has_row_ = false;
  std::vector<std::vector<Row>> others_;
  std::vector<std::size_t> places_;  ///< In each of them.
  bool is_any_empty_ = false;
  std::vector<std::string> names_;
  std::uint64_t number_ = 0;
};

ItemReader::ItemReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
ItemReader::~ItemReader() = default;
ItemReader::ItemReader(ItemReader&&) noexcept = default;

Result<ItemReader> ItemReader::open(const v1::InputItems& items, const StopSignal& stop) {
  auto state = std::make_unique<State>();
  if (Status status = state->open(items, stop); !status) return propagate(status);
  return ItemReader(std::move(state));
}

const std::vector<std::string>& ItemReader::names() const {
  return state_->names();
}

Result<std::optional<Item>> ItemReader::next() {
  return state_->next();
}

}  // namespace sheaf::batch
