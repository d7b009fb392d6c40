// Masks beside what they say: a token is allowed exactly where its bytes, or its number, lead to a state from which some text goes on.
#include <array>

#include "check/check.h"
#include "check/tokenize_file.h"
#include "grammar/masks.h"
#include "grammar/token_numbers.h"

using namespace lt;
using namespace lt::grammar;
using check::Random;

namespace {

constexpr int32_t end_token = 256, think_token = 257, tool_token = 258, first_word = 259;

std::string letters_of(std::string_view bytes) {
  std::string letters;
  for (const char byte : bytes) letters += check::letter_of(static_cast<uint8_t>(byte));
  return letters;
}

// All bytes, an end, a control token, one that a user added, then texts of every kind that masks treat apart.
std::shared_ptr<const tokenize::Tokenizer> drawn_tokenizer(uint64_t seed) {
  static constexpr std::string_view parts[] = {
      "a",    "b",        "c",        "z",        "0",    "1",  "12",  " ",        "\"",           "\\",
      "n",    "\n",       "{",        "}",        ",",    ":",  "\":", "\xC3\xA9", "\xE6\xB1\x89", "\xF0\x9F\x98\x80",
      "\xE6", "\xB1\x89", "\xF0\x9F", "\x98\x80", "true", "e+", ".",   "word"};
  Random random(seed);
  std::vector<std::string> words;
  for (int i = 0; i < 3000; ++i) {
    std::string word;
    const size_t most = i % 50 == 0 ? 40 : 5;
    for (size_t k = random.below(most) + 1; k > 0; --k) word += parts[random.below(i % 3 == 0 ? 4 : std::size(parts))];
    words.push_back(letters_of(word));
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  check::Texts tokens{"<end>", "<think>", "<tool>"};
  tokens.insert(tokens.end(), words.begin(), words.end());
  const auto file = check::byte_level_file("llama-bpe", {}, {}, {});
  check::Texts kept;
  for (int byte = 0; byte < 256; ++byte) kept.push_back(file->keep(check::letter_of(byte)));
  for (const std::string_view token : tokens) kept.push_back(file->keep(std::string(token)));
  std::vector<int64_t> kinds(kept.size(), 1);
  kinds[end_token] = kinds[think_token] = 3;
  kinds[tool_token] = 4;
  check::set_tokens(*file, kept, kinds);
  file->set("tokenizer.ggml.eos_token_id", uint64_t{end_token});
  return tokenize::Tokenizer::load(file);
}

struct Bound {
  explicit Bound(std::shared_ptr<Grammar> of, uint64_t seed = 1)
      : tokenizer(drawn_tokenizer(seed)),
        vocabulary(std::make_shared<Vocabulary>(*tokenizer)),
        grammar(std::move(of)),
        masks(grammar, vocabulary),
        mask(masks.words()) {}

  bool allowed(Masks::State state, int32_t token) {
    masks.allow(state, mask);
    return (mask[static_cast<size_t>(token) >> 6] >> (token & 63) & 1) != 0;
  }
  // By the automaton alone.
  bool goes_on(Masks::State state, int32_t token) const {
    const Grammar::Turn automaton(*grammar);
    if (vocabulary->is_end(token)) return automaton->accepts(state);
    const auto leads_on = [&](Automaton::State at, auto bytes) {
      for (const auto byte : bytes) at = automaton->next(at, static_cast<uint8_t>(byte));
      return at != Automaton::dead;
    };
    const std::string_view bytes = vocabulary->bytes(token);
    const auto number = number_bytes(static_cast<uint32_t>(token));
    if (leads_on(automaton->next(state, named_mark), number)) return true;
    if (bytes.empty()) return false;
    return leads_on(automaton->next(state, other_mark), number) ||
           (bytes.find_first_of(number_marks) == std::string_view::npos && leads_on(state, bytes));
  }
  void check(Masks::State state) {
    masks.allow(state, mask);
    for (int32_t id = 0; id < vocabulary->size(); ++id) {
      const bool on = (mask[static_cast<size_t>(id) >> 6] >> (id & 63) & 1) != 0;
      CHECK_THAT(on == goes_on(state, id), "token " << id << " " << vocabulary->bytes(id));
      if (!vocabulary->is_end(id)) CHECK(on == (masks.next(state, id) != Automaton::dead));
    }
  }

  std::shared_ptr<const tokenize::Tokenizer> tokenizer;
  std::shared_ptr<const Vocabulary> vocabulary;
  std::shared_ptr<Grammar> grammar;
  Masks masks;
  std::vector<uint64_t> mask;
};

constexpr const char* json_grammar = R"(root ::= value
value ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" (pair ("," " "? pair)*)? "}"
pair ::= string ":" " "? value
array ::= "[" (value ("," value)*)? "]"
string ::= "\"" ([^"\\\x00-\x1f] | "\\" (["\\nrt/] | "u" [0-9a-f]{4}))* "\""
number ::= "-"? ("0" | [1-9] [0-9]*) ("." [0-9]+)? ("e" [-+]? [0-9]+)?
)";

