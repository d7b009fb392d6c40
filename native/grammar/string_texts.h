// Strings and keys, as a writing has them.
#pragma once
#include <optional>
#include <string>

#include "grammar/schema_sets.h"
#include "grammar/writing.h"

namespace lt::grammar {

class StringTexts {
 public:
  // All of them outlive it. json: the values of the schema, strings as JSON writes them.
  StringTexts(SchemaReader& reader, ValueSets& json, const Writing& writing, const Spell& spell);

  // The strings that a conjunction lets through; of those `json` has JSON's. quoted: by one way to write each.
  Expression value(const Conjunction& all, Expression json, bool quoted = false);
  // The value of a property that stands on its own. text: it is read as a string, whatever it looks like.
  Expression apart(const Conjunction& all, Expression json, bool text);
  // Keys, up to where the colon stands: of `open` and what follows.
  Expression open() const { return open_; }
  Expression key(const std::string& name);
  Expression keys(Expression json);
  // The key of a property that stands on its own. Throws SchemaError where it cannot be written.
  Expression key_apart(const std::string& name);
  Expression keys_apart(Expression json);

 private:
  // Strings of another alphabet than JSON's.
  struct Letters {
    Letters(SchemaReader& reader, Alphabet alphabet) : sets(std::move(alphabet)), schemas(reader, sets) {}
    ValueSets sets;
    SchemaSets schemas;
  };

  Expression as_they_are(const Conjunction& all);
  Expression without(Expression strings, const std::string& text);
  Expression between(Expression mark, Expression strings) { return e_.sequence(std::array{mark, strings, mark}); }
  bool marked() const { return writing_.values == Writing::Values::marked; }
  const std::string& close() const;

  SchemaReader& reader_;
  ValueSets& json_;
  const Writing& writing_;
  Expressions& e_;
  std::optional<Letters> plain_, single_;
  Expression quote_, single_quote_, mark_, open_, bare_, no_value_;
};

}  // namespace lt::grammar
