// What the files that make sets of keywords share.
#pragma once
#include <functional>
#include <string>

#include "core/text.h"
#include "grammar/schema_sets.h"

namespace lt::grammar {

inline std::string place(const Schema& schema) { return schema.pointer.empty() ? "its root" : shown(schema.pointer); }

// What a keyword's reading throws, told as that keyword's.
template <class Make>
auto told(const Schema& schema, const char* keyword, const Make& make) {
  try {
    return make();
  } catch (const SchemaError&) {
    throw;
  } catch (const Error& e) {
    if (e.code() == Code::memory) throw;
    throw SchemaError(keyword, schema.pointer, "schema: " + std::string(keyword) + " at " + place(schema) + ": " + e.what());
  }
}

inline SchemaError refusal(const Schema& schema, const std::string& keyword, const std::string& why) {
  return {keyword, schema.pointer, "schema: " + keyword + " at " + place(schema) + " cannot be enforced" + why};
}

// One keyword: the values for which it holds, and those for which it does not.
struct SchemaSets::Assertion {
  std::function<ValueSet()> holds, breaks;
};

}  // namespace lt::grammar
