// Which values a schema lets through: its keywords, and their opposites, as sets.
#pragma once
#include <memory>
#include <span>
#include <unordered_map>

#include "grammar/value_sets.h"

namespace lt::grammar {

class SchemaSets {
 public:
  SchemaSets(SchemaReader& reader, ValueSets& sets) : reader_(reader), sets_(sets) {}

  // Throw SchemaError for what cannot be enforced.
  ValueSet of(const Conjunction& all);
  const ValueSet& of(Literal literal);
  const std::string& pointer(Literal literal) const { return reader_[literal >> 1].pointer; }

 private:
  struct Assertion;

  ValueSet positive(SchemaId id);
  ValueSet negative(SchemaId id);
  std::vector<Assertion> assertions(SchemaId id);
  void of_types(SchemaId id, std::vector<Assertion>& to);
  void of_arrays(SchemaId id, std::vector<Assertion>& to);
  void of_objects(SchemaId id, std::vector<Assertion>& to);
  void of_compositions(SchemaId id, std::vector<Assertion>& to);
  Assertion listed(const Listed& listed);
  ValueSet exactly_one(const std::vector<SchemaId>& ways);
  ValueSet not_exactly_one(const std::vector<SchemaId>& ways);
  ValueSet with_unevaluated(SchemaId id, ValueSet set);
  void merge_absent(std::vector<ObjectShape>& shapes);
  bool has_alternatives(SchemaId id, int depth);
  Expression keys_of(const Schema& schema, const std::string& pattern);
  Expression strings_of(const Schema& schema, const char* keyword, const std::string& text);
  ValueSet scalars(const Conjunction& all);
  // As far as can be told at once: a property that it requires has apart constants or types.
  bool surely_empty(const ObjectShape& shape);
  void prune(ValueSet& set);

  SchemaReader& reader_;
  ValueSets& sets_;
  std::unordered_map<Literal, std::unique_ptr<ValueSet>> known_;
  std::unordered_map<Literal, bool> inside_;
  std::unordered_map<std::string, Expression> strings_;  // by keyword and text
  int depth_ = 0;
};

}  // namespace lt::grammar
