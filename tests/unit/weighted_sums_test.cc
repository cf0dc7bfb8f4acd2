#include "worker/ops/weighted_sums.h"

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

template <typename Out>
void check_weighted(int shift) {
  const auto rows = noise_rows<std::int16_t>(kWeights.size(), 16320);
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

/// Rows of samples whose neighbours begin every `step` samples, the first of them two before the row.
void check_samples(int step, std::size_t count) {
  constexpr int kBefore = 2;
  const std::vector<std::uint8_t> noise = noise_rows<std::uint8_t>(1, 255)[0];
  for (std::size_t size = 1; size <= 40; ++size) {
    std::vector<Taps> taps;
    for (std::size_t x = 0; x < size; ++x) {
      Taps& sample = taps.emplace_back(Taps{.first = static_cast<int>(x) * step - kBefore, .bits = 15, .weights = {}});
      for (std::size_t k = 0; k < count; ++k) sample.weights.push_back(kWeights[(k + x) % kWeights.size()]);
    }
    const SampleTaps ordered(taps);
    ASSERT_EQ(ordered.begin(), -kBefore);
    std::vector<std::uint8_t> row;
    for (int x = ordered.begin(); x < ordered.end(); ++x) {
      row.push_back(noise[static_cast<std::size_t>(x + kBefore) % noise.size()]);
    }
    std::vector<std::int16_t> out(static_cast<std::size_t>(ordered.groups()) * SampleTaps::kGroup + 1, 99);
    add_weighted_samples(row.data() + kBefore, ordered, -6, out.data());
    for (std::size_t x = 0; x < size; ++x) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < count; ++k) {
        sum += taps[x].weights[k] * row[static_cast<std::size_t>(taps[x].first + kBefore) + k];
      }
      ASSERT_EQ(out[x], expected<std::int16_t>(sum, 9)) << step << " " << count << " " << size << " " << x;
    }
    ASSERT_EQ(out.back(), 99) << "written beyond " << size;
  }
}

/// With the widest vectors of this processor, and with those that every processor has.
class WeightedSumsTest : public testing::TestWithParam<bool> {
 protected:
  WeightedSumsTest() { cv::setUseOptimized(GetParam()); }
  ~WeightedSumsTest() override { cv::setUseOptimized(true); }
};

TEST_P(WeightedSumsTest, AddsUpExactlyForEverySize) {
  check_weighted<std::int16_t>(0);
  check_weighted<std::uint8_t>(6);
  check_symmetric<std::uint8_t, std::int16_t>(-6, 255);
  check_symmetric<std::int16_t, std::int16_t>(0, 16320);
  check_symmetric<std::int16_t, std::uint8_t>(6, 16320);
}

TEST_P(WeightedSumsTest, CutsOffWhatDoesNotFit) {
  check_weighted<std::uint8_t>(2);  // Sums of up to 16 times 255.
  check_symmetric<std::int16_t, std::uint8_t>(2, 16320);
}

TEST_P(WeightedSumsTest, AddsUpNeighboursExactly) {
  for (const std::size_t count : {2, 4, 6, 8, 10, 12, 14}) {
    for (const int step : {0, 1, 2, 4, 5, 9}) check_samples(step, count);  // From 5 on too far apart for one shuffle.
  }
}

INSTANTIATE_TEST_SUITE_P(Vectors, WeightedSumsTest, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Widest" : "Everywhere"; });

}  // namespace
}  // namespace sheaf::worker
