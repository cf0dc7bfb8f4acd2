#include "common/wire/message.h"

#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/wire/limits.h"
#include "tests/unit/wire_samples.h"

namespace sheaf::wire {
namespace {

using testing::HasSubstr;

/// Frames that a test may change.
std::vector<std::string> frames_of(const Message& message) {
  std::vector<std::string> frames;
  for (const Bytes& frame : encode(message)) frames.push_back(frame.text());
  return frames;
}

std::string refusal_of(std::vector<std::string> frames) {
  const Result<Message> message = decode({frames.begin(), frames.end()});
  return message ? "" : message.error().what;
}

TEST(MessageTest, GoesOverTheWireAndBackUnchanged) {
  for (const auto& [kind, message] : wire_samples()) {
    const Result<Message> back = decode(encode(message));
    ASSERT_TRUE(back) << kind << ": " << back.error().what;
    EXPECT_EQ(back->envelope.SerializeAsString(), message.envelope.SerializeAsString()) << kind;
    EXPECT_EQ(back->payloads, message.payloads) << kind;
  }
}

TEST(MessageTest, RefusesFramesBeyondTheLimitsBeforeParsing) {
  EXPECT_THAT(refusal_of({}), HasSubstr("without a header"));
  EXPECT_THAT(refusal_of(std::vector<std::string>(kFramesMax + 1)), HasSubstr("258 frames"));
  EXPECT_THAT(refusal_of({std::string(kHeaderBytesMax + 1, 'x')}), HasSubstr("a header of 65537 bytes"));
  EXPECT_THAT(refusal_of({"", std::string(kMessageBytesMax / 2, 'x'), std::string(kMessageBytesMax / 2 + 1, 'x')}),
              HasSubstr("a message of 8388609 bytes"));
}

TEST(MessageTest, RefusesWhatIsNoMessage) {
  EXPECT_THAT(refusal_of({"\xff\xff\xff\xff"}), HasSubstr("no message of sheaf"));
  EXPECT_THAT(refusal_of({""}), HasSubstr("unknown kind"));
  std::vector<std::string> frames = frames_of(wire_samples().at("feed"));
  frames[0].resize(frames[0].size() - 1);
  EXPECT_THAT(refusal_of(frames), HasSubstr("no message of sheaf"));
  frames = frames_of(wire_samples().at("feed"));
  frames.pop_back();
  EXPECT_THAT(refusal_of(frames), HasSubstr("a payload frame is missing"));
}

/// Changes `frames` a little, at random.
void mutate(std::vector<std::string>& frames, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % std::max<std::size_t>(n, 1)); };
  std::string& frame = frames[below(frames.size())];
  const std::size_t at = below(frame.size());
  switch (below(9)) {
    case 0:
      if (!frame.empty()) frame[at] = static_cast<char>(frame[at] ^ (1 << below(8)));
      break;
    case 1:
      if (!frame.empty()) frame[at] = static_cast<char>(random());
      break;
    case 2: frame.resize(at); break;
    case 3: frame.insert(at, below(40), static_cast<char>(random())); break;
    case 4: frame.erase(at, 1 + below(8)); break;
    case 5: frame += frame.substr(at); break;
    case 6: frames.push_back(frame); break;
    case 7:
      if (frames.size() > 1) frames.pop_back();
      break;
    default: std::swap(frames.front(), frames[below(frames.size())]); break;
  }
}

TEST(MessageTest, RefusesOrReadsWhateverComes) {
  // Goal: no bytes of a peer end this process, and what passes can be used and sent on.
  // Method: every kind of message, spoiled in one to four places, 20,000 times from one seed.
  const auto log = google::protobuf::SetLogHandler(nullptr);  // It would print a line for every text that is not UTF-8.
  std::vector<std::vector<std::string>> originals;
  for (const auto& [kind, message] : wire_samples()) originals.push_back(frames_of(message));
  std::mt19937_64 random(20240717);
  std::size_t passed = 0;
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::string> frames = originals[random() % originals.size()];
    for (std::uint64_t changes = 1 + random() % 4; changes > 0; --changes) mutate(frames, random);
    const Result<Message> message = decode({frames.begin(), frames.end()});
    if (!message) {
      EXPECT_FALSE(message.error().what.empty());
      refused += 1;
      continue;
    }
    passed += 1;
    // encode() checks that a message is valid: one that decode() lets through must be.
    const Result<Message> again = decode(encode(*message));
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_EQ(again->payloads, message->payloads);
  }
  google::protobuf::SetLogHandler(log);
  EXPECT_GT(passed, 1000u);
  EXPECT_GT(refused, 1000u);
}

TEST(MessageTest, CutsAndRepairsTheWordsOfAnError) {
  // Goal: a path is any bytes, and a program's stderr of any length; protobuf's strings are UTF-8, and ours have a limit.
  const std::string long_text = std::string(kTextBytesMax - 1, 'x') + "\xc3\xa9";  // Its last character crosses the limit.
  const v1::Fault fault = to_wire(Error{ErrorCode::kInput, long_text, "caf\xe9.mp4", "\xc3\xa9 stays"});
  EXPECT_EQ(fault.what(), std::string(kTextBytesMax - 1, 'x'));
  EXPECT_EQ(fault.where(), "caf?.mp4");
  EXPECT_EQ(fault.advice(), "\xc3\xa9 stays");
  v1::Fault parsed;
  EXPECT_TRUE(parsed.ParseFromString(fault.SerializeAsString()));
}

TEST(MessageTest, LeavesNothingInAnErrorThatItsReceiverWouldRefuse) {
  // Overlong forms, surrogates, beyond U+10FFFF, cut off, a lone continuation: each is bytes that a path may have.
  for (const char* bytes : {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
                            "\xf8\x88\x80\x80\x80", "\xe2\x82", "\x80", "\xff"}) {
    Message message = wire_samples().at("stage_failed");
    *message.envelope.mutable_stage_failed()->mutable_fault() = to_wire(Error{ErrorCode::kInput, "is damaged", bytes, {}});
    const Result<Message> read = decode(encode(message));
    ASSERT_TRUE(read) << testing::PrintToString(std::string(bytes));
    EXPECT_EQ(read->envelope.stage_failed().fault().where().find_first_not_of('?'), std::string::npos);
  }
}

TEST(MessageTest, KeepsIdsAndDigestsOnTheirWay) {
  const JobId job{RunId{3}, JobKey{1ull << 40, 2}};
  EXPECT_EQ(from_wire(to_wire(job)), job);
  const Attempt attempt{4, 1ull << 50};
  EXPECT_EQ(from_wire(to_wire(attempt)), attempt);
  const SessionId session{~0ull, 1};
  EXPECT_EQ(from_wire(to_wire(session)), session);
  const Digest digest{5, ~0ull};
  EXPECT_EQ(digest_from(payload_ref(1, digest, true)), digest);
  const Error error{ErrorCode::kOutput, "exists", "out.mp4", "add --overwrite"};
  EXPECT_EQ(from_wire(to_wire(error)), error);
}

}  // namespace
}  // namespace sheaf::wire
