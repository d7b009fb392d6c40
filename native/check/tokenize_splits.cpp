// Words as Oniguruma cuts them (test/fixtures/split-words.py), and that whatever the text they are found in one pass.
#include <algorithm>
#include <sstream>

#include "check/check.h"
#include "check/json.h"
#include "check/tokenize_file.h"
#include "tokenize/pretokenize.h"

using namespace lt;
using tokenize::Splitter;

namespace {

check::Json vectors() { return check::Json::parse(check::read_file(LT_SOURCE_DIR "/test/fixtures/split-words.json")); }

std::vector<std::string_view> patterns_of(const check::Json& rule) {
  std::vector<std::string_view> out;
  for (const check::Json& p : rule.at("patterns").items()) out.push_back(p.string());
  return out;
}

std::string sizes(const Splitter& splitter, std::string_view text) {
  std::ostringstream out;
  splitter.words(text, [&](std::string_view word) { out << (out.tellp() ? " " : "") << word.size(); });
  return out.str();
}

}  // namespace

CHECK_CASE("tokenize/words are those of Oniguruma, of every pre-tokenizer") {
  const check::Json json = vectors();
  const auto& texts = json.at("texts").items();
  for (const check::Json& rule : json.at("rules").items()) {
    const auto patterns = patterns_of(rule);
    const Splitter splitter(patterns);
    const auto& expected = rule.at("bytes").items();
    CHECK(expected.size() == texts.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      const std::string got = sizes(splitter, texts[i].string());
      CHECK_THAT(got == expected[i].string(), rule.at("names").string() << " " << patterns[0] << " of \"" << texts[i].string()
                                                                        << "\": " << got << " instead of " << expected[i].string());
    }
  }
  for (const tokenize::Pretokenizer& one : tokenize::pretokenizers()) {
    const auto& rules = json.at("rules").items();
    CHECK_THAT(std::any_of(rules.begin(), rules.end(), [&](const check::Json& r) { return patterns_of(r) == one.patterns; }),
               one.names << ": its patterns are not among those of split-words.json");
  }
}

// Steps that go over a text again and again take hours here.
CHECK_CASE("tokenize/cutting takes one pass, whatever the text and the pattern") {
  constexpr size_t bytes = 1 << 20;
  const auto many = [](std::string_view part) {
    std::string text;
    while (text.size() < bytes) text += part;
    return text;
  };
  const std::string texts[] = {many("a"),  many("1"),        many(" "), many("\n "), "\n" + many(" ") + "x",
                               many("aB"), many("\xCC\x81"), many("!")};
  std::vector<std::vector<std::string_view>> all = {
      {"a*b|a"}, {"(?:aaa)*b|a|aa"}, {R"((?=(?:\d\d\d)+x))"}, {R"(\s+x|\s)"}, {R"((?=\d*x)\d|(?!\d*y)\d)"}};
  for (const tokenize::Pretokenizer& one : tokenize::pretokenizers()) all.push_back(one.patterns);
  for (const auto& patterns : all) {
    const Splitter splitter(patterns);
    for (const std::string& text : texts) {
      size_t sum = 0;
      splitter.words(text, [&](std::string_view word) { sum += word.size(); });
      CHECK(sum == text.size());
    }
  }
}

CHECK_CASE("tokenize/split patterns that are not built are refused") {
  for (const char* pattern : {"(",          ")",       "[",        "a{2",        "[b-a]",    "*",
                              "(?<name>a)", "\\1",     "(a)\\1",   "(?>ab)",     "(?:ab)++", "\\p{Klingon}",
                              "\\p",        "a{1001}", "(?<=ab)c", "(?x)a",      "\xFF",     "(?:a{1000}){1000}",
                              "[a-\\",      "\\Q",     "a**?{",    "\\x{110000}"}) {
    if (std::string_view(pattern) == "a{2" || std::string_view(pattern) == "a**?{") {
      Splitter(std::vector<std::string_view>{pattern});  // a brace that is none is a character
      continue;
    }
    CHECK_THROWS(Splitter(std::vector<std::string_view>{pattern}), Code::unsupported);
  }
  check::Random random(5);
  const char* parts[] = {"a",   "[",   "]",   "(",    ")", "|", "*",  "+",  "?", "{1,2}", "\\p{L}",
                         "\\s", "(?=", "(?!", "(?i:", "^", "-", "&&", "\\", "$", "\\b",   "[^"};
  for (int round = 0; round < 3000; ++round) {
    std::string pattern;
    for (size_t i = 1 + random.below(12); i > 0; --i) pattern += parts[random.below(std::size(parts))];
    try {
      size_t sum = 0;
      Splitter(std::vector<std::string_view>{pattern}).words("a \naA-]", [&](std::string_view word) { sum += word.size(); });
      CHECK(sum == 7);
    } catch (const Error& e) {
      CHECK(e.code() == Code::unsupported);
    }
  }
}
