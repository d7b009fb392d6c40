// Texts in parts: control tokens by what a vocabulary has, and values that are written otherwise than as JSON, worked out by hand.
#include <array>

#include "check/check.h"
#include "check/grammar_walk.h"
#include "check/tokenize_file.h"
#include "grammar/masks.h"
#include "grammar/parts.h"

using namespace lt;
using namespace lt::grammar;

namespace {

constexpr int32_t end_id = 256, call_id = 257, calls_id = 258;

// All bytes, an end, and two control tokens, of which one begins as the other.
std::shared_ptr<const Vocabulary> vocabulary() {
  static const auto tokenizer = [] {
    const auto file = check::byte_level_file("llama-bpe", {}, {}, {});
    check::Texts kept;
    for (int byte = 0; byte < 256; ++byte) kept.push_back(file->keep(check::letter_of(byte)));
    for (const char* token : {"<end>", "<call>", "<call>s"}) kept.push_back(file->keep(std::string(token)));
    std::vector<int64_t> kinds(kept.size(), 1);
    kinds[end_id] = kinds[call_id] = kinds[calls_id] = 3;
    check::set_tokens(*file, kept, kinds);
    file->set("tokenizer.ggml.eos_token_id", uint64_t{end_id});
    return tokenize::Tokenizer::load(file);
  }();
  static const auto made = std::make_shared<const Vocabulary>(*tokenizer);
  return made;
}

std::shared_ptr<Grammar> made(const Part& part) { return grammar_of(part, {}, *vocabulary()); }
Part text(std::string what) { return {.kind = Part::Kind::text, .text = std::move(what)}; }
Part schema(std::string what, Writing writing = {}) {
  return {.kind = Part::Kind::schema, .text = std::move(what), .where = "here", .writing = std::move(writing)};
}

std::array<std::string, value_kinds> all(const std::string& text) { return {text, text, text, text, text, text}; }

// <f a=TEXT</a b=TEXT</a>, or <f.
Writing tags() {
  Writing w;
  w.apart = Properties{
      .first = " ", .none = "", .open = "", .behind_key = all("="), .behind = all("</a"), .between = " ", .raw = true, .close = "</a"};
  return w;
}
Writing python() {
  Writing w{.values = Writing::Values::python};
  w.apart = Properties{.first = "(", .none = "(", .open = "", .behind_key = all("="), .behind = all(""), .between = ", "};
  return w;
}
Writing marked() { return {.values = Writing::Values::marked, .mark = "%%"}; }

struct TakenParts {
  Writing writing;
  const char* schema;
  std::vector<std::string_view> taken, refused;
};

const char* const closed = R"({"type":"object","additionalProperties":false,"required":["a"],"properties":)";
std::string object(const char* properties) { return std::string(closed) + properties + "}"; }

}  // namespace

CHECK_CASE("grammar/a text is cut where control tokens are written in it, the longest first") {
  const auto words = vocabulary();
  std::string ids;
  for (const Vocabulary::Spelt& piece : words->spelt("a<call>b<call>s<end><cal"))
    ids += piece.id < 0 ? std::string(piece.text) + "|" : std::to_string(piece.id) + "|";
  CHECK_THAT(ids == "a|257|b|258|256|<cal|", ids);
  CHECK(words->spelt("").empty());
}

CHECK_CASE("grammar/parts stand one behind the other, in place of another, any number of times") {
  Masks masks(made({.kind = Part::Kind::sequence,
                    .parts = {text("<call>x"),
                              {.kind = Part::Kind::choice, .parts = {text("a"), {.kind = Part::Kind::pattern, .text = "[0-9]{2}"}}},
                              {.kind = Part::Kind::repeat, .parts = {text(","), schema(R"({"enum":["b"]})")}},
                              {.kind = Part::Kind::end, .text = "!<end> and more"}}}),
              vocabulary());
  CHECK(masks.next(masks.start(), "<call>x") == Automaton::dead);  // its letters are not the token
  const auto inside = masks.next(masks.start(), call_id);
  for (const std::string_view right : {"xa!", "x07!", "xa,\"b\"!", "x12,\"b\",\"b\"!"})
    CHECK_THAT(masks.ended(masks.next(inside, right)), right);
  for (const std::string_view wrong : {"xb!", "x7!", "xa,!", "xa!<", "xa\"b\""})
    CHECK_THAT(masks.next(inside, wrong) == Automaton::dead, wrong);
  CHECK_THROWS(made(text("a<end>b")), Code::unsupported);
}

