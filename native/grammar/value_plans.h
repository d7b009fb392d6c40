// What the values of a schema are made of, found out down to the last of them: which properties in which order, which elements, and whether
// there are any values at all.
#pragma once
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "grammar/schema_sets.h"

namespace lt::grammar {

using PlanId = uint32_t;

// A value that meets `plan`, and what it makes true of the counted conditions of its array or object (a bit each).
struct Choice {
  PlanId plan;
  uint32_t meets = 0;
};

struct ArrayPlan {
  std::vector<std::vector<Choice>> prefix;
  std::vector<Choice> rest;
  uint64_t least = 0, most = unlimited;
  struct Counted {
    uint64_t least, most;
  };
  std::vector<Counted> counted;
  bool unique = false;
};

struct ObjectPlan {
  struct Named {
    std::string name;
    std::vector<Choice> choices;
    bool required;
  };
  struct Others {  // properties of any of these keys
    Expression keys;
    std::vector<Choice> choices;
  };
  std::vector<Named> named;
  std::vector<Others> others;
  uint64_t least = 0, most = unlimited;
  uint32_t some = 0;  // conditions that must each be met by a property
};

struct ValuePlan {
  ValueSet set;
  std::vector<ArrayPlan> arrays;
  std::vector<ObjectPlan> objects;
  bool possible = false;  // some value meets it
  std::string pointer;    // of the first of its schemas
};

// What making the values of a schema throws without a place is told at its pointer.
template <class Make>
void placed(const std::string& pointer, const Make& make) {
  try {
    make();
  } catch (const SchemaError& e) {
    if (!e.pointer().empty() || e.keyword().empty() || pointer.empty()) throw;
    throw SchemaError(e.keyword(), pointer, std::string(e.what()) + ", at " + pointer);
  }
}

class ValuePlans {
 public:
  ValuePlans(SchemaSets& sets, ValueSets& values) : sets_(sets), values_(values) {}

  // Looks into everything that it is made of. Throws SchemaError.
  PlanId of(const Conjunction& all);
  const ValuePlan& operator[](PlanId id) const { return plans_[id]; }
  const Conjunction& asked(PlanId id) const { return asked_[id]; }  // what it is the plan of
  size_t size() const { return plans_.size(); }

 private:
  PlanId ask(const Conjunction& all);
  void fill(PlanId id);
  ArrayPlan plan(const ArrayShape& shape);
  ObjectPlan plan(const ObjectShape& shape);
  std::vector<Choice> choices(const Conjunction& all, const std::vector<ArrayShape::Counted>& counted, uint64_t place);
  std::vector<Choice> choices(const Conjunction& all, const std::vector<const Conjunction*>& some, const std::vector<uint32_t>& bits);
  std::vector<ObjectPlan::Others> others(const ObjectShape& shape, const std::vector<std::string>& names);
  bool matches(Expression keys, const std::string& name);
  Conjunction of_name(const ObjectShape::Layer& layer, const std::string& name);
  bool possible(const std::vector<Choice>& choices) const;
  bool possible(const ArrayPlan& plan) const;
  bool possible(const ObjectPlan& plan) const;

  SchemaSets& sets_;
  ValueSets& values_;
  std::map<Conjunction, PlanId> known_;
  std::deque<ValuePlan> plans_;
  std::vector<Conjunction> asked_;
  size_t filled_ = 0;
};

}  // namespace lt::grammar
