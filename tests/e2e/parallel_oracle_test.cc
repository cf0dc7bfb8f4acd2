// GNU parallel as a witness from outside: the same words to both programs, in folders with the same files, and then everything
// that can be seen must be the same: stdout, stderr, exit code, files.
#include <gmock/gmock.h>

#include <filesystem>
#include <map>

#include "tests/e2e/support/e2e_test.h"

namespace sheaf::e2e {
namespace {

namespace fs = std::filesystem;

struct Invocation {
  std::string name;
  std::string script;  ///< `t` is the program.
};

void PrintTo(const Invocation& invocation, std::ostream* out) {
  *out << invocation.script;
}

std::string name_of(const testing::TestParamInfo<Invocation>& info) {
  return info.param.name;
}

/// What a user sees of it.
struct Seen {
  std::string out;
  std::string err;
  int exit_code = -1;
  std::map<std::string, std::string> files;
  bool operator==(const Seen&) const = default;
};

void PrintTo(const Seen& seen, std::ostream* out) {
  *out << "exit " << seen.exit_code << ", stdout:\n" << seen.out.substr(0, 2000) << "stderr:\n" << seen.err.substr(0, 2000);
  for (const auto& [name, bytes] : seen.files) *out << "file " << name << ": " << bytes.substr(0, 200) << "\n";
}

class ParallelOracleTest : public E2eTest, public testing::WithParamInterface<Invocation> {
 protected:
  /// `tool`: how the program is called; `folder`: where.
  Seen see(const std::string& folder, const std::string& tool) const {
    const std::string directory = path(folder);
    fs::create_directories(directory + "/sub/deep.d");
    for (const char* name : {"a.txt", "b.tar.gz", "sub/c.txt", "sub/deep.d/e", "with space", "it's", "$HOME", "-dash",
                             "sternchen*", "back\\slash", "\"quoted\"", "grün.txt"}) {
      write_file(directory + "/" + name, std::string("of ") + name + "\n");
    }
    write_file(directory + "/list", "one\ntwo\nthree\n");
    write_file(directory + "/numbers", "1\n2\n3\n");
    write_file(directory + "/table.csv", "name,size\nanna,3\nbert , 4\n,5\n");
    write_file(directory + "/table.tsv", "name\tsize\nanna\t3\nb c\t4\n");
    write_file(directory + "/no-newline", "x\ny");
    write_file(directory + "/gaps", "x\n\n\ny z\n  \n");
    write_file(directory + "/nul", std::string("a b\0c\nd\0\0e", 10));
    Command command = this->command({"/bin/sh", "-c", "t() { " + tool + " \"$@\"; }; " + GetParam().script});
    command.directory = directory;
    for (const auto& [name, value] :
         std::initializer_list<std::pair<const char*, std::string>>{{"SHELL", "/bin/sh"},
                                                                    {"PARALLEL_SHELL", "/bin/sh"},
                                                                    {"PARALLEL_HOME", path("parallel")},
                                                                    {"WORD", "from outside"},
                                                                    {"LC_ALL", "C.UTF-8"}}) {
      command.environment.emplace_back(name, value);
    }
    const Finished finished = run(command);
    Seen seen{finished.out, without_summary(finished.err), finished.exit_code, {}};
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
      if (entry.is_regular_file()) seen.files[fs::relative(entry.path(), directory)] = read_file(entry.path());
    }
    return seen;
  }