CHECK_CASE("grammar/arguments in tags, as Python's and between marks are what their schemas say") {
  const std::vector<std::pair<std::string, TakenParts>> rows{
      {object(R"({"a":{"type":"string"},"n":{"type":"integer"}})"),
       {tags(),
        "",
        {" a=it's \"{x}\"\n</a", " a=</a n=12</a", " a=< / </</a"},
        {"", " n=1</a", " a=x</a n=1.5</a", " a=x</ay</a", " a=x</a n=1", " n=1</a a=x</a"}}},
      {R"({"type":"object","properties":{"a":{"type":["string","null"]}},"additionalProperties":false})",
       {tags(),
        "",
        {"", " a=null</a", " a=nullable</a", " a=\"null\"</a", " a=\"12\"</a", " a=x12</a"},
        {" a=12</a", " a= x</a", " a=-1</a", " a={}</a"}}},
      {object(R"({"a":{"type":"object","properties":{"x":{"type":"string"}},"additionalProperties":false}})"),
       {tags(), "", {" a={\"x\": \"<a>\"}</a", " a={}</a"}, {" a={\"x\": \"</a\"}</a", " a={x:1}</a"}}},
      {object(R"({"a":{"type":"string"},"b":{"type":["boolean","null"]},"c":{"type":"array","items":{"type":"string"}}})"),
       {python(),
        "",
        {"(a='x'", "(a=\"it's\"", "(a='it\\'s', b=True, c=[\"x\", 'y']", "(a='x', b=None", "(a='x', b=false"},
        {"(", "(a=x", "(b=True", "(a='it's'", "(a='x', b=TRUE"}}},
      {object(R"({"b":{"type":"number"},"a":{"type":"object","properties":{"k 1":{"const":"v\"%"}}}})"),
       {marked(), "", {"{b:1.5,a:{%%k 1%%:%%v\"%%%}}", "{a:{}}"}, {"{\"a\":{}}", "{a:{},b:1}", "{b:1}"}}},
  };
  for (const auto& [of, row] : rows) {
    const auto grammar = made(schema(of, row.writing));
    for (const std::string_view right : row.taken) CHECK_THAT(check::takes(*grammar, right), of << " on " << right);
    for (const std::string_view wrong : row.refused) CHECK_THAT(!check::takes(*grammar, wrong), of << " on " << wrong);
  }
}

CHECK_CASE("grammar/tags of values in lines, of values whose kind they tell, and keys in the order of their letters") {
  Writing lines = tags();
  lines.apart->lines = true;
  lines.apart->texts = {"a"};
  const auto free = made(schema(object(R"({"a":{"type":"string"},"n":{"type":"integer"}})"), lines));
  for (const std::string_view right :
       {" a=x</a", " a=\nx</a", " a=x\n</a", " a=\n\nx\n</a", " a=\nx\n</a n=\n1\n</a", " a=</a", " a=\n\n</a"})
    CHECK_THAT(check::takes(*free, right) == (right != " a=\nx</a" && right != " a=x\n</a"), right);

  Writing told = tags();
  told.apart->told = true;
  told.apart->behind_key[static_cast<size_t>(ValueKind::string)] = ":s=";
  const auto kinds = made(schema(object(R"({"a":{"type":["string","integer"]}})"), told));
  CHECK(check::takes(*kinds, " a:s=12</a") && check::takes(*kinds, " a=12</a") && !check::takes(*kinds, " a=x</a"));

  Writing sorted = marked();
  sorted.sorted = true;
  const auto letters = made(schema(object(R"({"b":{"type":"null"},"C":{"type":"null"},"a":{"type":"null"}})"), sorted));
  CHECK(check::takes(*letters, "{a:null,b:null,C:null}") && check::takes(*letters, "{a:None}") &&
        !check::takes(*letters, "{b:null,a:null}"));
}

CHECK_CASE("grammar/what arguments cannot be written as is refused, with its place") {
  const auto refusal = [](const std::string& of, const Writing& writing) {
    try {
      made(schema(of, writing));
    } catch (const SchemaError& e) {
      return e.keyword() + " " + e.pointer() + " " + e.what();
    }
    return std::string("nothing");
  };
  const std::string key = refusal(object(R"({"a":{},"x y":{}})"), tags());
  CHECK_THAT(key.starts_with("properties  here: schema: the key x y"), key);
  const std::string unique = refusal(object(R"({"a":{"type":"array","uniqueItems":true}})"), python());
  CHECK_THAT(unique.starts_with("uniqueItems /properties/a here: "), unique);
}
