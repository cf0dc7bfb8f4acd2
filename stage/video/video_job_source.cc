#include "stage/video/video_job_source.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/media/payload.h"

namespace sheaf::stage {

namespace {

constexpr std::size_t kCopyBytes = 256 * 1024;

/// Whether the packet that was read is the one that the index knows, for all that the file says of it.
bool is_in_index(const AVPacket& read, const media::PacketIndex& index, std::uint32_t i) {
  const media::PacketFacts known = index.packet(i);
  return read.dts == known.dts && static_cast<std::uint32_t>(read.size) == known.size &&
         (index.has_learned_times() || read.pts == known.pts);
}

}  // namespace

Status copy_bytes(const Blob& from, std::uint64_t offset, std::uint64_t size, Blob& to) {
  std::vector<std::byte> buffer(std::min<std::uint64_t>(size, kCopyBytes));
  while (size > 0) {
    const auto piece = std::span(buffer).first(std::min<std::uint64_t>(size, buffer.size()));
    if (Status status = from.read(offset, piece); !status) return status;
    if (Status status = to.append(piece); !status) return status;
    offset += piece.size();
    size -= piece.size();
  }
  return {};
}

VideoJobSource::VideoJobSource(std::shared_ptr<const media::InputFile> input, const media::PacketIndex& index,
                               std::string scratch)
    : file_(std::move(input)), index_(index), scratch_(std::move(scratch)), packet_(media::make_packet()) {
  window_.bytes = Blob(scratch_);
}

Result<Blob> VideoJobSource::payload(const JobCut& job, const JobCut* next) {
  SHEAF_CHECK(job.first_packet == window_.first && job.end_packet >= window_.end);
  if (Status status = read_until(job.end_packet); !status) return propagate(status);

  Blob payload(scratch_);
  const v1::VideoJob job_table = table(job);
  if (next != nullptr && next->first_packet == job.first_packet) {
    if (Status status = copy_bytes(window_.bytes, 0, window_.bytes.size(), payload); !status) return propagate(status);
  } else {
    // No later job needs these packets but for the last few: the blob itself becomes the payload.
    Window rest;
    if (next != nullptr) {
      auto tail = tail_from(next->first_packet);
      if (!tail) return propagate(tail);
      rest = std::move(*tail);
      for (const auto& side_data : window_.side_data) {
        if (side_data.type() == AV_PKT_DATA_NEW_EXTRADATA && side_data.packet() < rest.first) extradata_ = side_data.data();
      }
    }
    payload = std::move(window_.bytes);
    window_ = std::move(rest);
  }
  if (Status status = media::append_table(job_table, payload); !status) return propagate(status);
  return payload;
}

Status VideoJobSource::read_until(std::uint32_t end) {
  if (!input_) {
    auto opened = media::Input::open(file_, media::Input::Purpose::kVideo);
    if (!opened) return propagate(opened);
    input_.emplace(std::move(*opened));
  }
  while (window_.end < end) {
    auto more = input_->read(*packet_);
    if (!more) return propagate(more);
    if (!*more || !is_in_index(*packet_, index_, window_.end)) {
      return fail(ErrorCode::kInput, "the file has changed since it was looked at", file_->path(),
                  "run it again when nobody writes to it");
    }
    v1::PacketColumns row;
    if (Status status = media::append_packet(*packet_, true, window_.bytes, row); !status) return status;
    for (auto& side_data : *row.mutable_side_data()) {
      side_data.set_packet(window_.end);
      window_.side_data.push_back(std::move(side_data));
    }
    window_.end += 1;
  }
  return {};
}

Result<VideoJobSource::Window> VideoJobSource::tail_from(std::uint32_t first) const {
  Window tail;
  tail.first = first;
  tail.end = window_.end;
  tail.bytes = Blob(scratch_);
  SHEAF_CHECK(first >= window_.first && first <= window_.end);
  std::uint64_t size = 0;
  for (std::uint32_t i = first; i < window_.end; ++i) size += index_.packet(i).size;
  if (Status status = copy_bytes(window_.bytes, window_.bytes.size() - size, size, tail.bytes); !status)
    return propagate(status);
  std::copy_if(window_.side_data.begin(), window_.side_data.end(), std::back_inserter(tail.side_data),
               [&](const v1::PacketSideData& side_data) { return side_data.packet() >= first; });
  return tail;
}

v1::VideoJob VideoJobSource::table(const JobCut& job) const {
  v1::VideoJob result;
  auto& columns = *result.mutable_packets();
  for (std::uint32_t i = job.first_packet; i < job.end_packet; ++i) {
    const media::PacketFacts facts = index_.packet(i);
    columns.add_size(facts.size);
    columns.add_pts(facts.pts);
    columns.add_dts(facts.dts);
    columns.add_duration(facts.duration);
    columns.add_flags(((facts.flags & media::PacketIndex::kKey) != 0 ? AV_PKT_FLAG_KEY : 0U) |
                      ((facts.flags & media::PacketIndex::kDiscard) != 0 ? AV_PKT_FLAG_DISCARD : 0U) |
                      ((facts.flags & media::PacketIndex::kCorrupt) != 0 ? AV_PKT_FLAG_CORRUPT : 0U));
  }
  const bool has_own_extradata = !window_.side_data.empty() && window_.side_data.front().packet() == job.first_packet &&
                                 window_.side_data.front().type() == AV_PKT_DATA_NEW_EXTRADATA;
  if (!extradata_.empty() && !has_own_extradata) {
    auto* side_data = columns.add_side_data();
    side_data->set_packet(0);
    side_data->set_type(AV_PKT_DATA_NEW_EXTRADATA);
    side_data->set_data(extradata_);
  }
  for (const auto& side_data : window_.side_data) {
    auto* copy = columns.add_side_data();
    *copy = side_data;
    copy->set_packet(side_data.packet() - job.first_packet);
  }
  result.set_own_begin(job.own_begin);
  result.set_own_end(job.own_end);
  for (std::uint32_t frame = job.first_frame; frame < job.end_frame; ++frame) result.add_expected_pts(index_.frame_pts(frame));
  if (job.has_seam) result.set_seam_pts(job.own_end);
  return result;
}

}  // namespace sheaf::stage
