// Sets of JSON values: what a schema lets through, as one part a type. Of arrays and objects a set is a union of shapes, whose elements are
// named by the schemas that they must meet and are not looked into yet.
#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "grammar/expressions.h"
#include "grammar/json_texts.h"
#include "grammar/schema_reader.h"

namespace lt::grammar {

using Literal = uint32_t;  // a schema, twice its number, or what does not meet it, one more
constexpr Literal meets(SchemaId id) { return id << 1; }
constexpr Literal fails(SchemaId id) { return id << 1 | 1; }
constexpr Literal opposite(Literal l) { return l ^ 1; }
using Conjunction = std::vector<Literal>;  // all of them, in the order in which they came; empty: any value
void append(Conjunction& to, const Conjunction& more);

struct ArrayShape {
  struct Counted {  // how many of the elements from `from` on meet `what`
    Conjunction what;
    uint64_t from = 0, least = 0, most = unlimited;
  };
  std::vector<Conjunction> prefix;
  Conjunction rest;
  uint64_t least = 0, most = unlimited;
  std::vector<Counted> counted;
  bool unique = false;
  uint64_t evaluated = 0;  // elements that some keyword looked at, from the first on
};

struct ObjectShape {
  // What one schema says of the properties of an object.
  struct Layer {
    std::vector<std::pair<std::string, Conjunction>> names;
    std::vector<std::pair<Expression, Conjunction>> patterns;  // keys without their quotes
    Conjunction others;
    bool looks_at_others = false;
    bool evaluates = true;  // what it looks at is evaluated, as unevaluatedProperties means it
    auto operator<=>(const Layer&) const = default;
  };
  struct Some {  // there is a property, its key of these, that meets `what`
    Expression keys;
    Conjunction what;
    auto operator<=>(const Some&) const = default;
  };
  std::vector<Layer> layers;
  std::vector<std::string> required;
  std::vector<Expression> keys;  // all keys are of each of these
  uint64_t least = 0, most = unlimited;
  std::vector<Some> some;
  auto operator<=>(const ObjectShape&) const = default;
};

struct ValueSet {
  bool null = false, no = false, yes = false;
  Expression numbers = Expressions::nothing;
  bool whole = false;  // all numbers are integers
  Expression strings = Expressions::nothing;
  std::vector<ArrayShape> arrays;
  std::vector<ObjectShape> objects;

  bool empty() const {
    return !null && !no && !yes && numbers == Expressions::nothing && strings == Expressions::nothing && arrays.empty() && objects.empty();
  }
};

// The algebra of sets, over one Expressions.
class ValueSets {
 public:
  explicit ValueSets(Alphabet letters);  // of strings

  ValueSet any() const;
  ValueSet any_but(uint8_t types) const;
  ValueSet both(const ValueSet& a, const ValueSet& b);  // Throws Code::unsupported for more than most_shapes
  void join(ValueSet& to, ValueSet&& more);             // the same

  Expression string(const std::string& text);
  Expression strings(const std::vector<std::string>& texts);  // these, where there are any
  Expression except_numbers(Expression numbers);
  Expression except_strings(Expression strings) { return both_strings(any_string, none_of(strings)); }
  // What is no such string, among strings: all else too. Behind what makes it one nothing needs to be read.
  Expression none_of(Expression strings) { return e_.except(e_.with_tail(strings, any_string, Expressions::anything)); }
  Expression both_strings(Expression a, Expression b) { return e_.both(std::array{a, b}); }
  Expression both_numbers(Expression a, Expression b);

  Expressions& expressions() const { return e_; }
  const Alphabet& letters() const { return letters_; }

  static constexpr size_t most_shapes = 4096;

 private:
  Expressions& e_;
  const Alphabet letters_;
  std::unordered_map<std::string, Expression> string_;
  std::map<std::vector<std::string>, Expression> strings_;

 public:
  const Expression any_string, any_number, decimal;
};

}  // namespace lt::grammar
