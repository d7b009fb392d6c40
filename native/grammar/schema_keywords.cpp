#include <algorithm>
#include <array>

#include "core/text.h"
#include "grammar/schema_places.h"
#include "grammar/schema_reader.h"

namespace lt::grammar {

// Reads the keywords of one schema.
class SchemaReader::Keywords {
 public:
  Keywords(SchemaReader& reader, json::Value value, const std::string& pointer, uint32_t resource, Schema& to)
      : reader_(reader), value_(value), pointer_(pointer), resource_(resource), to_(to) {}

  void read() {
    const json::Value reference = value_["$ref"];
    if (reference) {
      to_.reference = text("$ref");
      if (reader_.alone_) return;
    }
    for (const char* keyword : {"$dynamicRef", "$recursiveRef"})
      if (value_[keyword]) to_.refused = keyword;
    types();
    listed();
    strings_and_numbers();
    arrays();
    objects();
    compositions();
  }

 private:
  [[noreturn]] void bad(std::string_view keyword, const std::string& expected) const {
    throw SchemaError(
        std::string(keyword), pointer_,
        "schema: expected " + std::string(keyword) + " to be " + expected + ", at " + (pointer_.empty() ? "its root" : shown(pointer_)));
  }
  std::string text(std::string_view keyword) const {
    const auto s = value_[keyword].string();
    if (!s) bad(keyword, "a string");
    return std::string(*s);
  }
  std::vector<std::string> texts(json::Value list, std::string_view keyword) const {
    if (!list.is(json::Kind::array)) bad(keyword, "a list of names");
    std::vector<std::string> all;
    for (const auto& [none, element] : list) {
      const auto s = element.string();
      if (!s) bad(keyword, "a list of names");
      if (std::find(all.begin(), all.end(), *s) == all.end()) all.emplace_back(*s);
    }
    return all;
  }
  uint64_t count(std::string_view keyword, uint64_t otherwise) const {
    const json::Value given = value_[keyword];
    if (given.is(json::Kind::absent)) return otherwise;
    const auto n = given.integer();
    if (!n || *n < 0) bad(keyword, "a whole number of at least 0");
    return static_cast<uint64_t>(*n);
  }
  std::optional<Decimal> number(std::string_view keyword) const {
    const json::Value given = value_[keyword];
    if (given.is(json::Kind::absent)) return std::nullopt;
    if (!given.is(json::Kind::number) || given.written().find_first_of("NI") != std::string_view::npos) bad(keyword, "a number");
    return Decimal::of(given.written());
  }
  std::optional<SchemaId> schema(std::string_view keyword) const {
    const json::Value given = value_[keyword];
    if (given.is(json::Kind::absent)) return std::nullopt;
    return reader_.read(given, below(pointer_, keyword), resource_);
  }
  std::vector<SchemaId> schemas(std::string_view keyword) const {
    const json::Value given = value_[keyword];
    if (!given.is(json::Kind::array)) bad(keyword, "a list of schemas");
    std::vector<SchemaId> all;
    for (const auto& [none, element] : given) all.push_back(reader_.read(element, below(pointer_, keyword, all.size()), resource_));
    return all;
  }
  std::vector<std::pair<std::string, SchemaId>> named(std::string_view keyword) const {
    std::vector<std::pair<std::string, SchemaId>> all;
    const json::Value given = value_[keyword];
    if (given.is(json::Kind::absent)) return all;
    if (!given.is(json::Kind::object)) bad(keyword, "schemas by name");
    for (const auto& [key, element] : given)
      all.emplace_back(std::string(key), reader_.read(element, below(below(pointer_, keyword), key), resource_));
    return all;
  }

  void types() {
    const json::Value type = value_["type"];
    if (type.is(json::Kind::absent)) return;
    to_.types = 0;
    bool fractions = false, integers = false;
    const auto add = [&](std::string_view name) {
      constexpr std::array<std::pair<std::string_view, uint8_t>, 7> known{{{"null", is_null},
                                                                           {"boolean", is_boolean},
                                                                           {"number", is_number},
                                                                           {"integer", is_number},
                                                                           {"string", is_string},
                                                                           {"array", is_array},
                                                                           {"object", is_object}}};
      const auto it = std::find_if(known.begin(), known.end(), [&](const auto& k) { return k.first == name; });
      if (it == known.end()) bad("type", "null, boolean, number, integer, string, array or object, or a list of them");
      to_.types |= it->second;
      (name == "integer" ? integers : fractions) |= it->second == is_number;
    };
    if (const auto one = type.string())
      add(*one);
    else
      for (const std::string& name : texts(type, "type")) add(name);
    to_.whole = integers && !fractions;
  }

