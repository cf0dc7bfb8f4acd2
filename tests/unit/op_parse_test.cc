#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/ops/check.h"
#include "common/ops/parse.h"

namespace sheaf::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The messages of all faults of `text`; none if it is good.
std::vector<std::string> faults(std::string_view text) {
  std::vector<std::string> messages;
  const auto call = parse_op(text);
  if (call) return messages;
  for (const Error& error : call.error()) {
    EXPECT_EQ(error.code, ErrorCode::kUsage);
    EXPECT_EQ(error.where, "--op " + std::string(text));
    messages.push_back(error.message());
  }
  EXPECT_FALSE(messages.empty());
  return messages;
}

TEST(OpParseTest, FillsInDefaults) {
  const auto call = parse_op("blur");
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->name(), "blur");
  EXPECT_EQ(number_argument(*call, "sigma"), 2.0);
  const auto resize = parse_op("resize:height=90");
  ASSERT_TRUE(resize.has_value());
  EXPECT_EQ(resize->arguments_size(), 3);
  EXPECT_EQ(integer_argument(*resize, "width"), -1);
  EXPECT_EQ(integer_argument(*resize, "height"), 90);
  EXPECT_EQ(text_argument(*resize, "method"), "area");
}

TEST(OpParseTest, ReadsTypedValues) {
  EXPECT_EQ(number_argument(*parse_op("blur:sigma=8"), "sigma"), 8.0);
  EXPECT_EQ(number_argument(*parse_op("blur:sigma=0.5"), "sigma"), 0.5);
  EXPECT_EQ(number_argument(*parse_op("edges:high=200,low=1e1"), "low"), 10.0);
  EXPECT_EQ(text_argument(*parse_op("resize:width=64,method=\"cubic\""), "method"), "cubic");
}

TEST(OpParseTest, WritesWhatItReads) {
  for (const char* text :
       {"copy", "blur:sigma=8", "blur:sigma=0.25", "edges:low=50,high=150", "resize:width=64,height=-1,method=area"}) {
    const auto call = parse_op(text);
    ASSERT_TRUE(call.has_value()) << text;
    EXPECT_EQ(format_call(*call), text);
  }
  v1::OpCall quoted;
  quoted.set_name("draw");
  quoted.add_arguments()->set_key("text");
  quoted.mutable_arguments(0)->set_text("a,b:\"c\"\\");
  EXPECT_EQ(format_call(quoted), "draw:text=\"a,b:\\\"c\\\"\\\\\"");
}

TEST(OpParseTest, NamesWhatIsMeant) {
  EXPECT_THAT(faults("blurr:sigma=8"), ElementsAre(HasSubstr("there is no op 'blurr'; did you mean blur?")));
  EXPECT_THAT(faults("sharpen"), ElementsAre(HasSubstr("see `sheaf ops`")));
  EXPECT_THAT(faults("blur:sigm=8"), ElementsAre(HasSubstr("blur has no argument 'sigm'; did you mean sigma?")));
  EXPECT_THAT(faults("edges:weight=8"), ElementsAre(HasSubstr("there are low, high")));
  EXPECT_THAT(faults("copy:x=1"), ElementsAre(HasSubstr("it has none at all")));
  EXPECT_THAT(faults("resize:width=4,method=aera"), ElementsAre(HasSubstr("did you mean area?")));
  EXPECT_THAT(faults(""), ElementsAre(HasSubstr("an op without a name")));
  EXPECT_THAT(faults(":sigma=8"), ElementsAre(HasSubstr("an op without a name")));
}