std::vector<std::shared_ptr<Grammar>> grammars() {
  std::vector<std::shared_ptr<Grammar>> all;
  all.push_back(Grammar::gbnf(json_grammar));
  for (const char* pattern :
       {".*", "[^\"\\\\\\x00-\\x1f]{0,50}\"[abc]*", "[^\"\\\\\\x00-\\x1f]{40,}z", "(?:[a-c]{3,90},){2}z*",
        "\\{\"a\":\"[^\"]{2,7}\",\"b\":[0-9]{1,40}\\}", "(?!a)[ a-z]*(?<!b)", "(?=.*\\d)[\\s\\S]{2,8}", "[^z]*z[^c]{3}",
        "(?:\\p{L}|[\\d ]){0,33}", "(?:ab?|.{30,40})+", "(?!(?:aa|bb|c|z0|00|11|nn|word)\")[^\"\\\\\\x00-\\x1f]*\"",
        "(?!a)[^\"\\\\\\x00-\\x1f]*z", "(?:ab|cz|\\d)[^\"\\\\\\x00-\\x1f]*[ab]", "[\\0-\\u00ff]{3}|[^ab]"})
    all.push_back(Grammar::regex(pattern));
  all.push_back(Grammar::choices(std::vector<std::string>{"word", "word a", "wordz", "\xE6\xB1\x89", "true", "\"", "12"}));
  all.push_back(Grammar::gbnf("root ::= <[257]> !<[257]>* <[257]> ([a-c]{40} | <[300]> \"a\" | \"z\" <[97]>)"));
  return all;
}

// Any way on, whole characters or not.
Masks::State step(Masks& masks, Masks::State state, Random& random) {
  for (int tries = 0; tries < 400; ++tries) {
    const Masks::State to = masks.next(state, static_cast<int32_t>(random.below(static_cast<size_t>(masks.vocabulary().size()))));
    if (to != Automaton::dead) return to;
  }
  return masks.start();
}

CHECK_CASE("grammar/a mask that is made by and by is the mask that is made at once") {
  const std::string pattern = "(?=(?:[^]*a){2,9}[^]*$)(?=(?:[^]*b){2,9}[^]*$)(?=(?:[^]*c){2,9}[^]*$)[abcz]{24}";
  Bound slow(Grammar::regex(pattern)), quick(Grammar::regex(pattern));
  const Masks::State state = slow.masks.next(slow.masks.start(), "a");
  int tries = 0;
  for (size_t parts = 1; !slow.masks.prepare(state, parts); parts *= 2) ++tries;
  CHECK(tries > 1);
  slow.masks.allow(state, slow.mask);
  quick.masks.allow(quick.masks.next(quick.masks.start(), "a"), quick.mask);
  CHECK(slow.mask == quick.mask);
}

}  // namespace

CHECK_CASE("grammar/masks are what each token leads to, in every state") {
  Random random(3);
  uint64_t seed = 0;
  for (const auto& grammar : grammars()) {
    Bound bound(grammar, ++seed);
    Masks::State state = bound.masks.start();
    for (int i = 0; i < 12; ++i) {
      bound.check(state);
      state = step(bound.masks, state, random);
    }
  }
}

