#include "client/run_description.h"

#include <gtest/gtest.h>

#include "common/wire/validate.h"

namespace sheaf::client {
namespace {

TEST(RunDescriptionTest, SaysAllThatAMasterHasToKnowOfAKind) {
  const Kind kind{.name = "knitting",
                  .deterministic = true,
                  .second_attempt = true,
                  .divisible = true,
                  .binds_fingerprint = true,
                  .stage_program = "sheaf-stage-knitting",
                  .executor_program = "sheaf-executor-knitting"};
  const v1::RunDescription run = describe_run(kind);
  EXPECT_EQ(run.kind(), "knitting");
  EXPECT_TRUE(run.deterministic() && run.second_attempt() && run.divisible() && run.bind_fingerprint());
  EXPECT_EQ(run.stage_program(), "sheaf-stage-knitting");
  const v1::RunDescription plain = describe_run(Kind{.name = "knitting"});
  EXPECT_FALSE(plain.deterministic() || plain.second_attempt() || plain.divisible() || plain.bind_fingerprint());
}

TEST(RunDescriptionTest, DescribesEveryKindAsTheWireTakesIt) {
  for (const Kind& kind : all_kinds()) {
    v1::Envelope envelope;
    *envelope.mutable_submit()->mutable_run() = describe_run(kind);
    envelope.mutable_submit()->mutable_run()->set_attempts_max(1);
    EXPECT_EQ(wire::validate(envelope, {}), std::nullopt) << kind.name;
  }
}

}  // namespace
}  // namespace sheaf::client