  /// Of failed items sheaf says something at the end, where GNU parallel has the exit code alone.
  static std::string without_summary(const std::string& err) {
    std::string rest;
    int own = 0;
    for (const std::string& line : lines_of(err)) {
      if (line.starts_with("sheaf batch: ")) {
        own += 1;
      } else {
        rest += line + "\n";
      }
    }
    EXPECT_LE(own, 1) << err;
    return rest;
  }
};

TEST_P(ParallelOracleTest, SeesTheSame) {
  fs::create_directories(path("parallel"));
  write_file(path("parallel/will-cite"), "");
  const Seen expected = see("theirs", "parallel -k");
  const Seen seen = see("ours", "'" + program("sheaf") + "' batch");
  EXPECT_EQ(seen, expected) << GetParam().script;
}

constexpr char kPaths[] = "::: /a/b.c/d.e.f a .b / a/ b. a/.c a//b x.tar.gz ../y //z/ '' c/..";

INSTANTIATE_TEST_SUITE_P(
    ReplacementStrings, ParallelOracleTest,
    testing::Values(
        Invocation{"Appended", "t echo ::: a 'b c' ''"}, Invocation{"Whole", std::string("t 'echo [{}]' ") + kPaths},
        Invocation{"NoExtension", std::string("t 'echo [{.}]' ") + kPaths},
        Invocation{"Name", std::string("t 'echo [{/}]' ") + kPaths},
        Invocation{"Directory", std::string("t 'echo [{//}]' ") + kPaths},
        Invocation{"NameNoExtension", std::string("t 'echo [{/.}]' ") + kPaths},
        Invocation{"Number", "t 'echo {#}: {}' ::: a b c"}, Invocation{"Slot", "t -j1 'echo {%} {}' ::: a b c"},
        Invocation{"Positions", "t 'echo {2} {1} {}' ::: a b ::: 1 2"},
        Invocation{"PositionsFromTheEnd", "t 'echo {-1} {-2}' ::: a b ::: 1 2"},
        Invocation{"PartsOfPositions", "t 'echo {1.} {2/} {2//} {1/.} {-1/.}' ::: x/y.z ::: q/r.s"},
        Invocation{"PositionThatIsNotThere", "t 'echo [{3}] {3} x' ::: a ::: b"},
        Invocation{"SeveralTimes", "t 'echo {} {} {.}{}' ::: a.b 'c d'"},
        Invocation{"InsideAWord", "t 'echo x{}y' ::: 'a  b' c ::: 1 2"},
        Invocation{"InDoubleQuotes", "t 'echo \"{}\"' ::: 'a b' c"},
        Invocation{"WhatIsNone", "t 'echo {x} {0x} {{}} { }' ::: a"},
        Invocation{"ShellLine", "t 'echo {} | tr a-z A-Z; echo $((1 + 1)) >{}.out' ::: a b"},
        Invocation{"ItemsAreCommands", "t ::: 'echo a; echo b' 'echo \"c  d\"' 'exit 0'"},
        Invocation{"Tag", "t --tag 'echo {}; echo 2; printf 3; echo err >&2' ::: a 'b c' ::: 1"},
        Invocation{"TagString", "t --tagstring '<{/.}>{#}' 'printf \"x\\n\\ny\\n\"' ::: a/b.c 'd e'"},
        Invocation{
            "DryRun",
            "t --dry-run 'echo {} >{.}' ::: a.b 'c d' \"it's\" \"'\" \"''\" 'x=1' '~' 'ü' '' '{}' '$x' 'a,b:c@d%e+f-g_h/i'"},
        Invocation{"Quoted", "t -q printf '%s|%s\\n' 'x{}y' '{}' ::: 'a  b' '$HOME' ::: c"},
        Invocation{"Sequence", "t 'echo $PARALLEL_SEQ {}' ::: a b c"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(Combinations, ParallelOracleTest,
                         testing::Values(Invocation{"Two", "t echo ::: a b c ::: 1 2"},
                                         Invocation{"Three", "t echo ::: a b ::: 1 2 ::: x y z"},
                                         Invocation{"Linked", "t echo ::: a b c :::+ 1 2 3"},
                                         Invocation{"LinkedToFewer", "t echo ::: a b c :::+ 1 2"},
                                         Invocation{"LinkedToMore", "t echo ::: a b :::+ 1 2 3"},
                                         Invocation{"LinkedAndCombined", "t echo ::: a b :::+ 1 2 ::: x y :::+ 8 9"},
                                         Invocation{"Files", "t echo :::: list numbers"},
                                         Invocation{"LinkedFiles", "t echo :::: list ::::+ numbers"},
                                         Invocation{"FilesAndValues", "t echo :::: list ::: x y"},
                                         Invocation{"ArgFile", "t -a list echo"},
                                         Invocation{"TwoArgFilesAndValues", "t -a list -a numbers echo ::: x"},
                                         Invocation{"StandardInputAmongThem", "t echo :::: - numbers <list"}),
                         name_of);

INSTANTIATE_TEST_SUITE_P(
    OddNames, ParallelOracleTest,
    testing::Values(Invocation{"AllFiles", "t 'cat ./{}; cp ./{} ./{}.copy' ::: *"},
                    Invocation{"FoundFiles", "find . -type f | sort | t 'wc -c {} && mv {} {}.moved'"},
                    Invocation{"FoundFilesWithNul", "find . -type f -print0 | sort -z | t -0 'cat {} >{}.copy'"},
                    Invocation{"Spaces", "t 'cat {}; touch {}.x' ::: 'with space' ; touch 'a  b'; t rm ::: 'a  b'"},
                    Invocation{"Quotes", "t 'cat {}; touch {}.x' ::: \"it's\" '\"quoted\"'"},
                    Invocation{"Newlines", "printf 'a\\nb\\0\\nc\\0' | t -0 'touch {}; printf \"[%s]\" {}'"},
                    Invocation{"Utf8", "t 'cat {}; echo {.} {/}' ::: grün.txt ./grün.txt"},
                    Invocation{"NoUtf8", "printf 'a\\377b\\n\\200\\n' | t 'printf %s {} | od -c'"},
                    Invocation{"ShellCharacters",
                               "t 'printf \"[%s]\\n\" {}' ::: '$HOME' '`id`' '*' '?' 'a;b' 'a|b' '>x' '&' '!' '#' '(' '[a]' "
                               "'\\' '\\n' '%s' '{1}' '{' '}' '-n' '--' '~'"},
                    Invocation{"Dashes", "t 'cat -- {}' ::: -dash"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    EmptyAndHuge, ParallelOracleTest,
    testing::Values(Invocation{"NoItems", "t echo </dev/null"}, Invocation{"NoValues", "t echo :::"},
                    Invocation{"EmptyLines", "t 'echo [{}]' <gaps"}, Invocation{"LastLineWithoutNewline", "t echo <no-newline"},
                    Invocation{"ManyItems", "seq 500 | t echo"},
                    Invocation{"LongItem", "head -c 40000 /dev/zero | tr '\\0' x | t 'printf %s {} | wc -c'"},
                    Invocation{"MuchOutput", "t 'seq {} 1000000; seq {} >&2' ::: 1 2 3"},
                    Invocation{"ManyValues", "t 'echo {#} {}' ::: $(seq 300)"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(Columns, ParallelOracleTest,
                         testing::Values(Invocation{"Comma", "t --colsep , 'echo {2}-{1} {}' <table.csv"},
                                         Invocation{"Tab", "t --colsep '\\t' 'echo {2}-{1}' <table.tsv"},
                                         Invocation{"Regex", "t -C '[ ,]+' 'echo {1}/{2}/{3}' ::: 'a, b,,c' 'd e' f"},
                                         Invocation{"Header", "t --header : 'echo {x} {y} {x}' ::: x 1 2 ::: y 3 4"},
                                         Invocation{"HeaderAndColumns",
                                                    "t --header : --colsep , 'echo {size} {name} {1}' <table.csv"},
                                         Invocation{"HeaderAndTabs", "t --header : 'echo {size} {name} {1}' <table.tsv"},
                                         Invocation{"HeaderOfAFileName", "t --header : 'echo {f.} {f/} {f//}' ::: f a/b.c d"},
                                         Invocation{"Nul", "t -0 'printf \"[%s]\" {}' <nul"}),
                         name_of);

INSTANTIATE_TEST_SUITE_P(Ends, ParallelOracleTest,
                         testing::Values(Invocation{"Failures", "t 'echo {}; echo err >&2; exit {}' ::: 0 1 0 3 255"},
                                         Invocation{"ManyFailures", "seq 130 | t false"},
                                         Invocation{"Signals", "t 'kill -{} $$' ::: 9 15 1"},
                                         Invocation{"MissingFile", "t echo :::: no-such-file 2>/dev/null"},
                                         Invocation{"Environment", "t --env WORD 'echo $WORD {}' ::: a"},
                                         Invocation{"WorkDir", "t --workdir sub 'pwd | sed s/.*sub/sub/; cat {}' ::: c.txt"},
                                         Invocation{"NotFoundInALine", "t 'true; no-such-command' ::: a b"}),
                         name_of);

}  // namespace
}  // namespace sheaf::e2e
