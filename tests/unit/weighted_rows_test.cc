#include "worker/ops/weighted_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <opencv2/core/utility.hpp>
#include <vector>

namespace sheaf::worker {
namespace {

constexpr int kSizeMax = 70;  // Several blocks of any processor, and all that can be left over.

template <typename Sample>
std::vector<std::vector<Sample>> noise_rows(std::size_t count, int max) {
  std::vector<std::vector<Sample>> rows(count);
  std::uint32_t noise = 7;
  for (auto& row : rows) {
    for (int x = 0; x < kSizeMax; ++x) {
      noise = noise * 1664525U + 1013904223U;
      row.push_back(static_cast<Sample>((noise >> 8) % static_cast<std::uint32_t>(max + 1)));
    }
  }
  return rows;
}

template <typename Sample>
std::vector<const Sample*> pointers_to(const std::vector<std::vector<Sample>>& rows) {
  std::vector<const Sample*> pointers;
  for (const auto& row : rows) pointers.push_back(row.data());
  return pointers;
}

/// `sum` / 2^bits to nearest, halves up, and cut off at what Out holds.
template <typename Out>
Out expected(std::int64_t sum, int bits) {
  const double value = static_cast<double>(sum) / (1 << bits);
  return static_cast<Out>(std::clamp(static_cast<std::int64_t>(std::floor(value + 0.5)),
                                     static_cast<std::int64_t>(std::numeric_limits<Out>::min()),
                                     static_cast<std::int64_t>(std::numeric_limits<Out>::max())));
}

constexpr std::array<std::int16_t, 6> kWeights = {9000, -700, 20000, 4000, 468, 0};  // The sum is 2^15.

template <typename In, typename Out>
void check_weighted(int shift, int max) {
  const auto rows = noise_rows<In>(kWeights.size(), max);
  const Taps taps{.first = 0, .bits = 15, .weights = {kWeights.begin(), kWeights.end()}};
  for (int size = 1; size <= kSizeMax; ++size) {
    std::vector<Out> out(static_cast<std::size_t>(size) + 1, Out{99});
    add_weighted_rows(pointers_to(rows).data(), taps, shift, out.data(), size);
    for (int x = 0; x < size; ++x) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < kWeights.size(); ++k) sum += kWeights[k] * rows[k][static_cast<std::size_t>(x)];
      ASSERT_EQ(out[static_cast<std::size_t>(x)], expected<Out>(sum, taps.bits + shift)) << size << " " << x;
    }
    ASSERT_EQ(out.back(), Out{99}) << "written beyond " << size;
  }
}

template <typename In, typename Out>
void check_symmetric(int shift, int max) {
  const auto rows = noise_rows<In>(2 * kWeights.size(), max);
  const SymmetricTaps taps{.reach = 5, .bits = 16, .weights = {kWeights.begin(), kWeights.end()}};
  for (int size = 1; size <= kSizeMax; ++size) {
    std::vector<Out> out(static_cast<std::size_t>(size) + 1, Out{99});
    add_symmetric_rows(pointers_to(rows).data(), taps, shift, out.data(), size);
    for (int x = 0; x < size; ++x) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < kWeights.size(); ++k) {
        const std::size_t at = static_cast<std::size_t>(x);
        sum += kWeights[k] * (rows[2 * k][at] + rows[2 * k + 1][at]);
      }
      ASSERT_EQ(out[static_cast<std::size_t>(x)], expected<Out>(sum, taps.bits + shift)) << size << " " << x;
    }
    ASSERT_EQ(out.back(), Out{99}) << "written beyond " << size;
  }
}

/// With the widest vectors of this processor, and with those that every processor has.
class WeightedRowsTest : public testing::TestWithParam<bool> {
 protected:
  WeightedRowsTest() { cv::setUseOptimized(GetParam()); }
  ~WeightedRowsTest() override { cv::setUseOptimized(true); }
};

TEST_P(WeightedRowsTest, AddsUpExactlyForEverySize) {
  check_weighted<std::uint8_t, std::int16_t>(-6, 255);
  check_weighted<std::int16_t, std::int16_t>(0, 16320);
  check_weighted<std::int16_t, std::uint8_t>(6, 16320);
  check_symmetric<std::uint8_t, std::int16_t>(-6, 255);
  check_symmetric<std::int16_t, std::int16_t>(0, 16320);
  check_symmetric<std::int16_t, std::uint8_t>(6, 16320);
}

TEST_P(WeightedRowsTest, CutsOffWhatDoesNotFit) {
  check_weighted<std::int16_t, std::uint8_t>(2, 16320);  // Sums of up to 16 times 255.
  check_symmetric<std::int16_t, std::uint8_t>(2, 16320);
}

INSTANTIATE_TEST_SUITE_P(Vectors, WeightedRowsTest, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Widest" : "Everywhere"; });

}  // namespace
}  // namespace sheaf::worker
