// GBNF: what grammars take is worked out by hand, from what llama.cpp documents.
#include "check/check.h"
#include "check/grammar_walk.h"

using namespace lt;
using grammar::Grammar;

namespace {

struct Taken {
  const char* grammar;
  std::vector<const char*> taken, refused;
};

const std::vector<Taken> gbnf_rows = {
    {"root ::= \"a\"* \"b\"+ \"c\"?", {"b", "aabbc"}, {"", "a", "c", "bcc"}},
    {"root ::= [a-c] [^a-c] .", {"adx", "b\n\xE2\x82\xAC"}, {"aax", "ad", "adxy"}},
    {"root ::= [-a] [a-] [\\]\\x41]", {"--]", "aaA"}, {"b-A", "-bA"}},
    {"root ::= \"\\n\\t\\\"\\\\\\u00e9\\U0001F600\"", {"\n\t\"\\\xC3\xA9\xF0\x9F\x98\x80"}, {"nt"}},
    {"root ::= \"a\"{2} \"b\"{1,2} \"c\"{ 2 , }", {"aabcc", "aabbccccc"}, {"abcc", "aabbbcc", "aabc"}},
    {"# says what it is\nroot ::= (\n  pair (\",\" # between\n  pair)*)\npair ::= [a-z] \"=\" [0-9]", {"a=1", "a=1,b=2"}, {"a=1,", "a"}},
    {"root ::= \"(\" root \")\" | \"[\" root \"]\" | \"\"", {"", "([()])"}, {"(]", "(", "()()"}},
    {"root ::= a | \"x\"\na ::= \"(\" a \")\"\n", {"x"}, {"(x)", "("}},  // no text of a ends
    {"root ::= \"ab\" | \"abc\" | \"b\" root | [d]", {"ab", "abc", "bbab", "bd", "d"}, {"a", "bb", "abcd"}},
    {"root ::= \"a\\x00b\"", {}, {"a", "ab"}},
};

}  // namespace

CHECK_CASE("grammar/GBNF takes what its rules say") {
  for (const Taken& t : gbnf_rows) {
    const auto grammar = Grammar::gbnf(t.grammar);
    for (const char* text : t.taken) CHECK_THAT(check::takes(*grammar, text), t.grammar << " on " << text);
    for (const char* text : t.refused) CHECK_THAT(!check::takes(*grammar, text), t.grammar << " on " << text);
  }
  CHECK(check::takes(*Grammar::gbnf("root ::= \"a\\x00b\""), std::string_view("a\0b", 3)));
}

CHECK_CASE("grammar/GBNF that is none, or is not built, says so") {
  for (const char* bad : {"",
                          "a ::= \"x\"",
                          "root ::= \"x",
                          "root ::= [a",
                          "root ::= (\"x\"",
                          "root ::= \"x\")",
                          "root = \"x\"",
                          "root ::= a",
                          "root ::= \"x\"{2,1}",
                          "root ::= \"x\"{,2}",
                          "root ::= \"\\q\"",
                          "root ::= \"\\x4\"",
                          "root ::= [z-a]",
                          "root ::= \"a\"\nroot ::= \"b\"",
                          "root ::= \"a\" root",
                          "root ::= <[5>",
                          "root ::= <[]>",
                          "root ::= <[4294967295]>",
                          "root ::= !x",
                          "root ::= <open"})
    CHECK_THROWS(Grammar::gbnf(bad), Code::argument);
  CHECK_THROWS(Grammar::gbnf("root ::= root \"a\" | \"b\""), Code::unsupported);
  CHECK_THROWS(Grammar::gbnf("root ::= e root \"b\" | \"c\"\ne ::= \"a\"?"), Code::unsupported);
  CHECK_THROWS(Grammar::gbnf("root ::= <think>"), Code::unsupported);
  CHECK_THROWS(Grammar::gbnf("root ::= " + std::string(60'000, '(') + "\"a\"" + std::string(60'000, ')')), Code::unsupported);
  CHECK_THROWS(Grammar::gbnf("root ::= \"a\"" + std::string(1'000'000, '*')), Code::unsupported);
  CHECK_THROWS(Grammar::gbnf("root ::= <nobody>", [](std::string_view) { return std::nullopt; }), Code::argument);
}

CHECK_CASE("grammar/choices are taken whole, and nothing else") {
  const std::vector<std::string> choices{"yes", "no", "no", "", "not yet", "n\xC3\xA9", "yes"};
  const auto grammar = Grammar::choices(choices);
  for (const std::string& choice : choices) CHECK_THAT(check::takes(*grammar, choice), choice);
  for (const char* other : {"y", "nono", "not", "not yet ", "n\xC3"}) CHECK_THAT(!check::takes(*grammar, other), other);
  CHECK_THROWS(Grammar::choices({}), Code::argument);
  CHECK_THROWS(Grammar::choices(std::array{std::string("\xC3")}), Code::argument);
}
