#include "common/batch/item_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

namespace sheaf::batch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ItemReaderTest : public ::testing::Test {
 protected:
  ItemReaderTest() : stop_(*StopSignal::make()) {}
  ~ItemReaderTest() override {
    for (const std::string& path : files_) ::unlink(path.c_str());
  }

  v1::InputSource& values(const std::vector<std::string>& list, bool is_linked = false) {
    v1::InputSource& source = *items_.add_sources();
    source.set_is_linked(is_linked);
    source.mutable_values();
    for (const std::string& value : list) source.mutable_values()->add_values(value);
    return source;
  }
  v1::InputSource& file(const std::string& bytes) {
    std::string path = "/tmp/sheaf-test-XXXXXX";
    ::close(::mkstemp(path.data()));
    std::ofstream(path, std::ios::binary) << bytes;
    files_.push_back(path);
    v1::InputSource& source = *items_.add_sources();
    source.set_path(path);
    return source;
  }

  /// "a+b" for each item, and an error at the end if there was one.
  std::vector<std::string> read() {
    std::vector<std::string> all;
    auto reader = ItemReader::open(items_, stop_);
    if (!reader) return {"error: " + reader.error().message()};
    names_ = reader->names();
    while (true) {
      auto item = reader->next();
      if (!item) {
        all.push_back("error: " + item.error().message());
        return all;
      }
      if (!*item) return all;
      EXPECT_EQ((*item)->number, all.size() + 1);
      all.push_back(joined((*item)->values));
    }
  }
  static std::string joined(const std::vector<std::string>& values) {
    std::string text = values.front();
    for (std::size_t i = 1; i < values.size(); ++i) text += "+" + values[i];
    return text;
  }

  StopSignal stop_;
  v1::InputItems items_;
  std::vector<std::string> names_;
  std::vector<std::string> files_;
};

TEST_F(ItemReaderTest, GivesEveryCombinationTheLastSourceTurningFastest) {
  values({"a", "b"});
  values({"1", "2"});
  values({"x"});
  EXPECT_THAT(read(), ElementsAre("a+1+x", "a+2+x", "b+1+x", "b+2+x"));
}

TEST_F(ItemReaderTest, GivesLinkedSourcesInStepAndEndsWithTheShorter) {
  values({"a", "b", "c"});
  values({"1", "2"}, true);
  values({"x", "y"});
  EXPECT_THAT(read(), ElementsAre("a+1+x", "a+1+y", "b+2+x", "b+2+y"));
}

TEST_F(ItemReaderTest, GivesNothingWhereASourceGivesNothing) {
  values({"a"});
  values({});
  EXPECT_THAT(read(), IsEmpty());
}

TEST_F(ItemReaderTest, ReadsLinesWithOrWithoutTheLastNewline) {
  file("a\n\n b \r\nc");
  EXPECT_THAT(read(), ElementsAre("a", "", " b \r", "c"));
}

TEST_F(ItemReaderTest, ReadsValuesThatEndWithNul) {
  items_.set_is_null_separated(true);
  file(std::string("a\nb\0\0c", 6));
  EXPECT_THAT(read(), ElementsAre("a\nb", "", "c"));
}

TEST_F(ItemReaderTest, ReadsAFileThatIsLongerThanItsBuffer) {
  std::string bytes;
  for (int i = 0; i < 50'000; ++i) bytes += std::to_string(i) + "\n";
  file(bytes);
  const std::vector<std::string> all = read();
  ASSERT_EQ(all.size(), 50'000U);
  EXPECT_EQ(all[49'999], "49999");
}

TEST_F(ItemReaderTest, RefusesWhatNoCommandCanBeGiven) {
  file(std::string("a\nb\0c\n", 6));
  EXPECT_THAT(read(), ElementsAre("a", HasSubstr("line 2 has a NUL byte")));
  items_.Clear();
  file("a\n" + std::string(200'000, 'x'));
  EXPECT_THAT(read(), ElementsAre("a", HasSubstr("line 2 is longer than 131071 bytes")));
  items_.Clear();
  items_.add_sources()->set_path("/no/such/file");
  EXPECT_THAT(read(), ElementsAre("error: /no/such/file: no such file"));
  items_.Clear();
  items_.add_sources()->set_path("/");
  EXPECT_THAT(read(), ElementsAre(HasSubstr("/: cannot be read: Is a directory")));
}

TEST_F(ItemReaderTest, CutsValuesIntoColumns) {
  items_.set_column_separator("\\s*,\\s*");
  values({"a , b", "c", ",d,"});
  EXPECT_THAT(read(), ElementsAre("a+b", "c", "+d+"));
  items_.set_column_separator("(");
  EXPECT_THAT(read(), ElementsAre(HasSubstr("no regular expression")));
  // One that matches nothing cuts nowhere.
  items_.set_column_separator("x*");
  EXPECT_THAT(read(), ElementsAre("a , b", "c", ",d,"));
}

TEST_F(ItemReaderTest, TakesNamesFromAHeader) {
  items_.set_has_header(true);
  items_.set_column_separator(",");
  file("n,m\n1,2\n");
  values({"k", "3", "4"});
  EXPECT_THAT(read(), ElementsAre("1+2+3", "1+2+4"));
  EXPECT_THAT(names_, ElementsAre("n", "m", "k"));
}

TEST_F(ItemReaderTest, StopsWaitingForInput) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  items_.add_sources()->set_path("/dev/fd/" + std::to_string(ends[0]));
  auto reader = ItemReader::open(items_, stop_);
  ASSERT_TRUE(reader);
  std::thread stopper([&] { stop_.set(); });
  const auto item = reader->next();
  stopper.join();
  ASSERT_FALSE(item);
  EXPECT_EQ(item.error().code, ErrorCode::kStopped);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace sheaf::batch
