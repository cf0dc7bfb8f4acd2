#include "common/local/local_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/check.h"

namespace sheaf::local {

namespace {

constexpr std::size_t kPrefixBytes = 8;
constexpr std::size_t kLocalHeaderBytesMax =
    4 * 1024 * 1024;  // Both ends are ours; this only keeps a broken one from eating memory.
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kFilesOfAMessageMax = 3;
constexpr std::size_t kFilesPerReadMax = 16;

void put_u32(std::string& out, std::size_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xFF);
}

std::size_t get_u32(const char* bytes) {
  std::size_t value = 0;
  for (int i = 3; i >= 0; --i) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// How many descriptors come with a message: they are matched to messages by order.
std::size_t files_of(const v1::LocalMessage& message) {
  switch (message.body_case()) {
    case v1::LocalMessage::kJob: return message.job().payload().in_file() ? 1 : 0;
    case v1::LocalMessage::kDone: return message.done().payload().in_file() ? 1 : 0;
    case v1::LocalMessage::kSpawned: return message.spawned().has_fault() ? 0 : 1;
    case v1::LocalMessage::kStartCommand: return 3;
    default: return 0;
  }
}

tl::unexpected<Error> broken(const std::string& what) {
  return fail(ErrorCode::kFailed, "the connection to another process " + what);
}

}  // namespace

v1::LocalPayload attach_payload(Blob payload, LocalFrame& frame) {
  v1::LocalPayload header;
  header.set_bytes(payload.size());
  header.set_in_file(!payload.is_in_memory());
  if (payload.is_in_memory()) {
    frame.body = payload.memory();
  } else {
    frame.files.push_back(std::move(payload).take_file());
  }
  return header;
}

Result<Blob> take_payload(const v1::LocalPayload& header, LocalFrame& frame) {
  if (header.in_file()) return Blob::of_file(std::move(frame.files.front()), header.bytes());
  if (header.bytes() != frame.body.size()) return broken("brought a payload of another size than it said");
  return Blob::of(std::move(frame.body));
}

LocalStream::LocalStream(Fd socket) : socket_(std::move(socket)) {
  set_nonblocking(socket_.get(), true);
}

LocalStream::Outgoing LocalStream::encode(LocalFrame frame) {
  SHEAF_CHECK(frame.files.size() == files_of(frame.message));
  Outgoing outgoing;
  put_u32(outgoing.header, frame.message.ByteSizeLong());
  put_u32(outgoing.header, frame.body.size());
  frame.message.AppendToString(&outgoing.header);
  outgoing.body = std::move(frame.body);
  outgoing.files = std::move(frame.files);
  return outgoing;
}

Status LocalStream::send(LocalFrame frame) {
  Outgoing outgoing = encode(std::move(frame));
  while (!outgoing.is_sent()) {
    if (auto taken = write_some(outgoing, true); !taken) return propagate(taken);
  }
  return {};
}

void LocalStream::queue(LocalFrame frame) {
  outgoing_.push_back(encode(std::move(frame)));
}

Status LocalStream::flush() {
  while (!outgoing_.empty()) {
    Outgoing& first = outgoing_.front();
    const auto taken = write_some(first, false);
    if (!taken) return tl::unexpected(taken.error());
    if (!*taken) return {};
    if (first.is_sent()) outgoing_.pop_front();
  }
  return {};
}

Result<bool> LocalStream::write_some(Outgoing& outgoing, bool wait) {
  const std::size_t of_header = std::min(outgoing.sent, outgoing.header.size());
  const std::size_t of_body = outgoing.sent - of_header;
  std::array<iovec, 2> pieces{iovec{outgoing.header.data() + of_header, outgoing.header.size() - of_header},
                              iovec{const_cast<char*>(outgoing.body.data()) + of_body, outgoing.body.size() - of_body}};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kFilesOfAMessageMax)> control{};
  if (outgoing.sent == 0 && !outgoing.files.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * outgoing.files.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * outgoing.files.size());
    for (std::size_t i = 0; i < outgoing.files.size(); ++i) {
      const int fd = outgoing.files[i].get();
      std::memcpy(CMSG_DATA(header) + i * sizeof fd, &fd, sizeof fd);
    }
  }
  const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
  if (sent >= 0) {
    outgoing.sent += static_cast<std::size_t>(sent);
    outgoing.files.clear();
    return true;
  }
  if (errno == EINTR) return true;
  if (errno != EAGAIN && errno != EWOULDBLOCK) return broken("was lost: " + errno_text(errno));
  if (wait) {
    pollfd entry{socket_.get(), POLLOUT, 0};
    ::poll(&entry, 1, -1);
    return true;
  }
  return false;
}

Status LocalStream::fill() {
  make_room();
  iovec piece{buffer_.data() + filled_, buffer_.size() - filled_};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kFilesPerReadMax)> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const int error = errno;
  if (size < 0) {
    if (error == EAGAIN || error == EWOULDBLOCK || error == EINTR) return {};
    return broken("was lost: " + errno_text(error));
  }
  filled_ += static_cast<std::size_t>(size);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      files_.emplace_back(fd);
    }
  }
  if (size == 0) {
    closed_ = true;
    return broken("was closed");
  }
  return {};
}

void LocalStream::make_room() {
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(consumed_), buffer_.begin() + static_cast<std::ptrdiff_t>(filled_),
            buffer_.begin());
  filled_ -= std::exchange(consumed_, 0);
  // Never smaller again: growing it writes zeros to all that is new.
  if (buffer_.size() - filled_ < kReadBytes) buffer_.resize(filled_ + 2 * kReadBytes);
}

Result<std::optional<LocalFrame>> LocalStream::next() {
  const std::size_t available = filled_ - consumed_;
  if (available < kPrefixBytes) return std::nullopt;
  const char* begin = buffer_.data() + consumed_;
  const std::size_t header_size = get_u32(begin);
  const std::size_t body_size = get_u32(begin + 4);
  if (header_size > kLocalHeaderBytesMax || body_size > kInlinePayloadBytesMax)
    return broken("brought a message beyond the limits");
  if (available < kPrefixBytes + header_size + body_size) return std::nullopt;
  LocalFrame frame;
  if (!frame.message.ParseFromArray(begin + kPrefixBytes, static_cast<int>(header_size))) {
    return broken("brought a message that is none");
  }
  frame.body = Bytes::copy_of({begin + kPrefixBytes + header_size, body_size});
  consumed_ += kPrefixBytes + header_size + body_size;
  for (std::size_t files = files_of(frame.message); files > 0; --files) {
    if (files_.empty()) return broken("brought a message without its file");
    frame.files.push_back(std::move(files_.front()));
    files_.pop_front();
  }
  return frame;
}

Result<std::optional<LocalFrame>> LocalStream::receive() {
  while (true) {
    if (auto frame = next(); !frame || frame->has_value()) return frame;
    pollfd entry{socket_.get(), POLLIN, 0};
    if (::poll(&entry, 1, -1) < 0 && errno != EINTR) return broken("was lost: " + errno_text(errno));
    if (Status status = fill(); !status) {
      if (closed_ && filled_ == consumed_) return std::nullopt;
      return tl::unexpected(status.error());
    }
  }
}

}  // namespace sheaf::local
