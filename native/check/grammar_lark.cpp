// Grammars in Lark's notation: what lark itself takes (test/fixtures/lark-grammars.py), and by hand what llguidance's documentation adds.
#include <set>

#include "check/check.h"
#include "check/grammar_walk.h"
#include "check/json.h"

using namespace lt;
using grammar::Grammar;

namespace {

struct LarkTaken {
  const char* grammar;
  std::vector<const char*> taken, refused;
};

const std::vector<LarkTaken> lark_rows = {
    {"start: \"a\"{2} \"b\"{1,2} \"c\"{ 2 , } \"d\"{,1}", {"aabcc", "aabbcccccd"}, {"abcc", "aabbbcc", "aabc", "aabccdd"}},
    {"start: long-name{2}\nlong-name: \"a\" -> other", {"aa"}, {"a", "aaa"}},
    // & binds tighter than |, ~ tighter than + and *.
    {"start: A\nA: /[a-c]*/ & ~/(?s:.*)bb(?s:.*)/ & /..+/ | \"q\"", {"ab", "abab", "bab", "q"}, {"bb", "abb", "a", "qq", ""}},
    {"start: A \"!\"\nA: ~/a|b/+", {"c!", "ab!", "!", "aa!", "\xC3\xA9!"}, {"c", "a!b"}},
    {"start: A \"!\"\nA: ~/(?s:.)*!(?s:.)*/", {"!", "abc!"}, {"a!b!"}},
    {"start: head \"=\" tail\nhead[lazy]: /[ab]*c/\ntail[capture, lazy]: T \"c\"\nT: /[abc]*/",
     {"abc=c", "c=bac"},
     {"cc=c", "c=cc", "c=cac"}},
    {"start: a \".\"\na[capture=\"x\", suffix=\"<end>\"]: /.*/", {"foo<end>.", "<end>."}, {"foo.", "foo<end>bar<end>.", "<end>"}},
    {"start: a \"1\"\na[lazy]: /[0-9]+/", {"21", "11"}, {"1", "221"}},
    {"start: %regex { \"substring_chunks\": [\"abc\", \"de\", \"fg\"] } \"!\"",
     {"!", "abc!", "de!", "abcde!", "defg!", "abcdefg!"},
     {"ab!", "cde!", "abcfg!"}},
    {"start: A\nA: %regex { \"substring_words\": \"foo bar. b\xC3\xA9\" }", {"", "foo", "bar.", " bar. b\xC3\xA9"}, {"fo", "foobar", "b"}},
    {"start: %regex {\"substring_chars\": \"ab c\"}", {"ab", "b c", " "}, {"ac", "abc"}},
    {"start: \"x\" %json { \"type\": \"array\", \"items\": { \"enum\": [ 1, \"}\" ] } } \"y\"",
     {"x[1]y", "x[\"}\",1]y", "x[]y"},
     {"x[2]y", "xy"}},
    {"start: call+\ncall: %json {\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"additionalProperties\":false} | other\n"
     "other: %json {\"const\":null}\n%ignore \" \"",
     {"{}", "{\"a\":{\"a\":{}}}", " null {} null "},
     {"{\"b\":1}", "nul l", ""}},
    {"%llguidance { \"no_forcing\": true }\n%llguidance {\"skip_repetition\": \"once\"}\nstart: \"a\" \"b\"\n%ignore /[ ]{1,2}/",
     {"ab", " a  b", "  a b  "},
     {"a   b", "   ab"}},
    {"%ignore /#[a-z]*/\nstart: (\"a\"\n  // over lines\n  | \"b\" # and again\n  ) \\\n \"c\"\n", {"ac", "#xb#yc#"}, {"a", "abc"}},
    {"start: A B\nA: \"\"\nB: /b?/\n%ignore \" \"", {"", "b", "  b "}, {"bb"}},
    // What has no text is left out.
    {"start: a | \"x\" b?\na: \"(\" a \")\"\nb: C\nC: /a/ & /b/", {"x"}, {"(x)", "(", ""}},
    {"start: \"\\ud83d\\ude00\" \"\\U0001F600\" \"\\x41\"",
     {"\xF0\x9F\x98\x80\xF0\x9F\x98\x80"
      "A"},
     {"A"}},
    {"start: \"stra\xC3\x9F"
     "e\"i",
     {"STRA\xE1\xBA\x9E"
      "E",
      "Stra\xC3\x9F"
      "e"},
     {"STRASSE"}},
    {"start: /\\p{Lu}\\x{e9}[]a-]{2}{/", {"\xC3\x89\xC3\xA9]-{"}, {"\xC3\xA9\xC3\xA9]-{"}},
};

struct LarkRefused {
  const char *grammar, *message;
};

const std::vector<LarkRefused> lark_errors = {
    {"", "expected a rule start, found none, in line 1, column 1"},
    {"a: \"x\"", "expected a rule start, found none, in line 1, column 1"},
    {"start: \"x", "expected a closing quote, found the end of the grammar, in line 1, column 10"},
    {"start: \"x\n\"", "expected a closing quote, found the end of the line, in line 1, column 10"},
    {"start: (\"x\"", "expected ), found the end of the grammar, in line 1, column 12"},
    {"start: \"\xC3\xA9\" )", "expected |, or the end of the line, found ), in line 1, column 12"},
    {"start = \"x\"", "expected :, found =, in line 1, column 7"},
    {"start: a\n\nb: \"x\"", "the rule a is not defined, in line 1, column 8"},
    {"start: \"a\"\n  | B", "the terminal B is not defined, in line 2, column 5"},
    {"start: \"a\" +*", "expected a string, a /pattern/, a name, a group, or another part of a rule, found *, in line 1, column 13"},
    {"start: \"a\"~3..2", "expected at least 3, found 2, in line 1, column 15"},
    {"start: \"a\"{x}", "expected a number, found x, in line 1, column 12"},
    {"start: \"b\"..\"a\"", "expected a range from the lower character to the higher, in line 1, column 8"},
    {"start: \"b\"..\"xy\"", "expected one character on this side of a range, in line 1, column 13"},
    {"start: \"\\q\"", "expected one of the escapes \\n \\r \\t \\f \\\" \\\\ \\x \\u and \\U, in line 1, column 9"},
    {"start: \"\\x4\"", "expected a hexadecimal digit, found \", in line 1, column 12"},
    {"start: \"\\ud800\"", "expected an escape that is a character, in line 1, column 9"},
    {"start: \"a\"\nstart: \"b\"", "start is defined twice, in line 2, column 1"},
    {"start: A\nA: \"a\" B\nB: A?", "the terminal A names itself; only rules may, in line 2, column 1"},
    {"start: A\nA: b\nb: \"x\"", "a terminal cannot name a rule, as it does b, in line 2, column 4"},
    {"start: A\nA: <[5]>", "a terminal cannot have tokens or %json in it; use it in a rule, in line 2, column 4"},
    {"start: \"a\" start", "no text of start ends; give it an alternative that does not call itself, in line 1, column 1"},
    {"start: fooBar",
     "expected a string, a /pattern/, a name, a group, or another part of a rule, of lower-case letters for a rule or "
     "upper-case ones for a terminal, found fooBar, in line 1, column 8"},
    {"start: /a", "expected a / that ends the pattern, found the end of the grammar, in line 1, column 10"},
    {"start: %json { \"type\": ", "expected a } that ends this JSON object, found the end of the grammar, in line 1, column 14"},
    {"start: %json []", "expected a JSON object, with {, found [, in line 1, column 14"},
    {"start: %regex {\"x\": 1}", "expected one of substring_chunks, substring_words and substring_chars, in line 1, column 15"},
    {"start: A\n%import common.QUX -> A", "common has no terminal QUX, in line 2, column 16"},
    {"start: a\n%import common.INT -> a", "a terminal has a name of upper-case letters, in line 2, column 23"},
    {"start: <[5>", "expected ]>, found >, in line 1, column 11"},
    {"start: <[7-5]>", "expected tokens from the lower number to the higher, in line 1, column 10"},
    {"start: <[4294967295]>", "expected the number of a token, found a larger one, in line 1, column 10"},
    {"start: < a>", "expected the name of a token, and >, found  , in line 1, column 9"},
    {"a[what]: \"x\"", "expected one of the attributes capture, lazy and suffix=..., found what, in line 1, column 3"},
    {"%what\nstart:", "expected %ignore, %import, %llguidance, or a definition, found %, in line 1, column 1"},
    {"start: /a(/", "in line 1, column 8"},
    {"start: \"\\", "expected one of the escapes"},
};

const std::vector<LarkRefused> lark_unsupported = {
    {"start: sep{\"a\", \",\"}\nsep{x, y}: x (y x)*",
     "the template sep is not supported: write a rule for each of its uses, in line 1, column 8"},
    {"sep{x}: x", "the template sep is not supported: write a rule for each of its uses, in line 1, column 1"},
    {"start: a::0x0", "the parameters of a are not supported"},
    {"start: @other", "references to other grammars are not supported"},
    {"start: a\na[max_tokens=5]: /.*/", "the attribute max_tokens is not supported: leave it out, in line 2, column 3"},
    {"start: a\na[capture, temperature=0.5]: /.*/", "the attribute temperature is not supported: leave it out, in line 2, column 12"},
    {"start: a\na[stop=\"x\"]: /.*/", "the attribute stop is not supported: use suffix or lazy, in line 2, column 3"},
    {"%import python.NAME\nstart: NAME", "imports from python are not supported: only from common, in line 1, column 9"},
    {"%import .other.NAME\nstart: NAME", "imports of other grammars are not supported: only of common, in line 1, column 9"},
    {"%declare A\nstart: A", "%declare is not supported, in line 1, column 1"},
    {"%override start: \"a\"", "%override is not supported, in line 1, column 1"},
    {"%llguidance {\"allow_invalid_utf8\": true}\nstart: \"a\"",
     "the option allow_invalid_utf8 of %llguidance, with this value, is not supported"},
    {"start: /a/x", "the flag x of patterns is not supported: write the pattern without blanks, in line 1, column 11"},
    {"start: \"\" /a*?b/", "a quantifier that takes as little as it may is not supported"},
    {"start: /a(?=b)/", "what looks beyond its own match is not supported in a terminal"},
    {"start: /^a/", "what looks beyond its own match is not supported in a terminal"},
    {"start: /\\ba/", "what looks beyond its own match is not supported in a terminal"},
    {"start: /(a)\\1/", "what a group matched, and digits behind a backslash, are not supported"},
    {"start: /[a[b]]/", "[ in a set is read in different ways"},
    {"start: <think>", "<think>, a token by its name, needs a vocabulary; give its number, as in <[5]>, in line 1, column 8"},
};

void lark_refuses(const std::vector<LarkRefused>& rows, Code code) {
  for (const LarkRefused& row : rows) {
    try {
      Grammar::lark(row.grammar);
      CHECK_THAT(false, row.grammar << " was taken");
    } catch (const Error& e) {
      CHECK_THAT(e.code() == code && std::string_view(e.what()).find(row.message) != std::string_view::npos,
                 row.grammar << ": " << e.what());
    }
  }
}

// All texts of some letters, up to a length, the shortest first.
std::vector<std::string> lark_texts(std::string_view letters, size_t length) {
  std::vector<std::string> all{""};
  for (size_t from = 0, round = 0; round < length; ++round) {
    const size_t end = all.size();
    for (; from < end; ++from)
      for (const char letter : letters) all.push_back(all[from] + letter);
  }
  return all;
}

std::string lark_token(uint8_t mark, uint32_t id) {
  std::string text(1, static_cast<char>(mark));
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(id >> shift);
  return text;
}

// Of a megabyte, most of them.
std::vector<std::string> lark_hurting() {
  const auto many = [](std::string_view text, size_t times) {
    std::string all;
    while (all.size() < times) all += text;
    return all;
  };
  constexpr size_t large = 1'000'000;
  std::string chain = "start: r0\n", terminals = "start: T0\n", circle = "start: r0\n", doubled = "start: T0\n";
  for (int i = 0; i < 40'000; ++i) chain += "r" + std::to_string(i) + ": r" + std::to_string(i + 1) + " | \"a\"\n";
  for (int i = 0; i < 40'000; ++i) terminals += "T" + std::to_string(i) + ": T" + std::to_string(i + 1) + "\n";
  for (int i = 0; i < 300; ++i) circle += "r" + std::to_string(i) + ": r" + std::to_string((i + 1) % 300) + " \"b\" | r0 \"c\" | \"a\"\n";
  for (int i = 0; i < 60; ++i) doubled += "T" + std::to_string(i) + ": T" + std::to_string(i + 1) + " T" + std::to_string(i + 1) + "\n";
  return {"start: " + many("(", large) + "\"a\"" + many(")", large),
          "start: " + many("[", large),
          "start: " + many("~", large) + "/a/",
          "start: A\nA: " + many("~(", large) + "/a/",
          "start: \"a\"" + many("?", large),
          "start: \"a\"" + many("~1", large),
          "start: " + many("\"a\"? ", large),
          "start: " + many("\"ab\"i ", large),
          "start: \"" + many("x", large) + "\"i",
          "start: " + many("start? ", large) + "\"a\"",
          "start: " + many("| start start ", large) + "| \"a\"",
          "start: " + many("a ", large) + "\na: start |",
          "start: /" + many("(", large) + "/",
          "start: /" + many("\\w", large) + "/",
          "start: /" + many("\\p{Zl}", large) + "/",
          "start: /" + many("[a-z]", large) + "/i",
          "start: /[" + many("\xE4\xB8\x80-\xE4\xB8\x81", large) + "]/",
          "start: /" + many("(a?){9999}", large) + "/",
          "start: \"a\"~999999999..4294967294 \"b\"{99999999999999999999}",
          "start: <[" + many("1,3,5,", large) + "1]>",
          "start: %json " + many("{\"a\":", large),
          "start: %json {\"enum\": [" + many("1,2,", large) + "1]}",
          "start: %regex {\"substring_chars\": \"" + many("ab", 200'000) + "\"}",
          many("# comment\n", large) + "start: \"a\"",
          many("\n", large),
          "start: \"a\"\n" + many("%ignore \" \"\n", large),
          chain + "r40000: start",
          terminals + "T40000: \"a\"",
          circle,
          doubled + "T60: \"a\"",
          many("\xff\xfe", large),
          "start: \"" + many("\xff", large) + "\"",
          "start: x\nx: " + many("x |", large) + "\"a\""};
}

}  // namespace

CHECK_CASE("grammar/Lark's grammars take what lark takes") {
  const check::Json vectors = check::Json::parse(check::read_file(LT_SOURCE_DIR "/test/fixtures/lark-grammars.json"));
  size_t taken = 0, refused = 0;
  for (const check::Json& one : vectors.at("grammars").items()) {
    const std::string& text = one.at("grammar").string();
    const auto grammar = Grammar::lark(text);
    std::set<std::string> takes;
    for (const check::Json& t : one.at("taken").items()) takes.insert(t.string());
    std::vector<std::string> tried(takes.begin(), takes.end());
    if (one.has("letters")) tried = lark_texts(one.at("letters").string(), static_cast<size_t>(one.at("length").number()));
    if (one.has("refused"))
      for (const check::Json& t : one.at("refused").items()) tried.push_back(t.string());
    for (const std::string& t : tried) {
      const bool is = takes.count(t) != 0;
      (is ? taken : refused)++;
      CHECK_THAT(check::takes(*grammar, t) == is, text << "\n on \"" << t << "\", which lark " << (is ? "takes" : "refuses"));
    }
  }
  CHECK(taken > 2500 && refused > 10'000);
}

CHECK_CASE("grammar/Lark's grammars take what llguidance adds to them") {
  for (const LarkTaken& t : lark_rows) {
    const auto grammar = Grammar::lark(t.grammar);
    for (const char* text : t.taken) CHECK_THAT(check::takes(*grammar, text), t.grammar << " on " << text);
    for (const char* text : t.refused) CHECK_THAT(!check::takes(*grammar, text), t.grammar << " on " << text);
  }
}

CHECK_CASE("grammar/Lark's grammars have tokens by name, number and range") {
  const auto names = [](std::string_view name) { return name == "<think>" ? std::optional<int32_t>(70'000) : std::nullopt; };
  const auto grammar = Grammar::lark("start: <think> \"a\" (<[5]> | <[250-66000,7]>) <[^3,9-11]> <[*]>\n%ignore \" \"", names);
  const auto text = [](uint32_t second, uint32_t third) {
    return lark_token(0xff, 70'000) + " a" + lark_token(0xff, second) + lark_token(0xfe, third) + " " + lark_token(0xfe, 9);
  };
  for (const uint32_t id : {5u, 7u, 250u, 255u, 256u, 65'535u, 65'536u, 66'000u}) CHECK_THAT(check::takes(*grammar, text(id, 12)), id);
  for (const uint32_t id : {4u, 6u, 8u, 249u, 66'001u, 131'000u}) CHECK_THAT(!check::takes(*grammar, text(id, 12)), id);
  for (const uint32_t id : {0u, 2u, 4u, 8u, 12u, 1'000'000u}) CHECK_THAT(check::takes(*grammar, text(5, id)), id);
  for (const uint32_t id : {3u, 9u, 10u, 11u}) CHECK_THAT(!check::takes(*grammar, text(5, id)), id);
  CHECK_THROWS(Grammar::lark("start: <nobody>", names), Code::argument);
}

CHECK_CASE("grammar/what is no grammar of Lark's, or is not built, says so and where") {
  lark_refuses(lark_errors, Code::argument);
  lark_refuses(lark_unsupported, Code::unsupported);
  try {
    Grammar::lark("start: \"a\"\n  %json {\"type\": \"string\", \"minLength\": 3, \"maxLength\": 2}");
    CHECK(false);
  } catch (const Error& e) {
    CHECK(e.code() == Code::argument);  // a statement cannot begin so
  }
  try {
    Grammar::lark("start: \"a\"\n  | %json {\"properties\": {\"x\": {\"what\": 3, \"pattern\": \"(\"}}}");
    CHECK(false);
  } catch (const grammar::SchemaError& e) {
    CHECK_THAT(e.pointer() == "/properties/x" && std::string_view(e.what()).find("in line 2, column 11") != std::string_view::npos,
               e.what());
  }
}

// Each of them compiles or is an error; none takes for ever or too much of the stack.
CHECK_CASE("grammar/Lark's grammars that are made to hurt do not") {
  for (const std::string& text : lark_hurting()) {
    try {
      const auto grammar = Grammar::lark(text);
      const Grammar::Turn automaton(*grammar);
      grammar::Automaton::State state = automaton->start();
      for (const char c : std::string_view("aaaaabaaaaa")) state = automaton->next(state, static_cast<uint8_t>(c));
    } catch (const Error& e) {
      CHECK_THAT(e.code() == Code::argument || e.code() == Code::unsupported || e.code() == Code::schema, text.substr(0, 60)
                                                                                                              << ": " << e.what());
    }
  }
}

CHECK_CASE("grammar/what Lark's rules begin with themselves is read in few states") {
  const auto grammar = Grammar::lark(
      "start: sum\nsum: sum \"+\" product | sum sum | product\nproduct: product \"*\" atom | atom\natom: /[0-9]+/ | \"(\" sum "
      "\")\"\n%ignore \" \"");
  const Grammar::Turn automaton(*grammar, 20'000'000);
  grammar::Automaton::State state = automaton->start();
  for (int i = 0; i < 20'000; ++i)
    for (const char c : std::string_view("1 + 2 *(3) ")) state = automaton->next(state, static_cast<uint8_t>(c));
  CHECK(automaton->accepts(state));
  CHECK_THAT(automaton->states() < 100, automaton->states() << " states");
}