  void listed() {
    const auto of = [&](std::string_view keyword, auto each) {
      Listed made;
      each(made);
      if (to_.listed) {  // enum beside const
        to_.all_of.push_back(reader_.constant(value_[keyword], below(pointer_, keyword)));
        return;
      }
      to_.listed = std::move(made);
    };
    if (const json::Value all = value_["enum"]; !all.is(json::Kind::absent)) {
      if (!all.is(json::Kind::array)) bad("enum", "a list of values");
      of("enum", [&](Listed& to) {
        size_t i = 0;
        for (const auto& [none, element] : all) reader_.list(element, below(pointer_, "enum", i++), to);
      });
    }
    if (const json::Value one = value_["const"]; !one.is(json::Kind::absent))
      of("const", [&](Listed& to) { reader_.list(one, below(pointer_, "const"), to); });
  }

  void strings_and_numbers() {
    to_.min_length = count("minLength", 0);
    to_.max_length = count("maxLength", unlimited);
    if (value_["pattern"]) to_.pattern = text("pattern");
    if (value_["format"]) to_.format = text("format");
    to_.least = number("minimum");
    to_.most = number("maximum");
    // Draft 4 says it by true and false.
    const auto exclusive = [&](std::string_view keyword, std::optional<Decimal>& bound, std::optional<Decimal>& strict) {
      if (const auto flag = value_[keyword].boolean()) {
        if (*flag && bound) strict = std::exchange(bound, std::nullopt);
      } else {
        strict = number(keyword);
      }
    };
    exclusive("exclusiveMinimum", to_.least, to_.above);
    exclusive("exclusiveMaximum", to_.most, to_.below);
    to_.step = number("multipleOf");
    if (to_.step && (to_.step->negative || to_.step->zero())) bad("multipleOf", "a number above 0");
  }

  void arrays() {
    if (value_["prefixItems"]) to_.prefix = schemas("prefixItems");
    if (value_["items"].is(json::Kind::array)) {
      if (!to_.prefix.empty()) bad("items", "a schema");
      to_.prefix = schemas("items");
      to_.items = schema("additionalItems");
    } else {
      to_.items = schema("items");
    }
    to_.min_items = count("minItems", 0);
    to_.max_items = count("maxItems", unlimited);
    to_.contains = schema("contains");
    if (to_.contains && !reader_.draft7_) {
      to_.min_contains = count("minContains", 1);
      to_.max_contains = count("maxContains", unlimited);
    }
    if (const json::Value unique = value_["uniqueItems"]; !unique.is(json::Kind::absent)) {
      if (!unique.boolean()) bad("uniqueItems", "true or false");
      to_.unique = *unique.boolean();
    }
    if (!reader_.draft7_) to_.unevaluated_items = schema("unevaluatedItems");
  }

  void objects() {
    to_.properties = named("properties");
    to_.patterns = named("patternProperties");
    to_.additional = schema("additionalProperties");
    to_.names = schema("propertyNames");
    if (const json::Value required = value_["required"]; !required.is(json::Kind::absent)) to_.required = texts(required, "required");
    to_.min_properties = count("minProperties", 0);
    to_.max_properties = count("maxProperties", unlimited);
    if (!reader_.draft7_) {
      to_.applied_with = named("dependentSchemas");
      to_.unevaluated_properties = schema("unevaluatedProperties");
      needed("dependentRequired");
    }
    needed("dependencies");
  }
  void needed(std::string_view keyword) {
    const json::Value given = value_[keyword];
    if (given.is(json::Kind::absent)) return;
    if (!given.is(json::Kind::object)) bad(keyword, "lists of names by name");
    for (const auto& [key, element] : given) {
      if (element.is(json::Kind::array))
        to_.needed_with.emplace_back(std::string(key), texts(element, keyword));
      else if (keyword == "dependencies")
        to_.applied_with.emplace_back(std::string(key), reader_.read(element, below(below(pointer_, keyword), key), resource_));
      else
        bad(keyword, "lists of names by name");
    }
  }

  void compositions() {
    if (value_["allOf"]) {
      const auto all = schemas("allOf");
      to_.all_of.insert(to_.all_of.end(), all.begin(), all.end());
    }
    if (value_["anyOf"]) {
      to_.any_of.push_back(schemas("anyOf"));
      if (to_.any_of.back().empty()) bad("anyOf", "a list of at least one schema");
    }
    if (value_["oneOf"]) {
      to_.one_of = schemas("oneOf");
      if (to_.one_of->empty()) bad("oneOf", "a list of at least one schema");
    }
    if (const auto none = schema("not")) to_.none_of.push_back(*none);
    to_.condition = schema("if");
    if (to_.condition) {
      to_.then = schema("then");
      to_.otherwise = schema("else");
    }
  }

  SchemaReader& reader_;
  const json::Value value_;
  const std::string& pointer_;
  const uint32_t resource_;
  Schema& to_;
};

void SchemaReader::read_keywords(json::Value value, const std::string& pointer, uint32_t resource, Schema& to) {
  Keywords(*this, value, pointer, resource, to).read();
}

}  // namespace lt::grammar
