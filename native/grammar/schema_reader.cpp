#include "grammar/schema_reader.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "grammar/schema_places.h"

namespace lt::grammar {

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
    read_keywords(value, pointer, resource, made);
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
