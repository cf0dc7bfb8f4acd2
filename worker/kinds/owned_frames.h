#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "common/base/result.h"
#include "common/media/decoder.h"
#include "common/media/payload.h"
#include "sheaf/v1/video.pb.h"

namespace sheaf::worker {

/// Whether a job's table makes sense by itself: it comes from the network. Errors: kFailed.
Status check_job(const v1::VideoJob& job, std::uint64_t packet_bytes);

/// "41.2 s": where in the input, for people.
std::string place_of(std::int64_t pts, const v1::Rational& time_base);

/// The frames that a job owns, one after the other in order of pts: decoded from its packets by a fresh decoder, known by their
/// pts, and compared with the list of those that must come. Decodes no further than needed, and holds at most kHeldFramesMax
/// frames.
///
/// Not thread-safe. The payload, the job and the stream must outlive it; the job has passed check_job().
class OwnedFrames {
 public:
  /// A decoder gives frames in order, unless it had to guess how far the stream reorders them; no codec reorders further than
  /// this.
  static constexpr std::size_t kHeldFramesMax = 16;

  OwnedFrames(media::Decoder decoder, const Blob& payload, const v1::VideoJob& job, const v1::StreamParameters& stream,
              std::stop_token stop);

  /// The next frame that the job owns, with its pts set; null after the last, when the seam frame has been looked for, too.
  ///
  /// Errors: kInput when frames are missing, damaged, not those that were expected, or of another size or format than the
  /// stream; kStopped when cancelled; kFailed otherwise. After an error it must not be called again.
  Result<media::FramePtr> next();

  /// Digests of decoded pixels, 16 bytes: of the first frame that next() returned, and of the one at seam_pts. Empty if there
  /// was none.
  const std::string& first_digest() const { return first_digest_; }
  const std::string& seam_digest() const { return seam_digest_; }

 private:
  bool has_all() const;
  /// Takes one step: a frame out of the decoder, or a packet into it. False when there is nothing left.
  Result<bool> advance();
  Status take(media::FramePtr frame);
  Status check_frame(const AVFrame& frame, std::int64_t pts) const;
  tl::unexpected<Error> missing() const;
  std::string place(std::int64_t pts) const { return place_of(pts, stream_.time_base()); }

  media::Decoder decoder_;
  media::PacketReader packets_;
  const v1::VideoJob& job_;
  const v1::StreamParameters& stream_;
  std::stop_token stop_;
  media::PacketPtr packet_;
  bool sent_all_ = false;
  int next_ = 0;                                  ///< Index into expected_pts of the frame that next() returns next.
  std::map<std::int64_t, media::FramePtr> held_;  ///< Owned frames that came before their turn.
  /// A frame is missing for good: from here on frames are only counted, for the message.
  bool has_gap_ = false;
  int counted_ = 0;
  std::string first_digest_;
  std::string seam_digest_;
};

}  // namespace sheaf::worker