CHECK_CASE("grammar/masks stay what they were when many were made since, within their memory") {
  Bound bound(Grammar::regex("(?:[^z]{0,12}z|[a-c]{0,20}|\\d){1,9}"));
  Random random(4);
  std::vector<std::pair<Masks::State, std::vector<uint64_t>>> seen;
  Masks::State state = bound.masks.start();
  for (int i = 0; i < 200; ++i) {
    bound.masks.allow(state, bound.mask);
    seen.emplace_back(state, bound.mask);
    state = step(bound.masks, state, random);
  }
  for (const auto& [at, mask] : seen) {
    bound.masks.allow(at, bound.mask);
    CHECK(bound.mask == mask);
  }
  CHECK(bound.masks.bytes() < Masks::most_kept);
}

CHECK_CASE("grammar/ends are allowed where the text is whole, control tokens where they are named") {
  Bound bound(Grammar::gbnf("root ::= (\"a\" | <[257]>)* \"b\""));
  const auto start = bound.masks.start(), whole = bound.masks.next(start, "aab");
  CHECK(!bound.allowed(start, end_token) && bound.allowed(whole, end_token));
  CHECK(bound.allowed(start, think_token) && !bound.allowed(start, tool_token) && !bound.allowed(whole, think_token));
  CHECK(bound.masks.next(start, think_token) == bound.masks.next(start, "a") && bound.masks.next(whole, end_token) == Automaton::dead);
  CHECK(bound.masks.whole(whole) && !bound.masks.whole(start));
  Bound free(Grammar::regex("[^]*"));
  CHECK(free.allowed(free.masks.start(), tool_token) && !free.allowed(free.masks.start(), think_token));
}

CHECK_CASE("grammar/tokens are named as the vocabulary names them, and denied") {
  const auto tokenizer = drawn_tokenizer(1);
  const Vocabulary vocabulary(*tokenizer);
  const auto names = [&](std::string_view name) { return vocabulary.named(name); };
  CHECK(vocabulary.named("<think>") == think_token && vocabulary.named("<tool>") == tool_token && !vocabulary.named("<thin>"));
  Bound bound(Grammar::gbnf("root ::= <think> !<tool> <tool> \"a\"", names));
  const auto inside = bound.masks.next(bound.masks.start(), think_token);
  for (int32_t id = 0; id < bound.vocabulary->size(); ++id) {
    CHECK(bound.allowed(bound.masks.start(), id) == (id == think_token));
    if (id < end_token + 10 || id % 97 == 0) CHECK(bound.allowed(inside, id) == (id != end_token && id != think_token && id != tool_token));
  }
  const auto behind = bound.masks.next(inside, 'z');
  CHECK(bound.allowed(behind, tool_token) && bound.masks.next(behind, "<tool>") == Automaton::dead);
}

CHECK_CASE("grammar/what must come is told as far as it is certain") {
  Bound bound(Grammar::gbnf("root ::= \"{\\\"name\\\": \\\"\" [a-c]+ \"\\\"\" (\" end\" | \"\") | \"{}\""));
  CHECK(bound.masks.forced(bound.masks.start(), 100) == "{");
  const auto name = bound.masks.next(bound.masks.start(), "{\"");
  CHECK(bound.masks.forced(name, 100) == "name\": \"" && bound.masks.forced(name, 3) == "nam");
  const auto value = bound.masks.next(name, "name\": \"a");
  CHECK(bound.masks.forced(value, 100).empty());
  CHECK(bound.masks.forced(bound.masks.next(value, "\""), 100).empty());  // whole: it may end
  CHECK(bound.masks.forced(bound.masks.next(value, "\" e"), 100) == "nd");
  Bound numbered(Grammar::gbnf("root ::= <[257]> \"a\""));
  CHECK(numbered.masks.forced(numbered.masks.start(), 100).empty());
}

CHECK_CASE("grammar/a mask that takes too long is refused, and the grammar goes on") {
  Bound bound(Grammar::gbnf("root ::= \"b\" | (((\"a\"{1,100}){1,100}){1,100}){1,100}"));
  const auto start = bound.masks.start();
  CHECK_THROWS(bound.masks.next(start, std::string(5000, 'a')), Code::unsupported);
  CHECK(bound.masks.whole(bound.masks.next(start, "b")));
}
