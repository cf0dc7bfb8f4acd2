#pragma once

#include <memory>
#include <string>

#include "master/io/spool.h"

namespace sheaf::master {

/// A real directory until it is told to be full, or broken.
class FaultyDisk : public SpoolDisk {
 public:
  explicit FaultyDisk(std::string directory) : real_(std::move(directory)) {}

  bool is_full = false;    ///< Nothing can be written.
  bool is_broken = false;  ///< Nothing can be read.
  int files = 0;           ///< That are there now.

  Result<std::unique_ptr<SpoolFile>> make_file() override {
    if (is_full) return fail(ErrorCode::kState, "No space left on device", "the spool", "free some disk space");
    auto file = real_.make_file();
    if (!file) return propagate(file);
    return std::make_unique<File>(*this, std::move(*file));
  }

 private:
  class File : public SpoolFile {
   public:
    File(FaultyDisk& disk, std::unique_ptr<SpoolFile> real) : disk_(disk), real_(std::move(real)) { disk_.files += 1; }
    ~File() override { disk_.files -= 1; }
    Status write(std::uint64_t offset, std::string_view bytes) override {
      if (disk_.is_full) return fail(ErrorCode::kOutput, "No space left on device", "the spool", "free some disk space");
      return real_->write(offset, bytes);
    }
    Status read(std::uint64_t offset, std::span<std::byte> out) const override {
      if (disk_.is_broken) return fail(ErrorCode::kState, "Input/output error", "the spool");
      return real_->read(offset, out);
    }

   private:
    FaultyDisk& disk_;
    std::unique_ptr<SpoolFile> real_;
  };

  DirectoryDisk real_;
};

}  // namespace sheaf::master
