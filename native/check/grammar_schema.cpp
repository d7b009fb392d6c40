// Schemas bind exactly the texts that are valid. What is valid is said by hand from the standard (JSON Schema 2020-12 and draft-07), and of
// numbers computed in whole hundredths.
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "check/check.h"
#include "grammar/grammar.h"

namespace lt::check {
namespace {

using grammar::Grammar;
using grammar::SchemaError;
using grammar::SchemaOptions;

bool binds(Grammar& grammar, std::string_view text) {
  const Grammar::Turn automaton(grammar);
  auto state = automaton->start();
  for (const char byte : text) state = automaton->next(state, static_cast<uint8_t>(byte));
  return automaton->accepts(state);
}

struct Bound {
  std::string_view schema;
  std::vector<std::string_view> valid, invalid;
};

const std::vector<Bound> bound_2020{
    {R"({"type":["integer","null"]})", {"0", "-12", "null", "123456789012345678901"}, {"01", "1.5", "\"1\"", "true", "", "1 "}},
    {R"({"type":"number"})", {"1.50", "-0.5e+10", "0"}, {"+1", ".5", "1.", "NaN", "1e"}},
    {R"({"minimum":2})", {"2", "10", "2.5", "\"x\"", "null", "[1]"}, {"1", "1.99", "-3"}},
    {R"({"type":"integer","multipleOf":0.123456789})", {"0", "123456789", "-246913578"}, {"1", "12345678"}},
    {R"({"type":"string","minLength":2,"maxLength":3})", {"\"ab\"", "\"\\n\\u0001x\"", "\"äöü\""}, {"\"a\"", "\"abcd\"", "\"\xc3\""}},
    {R"({"type":"string","pattern":"^a.c$"})", {"\"abc\"", "\"a\\\"c\""}, {"\"ac\"", "\"abcd\"", "\"a\\nc\""}},
    {R"({"type":"string","pattern":"b","not":{"enum":["abc","b"]}})", {"\"bb\"", "\"ab\""}, {"\"b\"", "\"abc\"", "\"a\""}},
    {R"({"enum":[1,"a\nb",null,[1,{"x":true}]]})", {"1", "\"a\\nb\"", "null", "[1,{\"x\":true}]"}, {"2", "\"ab\"", "[1]", "[1,{}]"}},
    {R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"boolean"}},"required":["b"],"additionalProperties":false})",
     {R"({"a":1,"b":true})", R"({"b":false})", "{ \"a\": 1,\n  \"b\": true }"},
     {"{}", R"({"a":1})", R"({"b":1})", R"({"b":true,"c":1})", R"({"b":true,})", R"({"b":true,"b":true})"}},
    {R"({"type":"object","required":["z"],"properties":{"a":{}}})",
     {R"({"z":1})", R"({"a":2,"z":[],"more":{}})"},
     {"{}", R"({"a":1})", R"({"a":1,"z":1,"a":1})"}},
    {R"({"type":"object","patternProperties":{"^n":{"type":"number"},"s$":{"minimum":5}},"additionalProperties":{"type":"null"}})",
     {R"({"n":1,"x":null})", R"({"ns":5})", R"({"as":"text"})"},
     {R"({"n":"1"})", R"({"ns":4})", R"({"x":1})"}},
    {R"({"type":"object","minProperties":2,"maxProperties":3,"properties":{"a":true,"b":true}})",
     {R"({"a":1,"b":1})", R"({"a":1,"q":1,"r":1})", R"({"q":1,"r":1})"},
     {"{}", R"({"a":1})", R"({"a":1,"b":1,"q":1,"r":1})"}},
    {R"({"type":"object","propertyNames":{"pattern":"^[ab]+$"}})", {"{}", R"({"ab":1})"}, {R"({"c":1})"}},
    {R"({"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"items":false})",
     {"[]", "[1]", "[1,\"a\"]"},
     {"[\"a\"]", "[1,2]", "[1,\"a\",3]"}},
    {R"({"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":3})", {"[1]", "[ 1 , 2, 3 ]"}, {"[]", "[1,2,3,4]", "[1,]"}},
    {R"({"type":"array","contains":{"const":7},"minContains":1,"maxContains":2,"maxItems":4})",
     {"[7]", "[1,7,\"x\",7]"},
     {"[]", "[1]", "[7,7,7]", "[7,1,1,1,1]"}},
    {R"({"type":"array","uniqueItems":true,"items":{"enum":["a","b",3]},"minItems":2})",
     {R"(["a",3])", R"(["b","a",3])"},
     {R"(["a"])", R"(["a","a"])", R"(["a","b","a"])", "[3,3]"}},
    {R"({"oneOf":[{"multipleOf":2},{"multipleOf":3}],"type":"integer"})", {"2", "3", "4", "9"}, {"1", "6", "12", "0"}},
    {R"({"oneOf":[{"type":"object","properties":{"t":{"const":"a"},"x":{"type":"integer"}},"required":["t","x"]},
                  {"type":"object","properties":{"t":{"const":"b"},"y":{"type":"integer"}},"required":["t","y"]}]})",
     {R"({"t":"a","x":1})", R"({"t":"b","y":1})"},
     {R"({"t":"a","y":1})", R"({"t":"c","x":1})", R"({"x":1})"}},
    {R"({"if":{"properties":{"k":{"const":1}},"required":["k"]},"then":{"required":["a"]},"else":{"required":["b"]},"type":"object"})",
     {R"({"k":1,"a":0})", R"({"k":2,"b":0})", R"({"b":0})"},
     {R"({"k":1,"b":0})", R"({"k":2,"a":0})", "{}"}},
    {R"({"type":"object","dependentRequired":{"a":["b"]}})", {"{}", R"({"b":1})", R"({"a":1,"b":1})"}, {R"({"a":1})"}},
    {R"({"not":{"type":["string","object"]}})", {"1", "[]", "null"}, {"\"a\"", "{}"}},
    {R"({"$ref":"#/$defs/list","$defs":{"list":{"type":"array","items":{"$ref":"#/$defs/list"}}}})", {"[]", "[[],[[]]]"}, {"[1]", "[[]"}},
    {R"({"$defs":{"n":{"$anchor":"here","minimum":3}},"$ref":"#here","type":"integer"})", {"3"}, {"2", "\"a\""}},
    {R"({"allOf":[{"properties":{"a":{"minimum":1}}},{"properties":{"a":{"maximum":2}}}],"required":["a"],"type":"object"})",
     {R"({"a":1.5})", R"({"a":"x"})"},
     {R"({"a":0})", R"({"a":3})"}},
    {R"({"properties":{"a":true},"allOf":[{"properties":{"b":true}}],"unevaluatedProperties":false,"type":"object"})",
     {R"({"a":1,"b":2})"},
     {R"({"c":1})"}},
    {R"({"type":"string","format":"date"})", {"\"2024-02-29\"", "\"2000-02-29\""}, {"\"2023-02-29\"", "\"1900-02-29\"", "\"2024-4-1\""}},
    {R"({"type":"string","format":"date-time"})",
     {"\"2016-12-31T23:59:60Z\"", "\"2016-12-31T15:59:60-08:00\"", "\"2024-01-01t00:00:00.5+01:00\""},
     {"\"2016-12-31T23:58:60Z\"", "\"2016-12-31T15:59:60-07:00\"", "\"2024-01-01T00:00:00\""}},
    {R"({"type":"string","format":"ipv6"})", {"\"::\"", "\"1::8\"", "\"::ffff:1.2.3.4\""}, {"\"1:2\"", "\":::\"", "\"12345::\""}},
    {R"({"type":"string","format":"hostname"})", {"\"a-b.example\""}, {"\"-a\"", "\"a..b\"", "\"xn--x\"", "\"\""}},
};

const std::vector<Bound> bound_draft7{
    {R"({"items":[{"type":"integer"}],"additionalItems":{"type":"string"},"type":"array"})", {"[1,\"a\"]", "[]"}, {"[\"a\"]", "[1,2]"}},
    {R"({"properties":{"a":{"$ref":"#/definitions/x","maximum":0}},"definitions":{"x":{"type":"integer"}},"type":"object"})",
     {R"({"a":5})"},
     {R"({"a":"5"})"}},
    {R"({"dependencies":{"a":["b"],"c":{"required":["d"]}},"type":"object"})",
     {R"({"a":1,"b":1})", R"({"c":1,"d":1})"},
     {R"({"a":1})", R"({"c":1})"}},
    {R"({"minimum":1,"exclusiveMinimum":true,"type":"integer"})", {"2"}, {"1"}},  // draft 4
};

void check_bound(const std::vector<Bound>& all, bool draft7) {
  for (const Bound& b : all) {
    const auto grammar = Grammar::schema(b.schema, {.draft7 = draft7});
    for (const std::string_view text : b.valid)
      if (!binds(*grammar, text)) fail(__FILE__, __LINE__, std::string(b.schema) + " refuses " + std::string(text));
    for (const std::string_view text : b.invalid)
      if (binds(*grammar, text)) fail(__FILE__, __LINE__, std::string(b.schema) + " takes " + std::string(text));
  }
}

CHECK_CASE("grammar/a schema binds what is valid, 2020-12") { check_bound(bound_2020, false); }
CHECK_CASE("grammar/a schema binds what is valid, draft-07") { check_bound(bound_draft7, true); }

CHECK_CASE("grammar/space is between the marks, or nowhere") {
  const std::string_view schema = R"({"type":"array","items":{"type":"integer"}})";
  const auto any = Grammar::schema(schema, {}), none = Grammar::schema(schema, {.any_space = false});
  CHECK(binds(*any, "[ 1,\n 2 ]") && binds(*any, "[1,2]") && !binds(*any, " [1]") && !binds(*any, "[1] "));
  CHECK(binds(*none, "[1,2]") && binds(*none, "[1, 2]") && !binds(*none, "[1,  2]") && !binds(*none, "[1 ,2]") && !binds(*none, "[ 1]"));
  CHECK(!binds(*any, "[" + std::string(41, ' ') + "1]"));
}

struct Refused {
  std::string_view schema, keyword, pointer = {};
};

CHECK_CASE("grammar/what a schema cannot enforce is told by its keyword") {
  const std::vector<Refused> all{
      {R"({"type":"object","properties":{"a":{"type":"array","items":{"type":"string"},"uniqueItems":true}}})", "uniqueItems",
       "/properties/a"},
      {R"({"format":"regex"})", "format"},
      {R"({"pattern":"(a)\\1"})", "pattern"},
      {R"({"$dynamicRef":"#x"})", "$dynamicRef"},
      {R"({"$ref":"#"})", "$ref"},
      {R"({"$ref":"#/$defs/none"})", "$ref"},
      {R"({"$ref":"https://schemas.invalid/x"})", "$ref"},
      {R"({"type":"text"})", "type"},
      {R"({"required":"a"})", "required"},
      {R"({"minLength":-1})", "minLength"},
      {R"({"multipleOf":0})", "multipleOf"},
      {R"({"anyOf":[]})", "anyOf"},
      {R"(false)", ""},
      {R"({"type":"string","enum":[1]})", ""},
      {R"({"type":"object","required":["a"],"properties":{"a":false}})", ""},
      {R"({"$defs":{"n":{"type":"object","required":["n"],"properties":{"n":{"$ref":"#/$defs/n"}}}},"$ref":"#/$defs/n"})", ""},
      {R"([1])", ""},
      {R"({"type":)", ""},
  };
  for (const Refused& r : all) {
    std::optional<std::string> keyword;
    try {
      Grammar::schema(r.schema, {});
    } catch (const SchemaError& e) {
      CHECK(e.code() == Code::schema);
      keyword = e.keyword();
      if (e.pointer() != r.pointer) fail(__FILE__, __LINE__, std::string(r.schema) + " is refused at " + e.pointer());
    }
    if (!keyword) fail(__FILE__, __LINE__, std::string(r.schema) + " is taken");
    if (*keyword != r.keyword) fail(__FILE__, __LINE__, std::string(r.schema) + " is refused for " + *keyword);
  }
}

std::string in_hundredths(int value) {
  const int magnitude = value < 0 ? -value : value;
  return (value < 0 ? "-" : "") + std::to_string(magnitude / 100) + "." + std::to_string(magnitude / 10 % 10) +
         std::to_string(magnitude % 10);
}

CHECK_CASE("grammar/numbers are bound as arithmetic says") {
  const std::array bounds{-1250, -1000, -101, -100, -99, -50, -1, 0, 1, 7, 50, 99, 100, 101, 999, 1000, 1234};
  for (const int bound : bounds) {
    const std::string b = in_hundredths(bound);
    struct Kind {
      std::string schema;
      bool (*right)(int value, int bound);
    };
    const std::array kinds{
        Kind{R"({"type":"number","minimum":)" + b + "}", [](int v, int x) { return v >= x; }},
        Kind{R"({"type":"number","exclusiveMinimum":)" + b + "}", [](int v, int x) { return v > x; }},
        Kind{R"({"type":"number","maximum":)" + b + "}", [](int v, int x) { return v <= x; }},
        Kind{R"({"type":"number","exclusiveMaximum":)" + b + "}", [](int v, int x) { return v < x; }},
        Kind{R"({"type":"number","not":{"const":)" + b + "}}", [](int v, int x) { return v != x; }},
    };
    for (const Kind& kind : kinds) {
      const auto grammar = Grammar::schema(kind.schema, {});
      for (int value = -1500; value <= 1500; ++value) {
        std::string text = in_hundredths(value);
        const bool right = kind.right(value, bound);
        if (binds(*grammar, text) != right || binds(*grammar, text + "0") != right) fail(__FILE__, __LINE__, kind.schema + " " + text);
        if (value % 10 == 0) text.pop_back();
        if (value % 100 == 0) text.resize(text.size() - 2);
        if (binds(*grammar, text) != right) fail(__FILE__, __LINE__, kind.schema + " " + text);
      }
    }
  }
  for (const int step : {1, 3, 7, 10, 25, 50, 100, 110, 300, 1234}) {
    const std::string s = in_hundredths(step);
    const auto number = Grammar::schema(R"({"type":"number","multipleOf":)" + s + "}", {});
    const auto integer = Grammar::schema(R"({"type":"integer","multipleOf":)" + s + "}", {});
    for (int value = -5000; value <= 5000; ++value) {
      if (binds(*number, in_hundredths(value)) != (value % step == 0)) fail(__FILE__, __LINE__, s + " " + in_hundredths(value));
      if (binds(*integer, std::to_string(value)) != (int64_t{value} * 100 % step == 0))
        fail(__FILE__, __LINE__, s + " " + std::to_string(value));
    }
  }
}

}  // namespace
}  // namespace lt::check