TEST(OpParseTest, RefusesWrongValues) {
  EXPECT_THAT(faults("blur:sigma=big"), ElementsAre(HasSubstr("sigma is 'big', but must be a number")));
  EXPECT_THAT(faults("blur:sigma="), ElementsAre(HasSubstr("must be a number")));
  EXPECT_THAT(faults("blur:sigma=8x"), ElementsAre(HasSubstr("must be a number")));
  EXPECT_THAT(faults("blur:sigma=nan"), ElementsAre(HasSubstr("between 0.1 and 100")));
  EXPECT_THAT(faults("blur:sigma=inf"), ElementsAre(HasSubstr("between 0.1 and 100")));
  EXPECT_THAT(faults("blur:sigma=0"), ElementsAre(HasSubstr("sigma is 0, but must lie between 0.1 and 100 pixels")));
  EXPECT_THAT(faults("blur:sigma=100.5"), ElementsAre(HasSubstr("between 0.1 and 100")));
  EXPECT_THAT(faults("blur:sigma"), ElementsAre(HasSubstr("sigma has no value")));
  EXPECT_THAT(faults("resize:width=1.5"), ElementsAre(HasSubstr("must be a whole number")));
  EXPECT_THAT(faults("resize:width=99999999999999999999"), ElementsAre(HasSubstr("must be a whole number")));
  EXPECT_THAT(faults("resize:width=16385"), ElementsAre(HasSubstr("between -1 and 16384")));
  EXPECT_THAT(faults("resize"), ElementsAre(HasSubstr("resize needs a width or a height")));
  EXPECT_THAT(faults("resize:width=0,height=-1"), ElementsAre(HasSubstr("resize needs a width or a height")));
  EXPECT_THAT(faults("edges:low=100,high=50"), ElementsAre(HasSubstr("low is greater than high")));
  EXPECT_THAT(faults("blur:sigma=8,sigma=9"), ElementsAre(HasSubstr("sigma is given twice")));
}

TEST(OpParseTest, RefusesBrokenSyntax) {
  EXPECT_THAT(faults("blur:"), ElementsAre(HasSubstr("an argument without a name")));
  EXPECT_THAT(faults("blur:sigma=8,"), ElementsAre(HasSubstr("an argument without a name")));
  EXPECT_THAT(faults("blur:=8"), ElementsAre(HasSubstr("an argument without a name")));
  EXPECT_THAT(faults("blur:sigma=8:low=9"), ElementsAre(HasSubstr("put it in double quotes"), HasSubstr("must be a number")));
  EXPECT_THAT(faults("resize:width=9,method=\"area"), ElementsAre(HasSubstr("a double quote is not closed")));
  EXPECT_THAT(faults("resize:method=\"area\"x,width=9"), ElementsAre(HasSubstr("something follows a closing quote")));
}

TEST(OpParseTest, ReportsAllFaultsAtOnce) {
  EXPECT_THAT(faults("edges:low=x,high=3000,sigma=1,low=2"),
              ElementsAre(HasSubstr("edges has no argument 'sigma'"), HasSubstr("low is given twice"), HasSubstr("low is 'x'"),
                          HasSubstr("high is 3000")));
  const auto calls = parse_ops({"blur:sigma=x", "copy", "grey"});
  ASSERT_FALSE(calls.has_value());
  EXPECT_THAT(calls.error(),
              ElementsAre(::testing::Field(&Error::where, "--op blur:sigma=x"), ::testing::Field(&Error::where, "--op grey")));
  EXPECT_EQ(parse_ops({"copy", "gray"})->size(), 2U);
}

TEST(OpCheckTest, TrustsNoCallFromTheWire) {
  const auto complaint = [](auto change) {
    v1::OpCall call = *parse_op("blur");
    change(call);
    const std::vector<Error> errors = check_call(call, "op blur");
    return errors.empty() ? std::string() : errors.front().what;
  };
  EXPECT_EQ(complaint([](auto&) {}), "");
  EXPECT_THAT(complaint([](auto& call) { call.set_name("evil"); }), HasSubstr("no op 'evil'"));
  EXPECT_THAT(complaint([](auto& call) { call.clear_arguments(); }), HasSubstr("needs the argument sigma"));
  EXPECT_THAT(complaint([](auto& call) { call.mutable_arguments(0)->set_text("8"); }), HasSubstr("must be a number"));
  EXPECT_THAT(complaint([](auto& call) { call.mutable_arguments(0)->clear_value(); }), HasSubstr("must be a number"));
  EXPECT_THAT(complaint([](auto& call) { call.mutable_arguments(0)->set_number(1e9); }), HasSubstr("between"));
  EXPECT_THAT(complaint([](auto& call) { *call.add_arguments() = call.arguments(0); }), HasSubstr("given twice"));
  EXPECT_THAT(complaint([](auto& call) { call.add_arguments()->set_key("x"); }), HasSubstr("no argument 'x'"));
}

}  // namespace
}  // namespace sheaf::ops
