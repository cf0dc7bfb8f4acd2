#include "common/batch/value_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "common/batch/command_template.h"

namespace sheaf::batch {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

class GivenValues final : public ValueSource {
 public:
  explicit GivenValues(const v1::InputSource::Values& values) : values_(values) {}

  Result<std::optional<std::string>> next() override {
    if (next_ == values_.values_size()) return std::nullopt;
    return values_.values(next_++);
  }

 private:
  const v1::InputSource::Values values_;
  int next_ = 0;
};

/// Reads a descriptor as values come: a pipe may stay open for a day.
class ReadValues final : public ValueSource {
 public:
  ReadValues(Fd owned, int fd, std::string name, char separator, const StopSignal& stop)
      : owned_(std::move(owned)), fd_(fd), name_(std::move(name)), separator_(separator), stop_(stop) {
    buffer_.reserve(2 * kReadBytes);
  }

  Result<std::optional<std::string>> next() override {
    while (true) {
      const std::size_t end = buffer_.find(separator_, searched_);
      if (end != std::string::npos) return take(end, 1);
      searched_ = buffer_.size();
      if (has_ended_) {
        if (begin_ == buffer_.size()) return std::nullopt;
        return take(buffer_.size(), 0);
      }
      if (buffer_.size() - begin_ > kValueBytesMax) return too_long();
      if (Status status = read_more(); !status) return propagate(status);
    }
  }

 private:
  Result<std::optional<std::string>> take(std::size_t end, std::size_t separator_bytes) {
    if (end - begin_ > kValueBytesMax) return too_long();
    const std::string_view value = std::string_view(buffer_).substr(begin_, end - begin_);
    number_ += 1;
    if (value.find('\0') != std::string_view::npos) {
      return fail(ErrorCode::kInput, place() + " has a NUL byte, which no command can be given", name_,
                  "-0 reads values that end with NUL");
    }
    begin_ = searched_ = end + separator_bytes;
    return std::string(value);
  }

  tl::unexpected<Error> too_long() {
    number_ += 1;
    return fail(ErrorCode::kInput,
                place() + " is longer than " + std::to_string(kValueBytesMax) + " bytes, the most that a command can be given",
                name_, separator_ == '\n' ? "is it lines?" : "do its values end with NUL?");
  }

  std::string place() const { return (separator_ == '\n' ? "line " : "value ") + std::to_string(number_); }

  Status read_more() {
    buffer_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
    std::array<pollfd, 2> entries{pollfd{fd_, POLLIN, 0}, pollfd{stop_.fd(), POLLIN, 0}};
    if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) return cannot_read();
    if (entries[1].revents != 0) return fail(ErrorCode::kStopped, "stopped");
    const std::size_t before = buffer_.size();
    buffer_.resize(before + kReadBytes);
    const ssize_t size = ::read(fd_, buffer_.data() + before, kReadBytes);
    const int error = errno;
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (size == 0) has_ended_ = true;
    if (size >= 0 || error == EINTR || error == EAGAIN) return {};
    errno = error;
    return cannot_read();
  }

  Status cannot_read() const { return fail(ErrorCode::kInput, "cannot be read: " + errno_text(errno), name_); }

  Fd owned_;
  int fd_;
  std::string name_;
  char separator_;
  const StopSignal& stop_;
  std::string buffer_;
  std::size_t begin_ = 0;     ///< Of what has not been taken.
  std::size_t searched_ = 0;  ///< Before it, there is no separator.
  std::uint64_t number_ = 0;  ///< Values taken.
  bool has_ended_ = false;
};

}  // namespace

Result<StopSignal> StopSignal::make() {
  Fd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd.is_open()) return fail(ErrorCode::kFailed, "cannot make an event descriptor: " + errno_text(errno));
  return StopSignal(std::move(fd));
}

void StopSignal::set() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(fd_.get(), &one, sizeof one);
}

Result<std::unique_ptr<ValueSource>> open_value_source(const v1::InputSource& source, char separator, const StopSignal& stop) {
  switch (source.from_case()) {
    case v1::InputSource::kValues: return std::make_unique<GivenValues>(source.values());
    case v1::InputSource::kStandardInput:
      return std::make_unique<ReadValues>(Fd(), STDIN_FILENO, "standard input", separator, stop);
    default: break;
  }
  Fd file(::open(source.path().c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    return fail(ErrorCode::kInput, errno == ENOENT ? "no such file" : "cannot be opened: " + errno_text(errno), source.path());
  }
  const int fd = file.get();
  return std::make_unique<ReadValues>(std::move(file), fd, source.path(), separator, stop);
}

}  // namespace sheaf::batch
