#include "common/batch/shell_quote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>

namespace sheaf::batch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// What a shell prints for the quoted text.
std::string through_a_shell(const std::string& text) {
  const std::string line = "printf %s " + shell_quoted(text);
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(line.c_str(), "r"), ::pclose);
  std::string printed;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) printed += static_cast<char>(c);
  return printed;
}

TEST(ShellQuoteTest, GivesTheShellBackExactlyTheseBytes) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  for (const std::string& text :
       {std::string("a"), std::string("a b"), std::string("it's"), std::string("'"), std::string("''"), std::string("'a'"),
        std::string("\n"), std::string("$HOME `id` \\ \" ! * ~"), std::string("-n"), all}) {
    EXPECT_EQ(through_a_shell(text), text);
  }
}

TEST(ShellQuoteTest, WritesItAsGnuParallelDoes) {
  EXPECT_EQ(shell_quoted("a-b_c.d+e/f"), "a-b_c.d+e/f");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("a b"), "'a b'");
  EXPECT_EQ(shell_quoted("x=1"), "'x=1'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\"'\"'s'");
  EXPECT_EQ(shell_quoted("'"), "\"'\"");
  EXPECT_EQ(shell_quoted("''"), "\"'\"''\"'\"");
}

TEST(ShellQuoteTest, KnowsWhenNoShellIsNeeded) {
  EXPECT_THAT(words_without_shell("gzip  -9 --name=x /a,b"), ElementsAre("gzip", "-9", "--name=x", "/a,b"));
  for (const char* line : {"", " ", "a | b", "a > b", "a;b", "a &", "echo x", "cd x", "if x", "A=1 b", "a ~", "a *", "a \"b\"",
                           "a\nb", "a {b}", "a #b", "a !b"}) {
    EXPECT_THAT(words_without_shell(line), IsEmpty()) << line;
  }
}

TEST(ShellQuoteTest, KnowsWhatAShellWouldTakeForItsOwn) {
  for (const char* word : {"|", "||", "&&", ";", "&", ">", ">>", "<", "2>&1", ">out", "2>x", "&>"})
    EXPECT_TRUE(is_shell_operator(word)) << word;
  for (const char* word : {"", "a", "a|b", "-", "2", "a>b"}) EXPECT_FALSE(is_shell_operator(word)) << word;
}

}  // namespace
}  // namespace sheaf::batch
