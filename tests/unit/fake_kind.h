#pragma once

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "worker/executor/job_kind.h"

namespace sheaf::worker {

/// A kind that does what its payload says: "say X" gives "SETUP:X", "big N" gives N bytes 'b', "memory N" the same in memory,
/// "fail", "input" and "throw" do that, "die" kills the process, "wait" goes on until it is cancelled; what is not a word is
/// its own length.
class FakeKind final : public JobKind {
 public:
  std::string name() const override { return "video"; }
  std::string fingerprint() const override { return "fake 1"; }
  Result<std::unique_ptr<RunContext>> open_run(const std::string& setup) override {
    if (setup == "bad") return fail(ErrorCode::kUsage, "no such op", setup);
    return std::make_unique<Context>(setup);
  }

 private:
  class Context final : public RunContext {
   public:
    explicit Context(std::string setup) : setup_(std::move(setup)) {}

    Result<JobOutput> run(const Blob& payload, const JobContext& context) override {
      auto result = perform(payload, context);
      if (!result) return propagate(result);
      return JobOutput{std::move(*result), "measured"};
    }

   private:
    Result<Blob> perform(const Blob& payload, const JobContext& context) {
      const std::string text = *payload.read(0, std::min<std::uint64_t>(payload.size(), 64));
      const std::string word = text.substr(0, text.find(' '));
      const std::string rest = text.size() > word.size() ? text.substr(word.size() + 1) : "";
      if (word == "say") return Blob::of(setup_ + ":" + rest);
      if (word == "memory") return Blob::of(std::string(std::stoul(rest), 'b'));
      if (word == "fail") return fail(ErrorCode::kFailed, "did not work \xFF");
      if (word == "input") return fail(ErrorCode::kInput, "frame 7 is damaged", "clip.mp4");
      if (word == "throw") throw std::runtime_error("thrown");
      if (word == "wait") {
        while (!context.stop.stop_requested()) std::this_thread::yield();
        return fail(ErrorCode::kStopped, "cancelled");
      }
      if (word == "die") {
        std::fputs("these are my last words\n", stderr);
        std::raise(SIGKILL);
      }
      Blob blob(context.scratch);
      if (word != "big") {
        if (Status status = blob.append(std::to_string(payload.size())); !status) return propagate(status);
        return blob;
      }
      const std::string piece(1 << 16, 'b');
      for (std::uint64_t left = std::stoul(rest); left > 0;) {
        const std::size_t size = std::min<std::uint64_t>(left, piece.size());
        if (Status status = blob.append(std::string_view(piece).substr(0, size)); !status) return propagate(status);
        left -= size;
      }
      return blob;
    }

   private:
    std::string setup_;
  };
};

}  // namespace sheaf::worker
