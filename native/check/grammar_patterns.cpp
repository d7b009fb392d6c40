// Regular expressions and what ECMA-262 says of texts: test/grammar-patterns.test.ts asks Node's RegExp the same of each row.
#include "check/check.h"
#include "check/grammar_walk.h"

using namespace lt;
using grammar::Grammar;

namespace {

struct Row {
  const char* pattern;
  const char* text;
  bool matches;  // the whole text
};

// clang-format off
constexpr Row pattern_rows[] = {
    {"", "", true},
    {"", "a", false},
    {"abc", "abc", true},
    {"abc", "ab", false},
    {"a|bc|", "bc", true},
    {"a|bc|", "", true},
    {"a|bc|", "abc", false},
    {"(?:a|b)*c{2}", "ababcc", true},
    {"(?:a|b)*c{2}", "ababc", false},
    {"a{2,4}", "a", false},
    {"a{2,4}", "aaaa", true},
    {"a{2,4}", "aaaaa", false},
    {"a{3,}?", "aaaaaaa", true},
    {"(a{0,2}){2}", "aaaa", true},
    {"(a{0,2}){2}", "aaaaa", false},
    {"(?<year>\\d{4})-\\d\\d", "1999-07", true},
    {"\\d", "٣", false},
    {"\\w+", "a_Z9", true},
    {"\\w+", "é", false},
    {"\\W", "é", true},
    {"\\s", "\u00a0", true},
    {"\\s", "\ufeff", true},
    {"\\S", "\u2028", false},
    {".", "\n", false},
    {".", "\u2029", false},
    {".", "😀", true},
    {"..", "😀", false},
    {"[a-c]+", "abc", true},
    {"[^a-c]", "d", true},
    {"[^a-c]", "b", false},
    {"[^]", "\n", true},
    {"[\\]\\-^]+", "]-^", true},
    {"[a\\-z]+", "b", false},
    {"[\\d.,]+", "1,000.5", true},
    {"[а-я]+", "привет", true},
    {"[а-я]+", "Привет", false},
    {"[\\u4e00-\\u9fff]{2}", "汉字", true},
    {"\\u{1F600}", "😀", true},
    {"\\ud83d\\ude00", "😀", true},
    {"\\x41\\cJ\\0", "A\n", false},
    {"\\x41\\cJ", "A\n", true},
    {"\\p{L}+", "éñ汉", true},
    {"\\p{Lu}\\P{Lu}", "Éé", true},
    {"\\p{Script=Greek}+", "αβγ", true},
    {"^a$", "a", true},
    {"(?:a^|c)b", "ab", false},
    {"(?:^a|b)c$", "ac", true},
    {"\\bfoo\\b.*", "foo bar", true},
    {"\\bfoo\\b.*", "foobar", false},
    {".*\\Bo", "foo", true},
    {"(?=.*\\d)[a-z\\d]{3}", "a1b", true},
    {"(?=.*\\d)[a-z\\d]{3}", "abc", false},
    {"(?!no)..", "no", false},
    {"(?!no)..", "on", true},
    {".(?<=a)b", "ab", true},
    {".(?<!a)b", "ab", false},
    {".(?<!a)b", "bb", true},
};
// clang-format on

}  // namespace

CHECK_CASE("grammar/regular expressions match what ECMA-262 says") {
  for (const Row& row : pattern_rows) {
    const auto grammar = Grammar::regex(row.pattern);
    CHECK_THAT(check::takes(*grammar, row.text) == row.matches, row.pattern << " on " << row.text);
  }
}

CHECK_CASE("grammar/regular expressions that are none, or are not built, say so") {
  for (const char* bad :
       {"(", ")", "a)", "(a", "[", "[z-a]", "a{2,1}", "*", "a**", "\\", "\\u{110000}", "(?<a", "(?", "\\xZ", "a[^\\s\\S]"})
    CHECK_THROWS(Grammar::regex(bad), Code::argument);
  for (const char* unknown : {"(a)\\1", "(?<n>a)\\k<n>", "(?<=ab)c", "\\p{None}", "(?:\\b.)*"})
    CHECK_THROWS(Grammar::regex(unknown), Code::unsupported);
  CHECK_THROWS(Grammar::regex(std::string(60'000, '(') + "a" + std::string(60'000, ')')), Code::unsupported);
}
