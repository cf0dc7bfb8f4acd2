#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "common/ops/catalogue.h"
#include "common/ops/geometry.h"
#include "common/ops/help.h"
#include "common/ops/parse.h"
#include "common/ops/pixel_layout.h"

namespace sheaf::ops {
namespace {

using ::testing::HasSubstr;

v1::OpCall call_of(const std::string& text) {
  auto call = parse_op(text);
  EXPECT_TRUE(call.has_value()) << text;
  return call.value_or(v1::OpCall());
}

TEST(OpCatalogueTest, EveryEntryIsComplete) {
  std::set<std::string> names;
  for (const OpSpec& op : catalogue()) {
    EXPECT_TRUE(names.insert(op.name).second) << op.name << " stands twice";
    EXPECT_FALSE(op.summary.empty()) << op.name;
    EXPECT_FALSE(op.details.empty()) << op.name;
    EXPECT_FALSE(op.formats.empty()) << op.name;
    EXPECT_EQ(find_op(op.name), &op);
    for (const std::string& format : op.formats) EXPECT_TRUE(find_pixel_layout(format).has_value()) << format;
    for (const ArgumentSpec& argument : op.arguments) {
      EXPECT_FALSE(argument.summary.empty()) << op.name << ":" << argument.key;
      if (argument.type == ArgumentType::kInteger || argument.type == ArgumentType::kNumber) {
        EXPECT_LT(argument.min, argument.max) << op.name << ":" << argument.key;
      }
    }
  }
  EXPECT_EQ(find_op("nothing"), nullptr);
}

TEST(OpCatalogueTest, HelpNamesEveryOpAndArgument) {
  const std::string table = format_catalogue();
  const auto json = nlohmann::json::parse(catalogue_json());
  EXPECT_EQ(json["schema"], 1);
  ASSERT_EQ(json["ops"].size(), catalogue().size());
  for (std::size_t i = 0; i < catalogue().size(); ++i) {
    const OpSpec& op = catalogue()[i];
    EXPECT_THAT(table, HasSubstr(op.name + " "));
    EXPECT_THAT(table, HasSubstr(op.summary));
    EXPECT_THAT(format_op(op), HasSubstr("needs: stateless"));
    EXPECT_EQ(json["ops"][i]["name"], op.name);
    ASSERT_EQ(json["ops"][i]["arguments"].size(), op.arguments.size());
    for (const ArgumentSpec& argument : op.arguments) {
      EXPECT_THAT(table, HasSubstr(argument.summary));
      EXPECT_THAT(format_op(op), HasSubstr(argument.key));
    }
  }
  EXPECT_THAT(table, HasSubstr("sigma  standard deviation of the Gaussian (0.1..100 pixels, default 2)"));
  EXPECT_THAT(table, HasSubstr("(nearest|area|linear|cubic|lanczos, default area)"));
}

class ResizeGeometryTest : public ::testing::TestWithParam<std::tuple<std::string, Geometry, int, int>> {};

TEST_P(ResizeGeometryTest, GivesTheSize) {
  const auto& [text, in, width, height] = GetParam();
  EXPECT_EQ(output_geometry(call_of(text), in), (Geometry{width, height, in.pixel_format})) << text;
}

const Geometry kHd{1920, 1080, "yuv420p"};
INSTANTIATE_TEST_SUITE_P(
    All, ResizeGeometryTest,
    ::testing::Values(std::tuple("resize:width=640,height=360", kHd, 640, 360),
                      std::tuple("resize:width=641,height=361", kHd, 641, 361),  // As asked for, odd or not.
                      std::tuple("resize:width=640", kHd, 640, 360), std::tuple("resize:height=360,width=0", kHd, 640, 360),
                      std::tuple("resize:width=854", kHd, 854, 480),  // 480.4
                      std::tuple("resize:width=858", kHd, 858, 482),  // 482.6
                      std::tuple("resize:width=858", Geometry{1920, 1080, "gray"}, 858, 483),
                      std::tuple("resize:width=858", Geometry{1920, 1080, "yuv422p"}, 858, 483),
                      std::tuple("resize:width=1", Geometry{4000, 10, "yuv420p"}, 1, 2),
                      std::tuple("resize:height=100", Geometry{101, 101, "yuv411p"}, 100, 100)));

TEST(OpGeometryTest, RefusesWhatOpsDoNotTake) {
  const auto complaint = [](const std::string& format) {
    const auto geometry = output_geometry(call_of("blur"), {64, 48, format});
    if (geometry) return std::string();
    EXPECT_EQ(geometry.error().code, ErrorCode::kUsage);
    return geometry.error().message();
  };
  EXPECT_EQ(complaint("nv12"), "");
  EXPECT_THAT(complaint("yuv420p10le"), HasSubstr("more than 8 bits"));
  EXPECT_THAT(complaint("yuva420p"), HasSubstr("alpha"));
  EXPECT_THAT(complaint("rgba"), HasSubstr("alpha"));
  EXPECT_THAT(complaint("pal8"), HasSubstr("none that ops take"));
  EXPECT_FALSE(output_geometry(call_of("blur"), {0, 48, "gray"}).has_value());
  EXPECT_FALSE(output_geometry(call_of("resize:width=16384"), {16, 48, "gray"}).has_value());
}

TEST(OpGeometryTest, FollowsAChain) {
  google::protobuf::RepeatedPtrField<v1::OpCall> chain;
  EXPECT_EQ(output_geometry(chain, kHd), kHd);
  *chain.Add() = call_of("resize:width=640");
  *chain.Add() = call_of("gray");
  *chain.Add() = call_of("resize:height=90");
  EXPECT_EQ(output_geometry(chain, kHd), (Geometry{160, 90, "yuv420p"}));
}

TEST(OpGeometryTest, KeepsThePicturesShape) {
  const auto aspect = [](int num, int den, const Geometry& in, const Geometry& out) {
    v1::Rational rational;
    rational.set_num(num);
    rational.set_den(den);
    const v1::Rational result = output_aspect(rational, in, out);
    return std::pair(result.num(), result.den());
  };
  EXPECT_EQ(aspect(1, 1, kHd, {960, 540, "yuv420p"}), std::pair(1, 1));
  EXPECT_EQ(aspect(1, 1, kHd, {960, 1080, "yuv420p"}), std::pair(2, 1));
  EXPECT_EQ(aspect(4, 3, {720, 576, "yuv420p"}, {720, 288, "yuv420p"}), std::pair(2, 3));
  EXPECT_EQ(aspect(0, 1, kHd, {960, 1080, "yuv420p"}), std::pair(0, 1));
  EXPECT_EQ(aspect(7, 5, kHd, kHd), std::pair(7, 5));
}

TEST(OpGeometryTest, KnowsACostForEveryOp) {
  for (const OpSpec& op : catalogue()) {
    const std::string text = op.name == "resize" ? "resize:width=320" : op.name;
    EXPECT_GE(op.cost(call_of(text), kHd), 0) << op.name;
  }
  const OpSpec& blur = *find_op("blur");
  EXPECT_LT(blur.cost(call_of("blur:sigma=1"), kHd), blur.cost(call_of("blur:sigma=20"), kHd));
}

}  // namespace
}  // namespace sheaf::ops
