#include "grammar/schema_reader.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/text.h"

namespace lt::grammar {
namespace {

std::string below(const std::string& pointer, std::string_view key) {
  std::string all = pointer + "/";
  for (const char c : key) {
    if (c == '~')
      all += "~0";
    else if (c == '/')
      all += "~1";
    else
      all += c;
  }
  return all;
}
std::string below(const std::string& pointer, std::string_view key, size_t i) { return below(pointer, key) + "/" + std::to_string(i); }

// RFC 3986, section 5.2, as far as names of schemas need it: no dot segments but leading ones.
std::string resolved(const std::string& base, std::string_view name) {
  const auto scheme_end = [](std::string_view s) {
    const size_t colon = s.find(':');
    return colon == std::string_view::npos || s.find_first_of("/?#") < colon ? 0 : colon + 1;
  };
  if (scheme_end(name) > 0 || base.empty()) return std::string(name);
  const size_t scheme = scheme_end(base);
  if (name.starts_with("//")) return base.substr(0, scheme) + std::string(name);
  const bool authority = std::string_view(base).substr(scheme).starts_with("//");
  const size_t path = authority ? std::min(base.find('/', scheme + 2), base.size()) : scheme;
  if (name.starts_with("/")) return base.substr(0, path) + std::string(name);
  size_t folder = base.rfind('/');
  if (folder == std::string::npos || folder < path) return base.substr(0, path) + (authority ? "/" : "") + std::string(name);
  for (; name.starts_with("./") || name.starts_with("../");) {
    if (name.starts_with("../")) {
      if (folder > path) folder = base.rfind('/', folder - 1);
      name.remove_prefix(3);
    } else {
      name.remove_prefix(2);
    }
  }
  return base.substr(0, folder + 1) + std::string(name);
}

std::string percent_decoded(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() + 0 &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      plain += static_cast<char>(value);
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// One step of a pointer; absent where there is none.
json::Value step(json::Value from, std::string_view token) {
  std::string key;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1'))
      key += token[++i] == '0' ? '~' : '/';
    else
      key += token[i];
  }
  if (!from.is(json::Kind::array)) return from[key];
  size_t index = 0;
  if (key.empty() || std::from_chars(key.data(), key.data() + key.size(), index).ptr != key.data() + key.size()) return {};
  for (const auto& [none, element] : from)
    if (index-- == 0) return element;
  return {};
}

}  // namespace

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

SchemaReader::SchemaReader(std::string_view text, SchemaOptions options) : options_(options) {
  try {
    document_.emplace(text);
  } catch (const Error& e) {
    throw SchemaError("", "", std::string("schema: ") + e.what());
  }
  const json::Value whole = document_->root();
  draft7_ = options.draft7;
  // By the letter of draft-07. Validators in use hold schemas that name it to both, and so do we.
  alone_ = options.draft7 && !whole["$schema"];
  if (const auto said = whole["$schema"].string()) {
    const auto has = [&](std::string_view part) { return said->find(part) != std::string_view::npos; };
    if (has("draft-07") || has("draft-06") || has("draft-04") || has("draft-03"))
      draft7_ = true;
    else if (has("2020-12") || has("2019-09"))
      draft7_ = false;
  }
  resources_.push_back({whole, "", ""});
  for (const char* key : {"$id", "id"})
    if (const auto name = whole[key].string(); name && resources_[0].name.empty()) resources_[0].name = name->substr(0, name->find('#'));
}

SchemaId SchemaReader::root() { return read(document_->root(), "", 0); }

SchemaId SchemaReader::read(json::Value value, const std::string& pointer, uint32_t resource) {
  if (const auto known = known_.find(pointer); known != known_.end()) return known->second;
  constexpr size_t most_schemas = 200'000;
  if (schemas_.size() >= most_schemas) throw SchemaError("", pointer, "schema: expected at most 200,000 schemas in it");
  const auto id = static_cast<SchemaId>(schemas_.size());
  schemas_.push_back(std::make_unique<Schema>());
  known_.emplace(pointer, id);
  Schema& made = *schemas_.back();
  made.pointer = pointer;
  if (const auto plain = value.boolean()) {
    made.never = !*plain;
    made.anything = *plain;
    return id;
  }
  if (!value.is(json::Kind::object))
    throw SchemaError("", pointer, "schema: expected an object, true or false, at " + (pointer.empty() ? "its root" : shown(pointer)));
  made.anything = value.size() == 0;
  if (!pointer.empty() && names_itself(value)) {
    need_names();
    for (uint32_t r = 0; r < resources_.size(); ++r)
      if (resources_[r].pointer == pointer) resource = r;
  }
  made.resource = resource;
  try {
    Keywords(*this, value, pointer, resource, made).read();
  } catch (const SchemaError&) {
    throw;
  } catch (const Error& e) {
    throw SchemaError("", pointer, std::string("schema: ") + e.what());
  }
  return id;
}

SchemaId SchemaReader::anything() {
  const auto [it, made] = known_.try_emplace("true", static_cast<SchemaId>(schemas_.size()));  // no pointer, which begins with /
  if (made) {
    schemas_.push_back(std::make_unique<Schema>());
    schemas_.back()->anything = true;
  }
  return it->second;
}

// As the schema of one value. Behind its pointer stands what no JSON pointer has, as the same place may also be read as a schema.
SchemaId SchemaReader::constant(json::Value value, const std::string& pointer) {
  const auto id = static_cast<SchemaId>(schemas_.size());
  schemas_.push_back(std::make_unique<Schema>());
  Schema& made = *schemas_.back();
  made.pointer = pointer;
  if (value.is(json::Kind::array)) {
    made.types = is_array;
    for (const auto& [none, element] : value) made.prefix.push_back(constant(element, pointer));
    made.min_items = made.max_items = made.prefix.size();
  } else if (value.is(json::Kind::object)) {
    made.types = is_object;
    for (const auto& [key, element] : value) {
      made.properties.emplace_back(std::string(key), constant(element, pointer));
      made.required.emplace_back(key);
    }
    made.max_properties = made.properties.size();
  } else {
    made.listed.emplace();
    list(value, pointer, *made.listed);
  }
  return id;
}

void SchemaReader::list(json::Value value, const std::string& pointer, Listed& to) {
  switch (value.kind()) {
    case json::Kind::absent:
      return;
    case json::Kind::null:
      to.null = true;
      return;
    case json::Kind::boolean:
      (*value.boolean() ? to.yes : to.no) = true;
      return;
    case json::Kind::number:
      if (value.written().find_first_of("NI") != std::string_view::npos)
        throw SchemaError("enum", pointer, "schema: expected numbers of JSON, found " + shown(value.written()));
      to.numbers.push_back(Decimal::of(value.written()));
      return;
    case json::Kind::string:
      to.strings.emplace_back(*value.string());
      return;
    case json::Kind::array:
    case json::Kind::object:
      to.structures.push_back(constant(value, pointer));
      return;
  }
}

bool SchemaReader::names_itself(json::Value value) const {
  return (value["$id"].string() || (draft7_ && value["id"].string())) && !(alone_ && value["$ref"]);
}

void SchemaReader::need_names() {
  if (named_) return;
  named_ = true;
  find_names(document_->root(), "", 0);
}

// Only where a schema is expected: what an unknown keyword holds has no names.
void SchemaReader::find_names(json::Value value, const std::string& pointer, uint32_t resource) {
  if (!value.is(json::Kind::object)) return;
  if (names_itself(value)) {
    const std::string_view name = *value[value["$id"].string() ? "$id" : "id"].string();
    const std::string_view uri = name.substr(0, name.find('#'));
    if (!uri.empty() && !pointer.empty()) {
      const std::string full = resolved(resources_[resource].name, uri);
      resource = static_cast<uint32_t>(resources_.size());
      resources_.push_back({value, full, pointer});
    }
    if (uri.size() + 1 < name.size())
      anchors_.try_emplace(std::to_string(resource) + "#" + std::string(name.substr(uri.size() + 1)), value, pointer);
  }
  for (const char* key : {"$anchor", "$dynamicAnchor"})
    if (const auto name = value[key].string()) anchors_.try_emplace(std::to_string(resource) + "#" + std::string(*name), value, pointer);
  constexpr std::array<std::string_view, 14> schemas{"additionalItems",
                                                     "items",
                                                     "contains",
                                                     "additionalProperties",
                                                     "propertyNames",
                                                     "unevaluatedProperties",
                                                     "unevaluatedItems",
                                                     "not",
                                                     "if",
                                                     "then",
                                                     "else",
                                                     "allOf",
                                                     "anyOf",
                                                     "oneOf"};
  constexpr std::array<std::string_view, 7> by_name{"$defs",        "definitions", "properties", "patternProperties", "dependentSchemas",
                                                    "dependencies", "prefixItems"};
  for (const auto& [key, element] : value) {
    const bool one = std::find(schemas.begin(), schemas.end(), key) != schemas.end();
    if (!one && std::find(by_name.begin(), by_name.end(), key) == by_name.end()) continue;
    const std::string inner = below(pointer, key);
    if (element.is(json::Kind::array)) {
      size_t i = 0;
      for (const auto& [none, part] : element) find_names(part, inner + "/" + std::to_string(i++), resource);
    } else if (one) {
      find_names(element, inner, resource);
    } else {
      for (const auto& [name, part] : element) find_names(part, below(inner, name), resource);
    }
  }
}

SchemaId SchemaReader::referred(SchemaId from) {
  const Schema& schema = *schemas_[from];
  const std::string& reference = schema.reference;
  const size_t hash = std::min(reference.find('#'), reference.size());
  const std::string fragment = hash < reference.size() ? percent_decoded(std::string_view(reference).substr(hash + 1)) : "";
  uint32_t resource = schema.resource;
  const auto missing = [&](const std::string& why) {
    return SchemaError("$ref", schema.pointer,
                       "schema: " + shown(reference) + " " + why + ", at " + (schema.pointer.empty() ? "its root" : shown(schema.pointer)));
  };
  if (hash > 0) {
    need_names();
    const std::string name = resolved(resources_[resource].name, std::string_view(reference).substr(0, hash));
    const auto it = std::find_if(resources_.begin(), resources_.end(), [&](const Resource& r) { return r.name == name; });
    if (it == resources_.end()) throw missing("is not in the schema; put it into $defs");
    resource = static_cast<uint32_t>(it - resources_.begin());
  }
  if (!fragment.empty() && fragment[0] != '/') {
    need_names();
    const auto it = anchors_.find(std::to_string(resource) + "#" + fragment);
    if (it == anchors_.end()) throw missing("names no $anchor of the schema");
    return read(it->second.first, it->second.second, resource);
  }
  json::Value at = resources_[resource].value;
  std::string pointer = resources_[resource].pointer;
  for (size_t i = 0; i < fragment.size();) {
    const size_t end = std::min(fragment.find('/', i + 1), fragment.size());
    const std::string token = fragment.substr(i + 1, end - i - 1);
    at = step(at, token);
    if (at.is(json::Kind::absent)) throw missing("is not there");
    pointer += "/" + token;
    i = end;
    if (i < fragment.size() && at.is(json::Kind::object) && names_itself(at)) {
      need_names();
      for (uint32_t r = 0; r < resources_.size(); ++r)
        if (resources_[r].pointer == pointer) resource = r;
    }
  }
  return read(at, pointer, resource);
}

}  // namespace lt::grammar
