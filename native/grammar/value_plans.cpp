#include "grammar/value_plans.h"

#include <algorithm>
#include <array>

namespace lt::grammar {

namespace {

constexpr size_t most_plans = 100'000, most_conditions = 6, most_kinds_of_keys = 64;

SchemaError too_much(const std::string& keyword, const std::string& what) {
  return {keyword, "", "schema: " + keyword + " cannot be enforced: " + what};
}

}  // namespace

PlanId ValuePlans::of(const Conjunction& all) {
  const PlanId root = ask(all);
  for (; filled_ < plans_.size(); ++filled_) fill(static_cast<PlanId>(filled_));
  for (bool more = true; more;) {
    more = false;
    for (ValuePlan& p : plans_) {
      if (p.possible) continue;
      const auto can = [&](const auto& plan) { return possible(plan); };
      p.possible = std::any_of(p.arrays.begin(), p.arrays.end(), can) || std::any_of(p.objects.begin(), p.objects.end(), can);
      more = more || p.possible;
    }
  }
  return root;
}

PlanId ValuePlans::ask(const Conjunction& all) {
  const auto [it, made] = known_.try_emplace(all, static_cast<PlanId>(plans_.size()));
  if (made) {
    if (plans_.size() >= most_plans) throw SchemaError("", "", "schema: expected at most 100,000 kinds of values in it; simplify it");
    plans_.emplace_back();
    asked_.push_back(all);
  }
  return it->second;
}

void ValuePlans::fill(PlanId id) {
  ValuePlan made;
  made.set = sets_.of(Conjunction(asked_[id]));
  if (!asked_[id].empty()) made.pointer = sets_.pointer(asked_[id][0]);
  placed(made.pointer, [&] {
    for (const ArrayShape& shape : made.set.arrays) made.arrays.push_back(plan(shape));
    for (const ObjectShape& shape : made.set.objects) made.objects.push_back(plan(shape));
  });
  const ValueSet& s = made.set;
  made.possible = s.null || s.no || s.yes || s.numbers != Expressions::nothing || s.strings != Expressions::nothing;
  plans_[id] = std::move(made);
}

// Every way to meet some of the conditions and, where no more than a number may meet one, to fail the others.
std::vector<Choice> ValuePlans::choices(const Conjunction& all, const std::vector<ArrayShape::Counted>& counted, uint64_t place) {
  std::vector<Choice> made;
  for (uint32_t bits = 0; bits < 1u << counted.size(); ++bits) {
    Conjunction what = all;
    bool wanted = true;
    for (size_t i = 0; i < counted.size(); ++i) {
      const ArrayShape::Counted& c = counted[i];
      const bool met = (bits >> i & 1) != 0;
      if (place < c.from) {
        wanted = wanted && !met;
      } else if (met) {
        append(what, c.what);
      } else if (c.most != unlimited) {
        append(what, {opposite(c.what[0])});
      }
    }
    if (wanted) made.push_back({ask(what), bits});
  }
  return made;
}

ArrayPlan ValuePlans::plan(const ArrayShape& shape) {
  if (shape.counted.size() > most_conditions) throw too_much("contains", "too many of them hold for one array");
  ArrayPlan made{
      .prefix = {}, .rest = {}, .least = shape.least, .most = shape.most, .counted = {}, .unique = shape.unique && shape.most > 1};
  uint64_t places = shape.prefix.size();
  for (const ArrayShape::Counted& c : shape.counted) {
    made.counted.push_back({c.least, c.most});
    places = std::max(places, c.from);
  }
  places = std::min(places, shape.most);
  for (uint64_t i = 0; i < places; ++i)
    made.prefix.push_back(choices(i < shape.prefix.size() ? shape.prefix[i] : shape.rest, shape.counted, i));
  if (places < shape.most) made.rest = choices(shape.rest, shape.counted, places);
  return made;
}

bool ValuePlans::matches(Expression keys, const std::string& name) {
  if (keys == values_.any_string) return true;
  Expressions& e = values_.expressions();
  return e.both(std::array{keys, values_.string(name)}) != Expressions::nothing;
}

Conjunction ValuePlans::of_name(const ObjectShape::Layer& layer, const std::string& name) {
  Conjunction all;
  bool other = true;
  for (const auto& [key, what] : layer.names) {
    if (key != name) continue;
    append(all, what);
    other = false;
  }
  for (const auto& [keys, what] : layer.patterns) {
    if (!matches(keys, name)) continue;
    append(all, what);
    other = false;
  }
  return other ? layer.others : all;
}

std::vector<Choice> ValuePlans::choices(const Conjunction& all, const std::vector<const Conjunction*>& some,
                                        const std::vector<uint32_t>& bits) {
  std::vector<Choice> made;
  for (uint32_t chosen = 0; chosen < 1u << some.size(); ++chosen) {
    Conjunction what = all;
    uint32_t met = 0;
    for (size_t i = 0; i < some.size(); ++i) {
      if ((chosen >> i & 1) == 0) continue;
      append(what, *some[i]);
      met |= bits[i];
    }
    made.push_back({ask(what), met});
  }
  return made;
}

ObjectPlan ValuePlans::plan(const ObjectShape& shape) {
  if (shape.some.size() > most_conditions) throw too_much("not", "too many conditions on one object");
  ObjectPlan made{.named = {}, .others = {}, .least = shape.least, .most = shape.most, .some = (1u << shape.some.size()) - 1};
  std::vector<std::string> names;
  std::unordered_map<std::string, bool> seen;
  const auto add = [&](const std::string& name) {
    if (seen.try_emplace(name, false).second) names.push_back(name);
  };
  for (const ObjectShape::Layer& layer : shape.layers)
    for (const auto& [name, what] : layer.names) add(name);
  for (const std::string& name : shape.required) {
    add(name);
    seen[name] = true;
  }
  // A layer of many names is asked for each of them: by a table, not by looking through it.
  std::vector<std::unordered_map<std::string, Conjunction>> of_layers;
  for (const ObjectShape::Layer& layer : shape.layers) {
    auto& table = of_layers.emplace_back();
    for (const auto& [name, what] : layer.names) append(table[name], what);
  }
  for (const std::string& name : names) {
    Conjunction all;
    for (size_t l = 0; l < shape.layers.size(); ++l) {
      const ObjectShape::Layer& layer = shape.layers[l];
      const auto it = of_layers[l].find(name);
      if (!layer.patterns.empty())
        append(all, of_name(layer, name));
      else
        append(all, it == of_layers[l].end() ? layer.others : it->second);
    }
    const bool may = std::all_of(shape.keys.begin(), shape.keys.end(), [&](Expression keys) { return matches(keys, name); });
    std::vector<const Conjunction*> some;
    std::vector<uint32_t> bits;
    for (size_t i = 0; i < shape.some.size(); ++i) {
      if (!matches(shape.some[i].keys, name)) continue;
      some.push_back(&shape.some[i].what);
      bits.push_back(1u << i);
    }
    made.named.push_back({name, may ? choices(all, some, bits) : std::vector<Choice>(), seen[name]});
  }
  made.others = others(shape, names);
  return made;
}

// All other keys, told apart by which patterns and conditions they match.
std::vector<ObjectPlan::Others> ValuePlans::others(const ObjectShape& shape, const std::vector<std::string>& names) {
  Expressions& e = values_.expressions();
  struct Kind {
    Expression keys;
    Conjunction what;
    uint32_t some = 0;
  };
  Expression rest = values_.any_string;
  for (const Expression keys : shape.keys) rest = e.both(std::array{rest, keys});
  if (!names.empty()) rest = values_.both_strings(rest, values_.none_of(values_.strings(names)));
  std::vector<Kind> kinds;
  if (rest != Expressions::nothing) kinds.push_back({rest, {}});
  const auto split = [&](Expression keys, const auto& inside) {
    std::vector<Kind> cut;
    for (const Kind& k : kinds) {
      const Expression in = values_.both_strings(k.keys, keys), out = values_.both_strings(k.keys, values_.none_of(keys));
      if (in != Expressions::nothing) {
        inside(cut.emplace_back(k));
        cut.back().keys = in;
      }
      if (out == Expressions::nothing) continue;
      cut.push_back(k);
      cut.back().keys = out;
    }
    if (cut.size() > most_kinds_of_keys) throw too_much("patternProperties", "too many of its patterns overlap");
    kinds = std::move(cut);
  };
  for (const ObjectShape::Layer& layer : shape.layers) {
    if (layer.patterns.empty()) {
      for (Kind& k : kinds) append(k.what, layer.others);
      continue;
    }
    Expression matched = Expressions::nothing;
    for (const auto& [keys, what] : layer.patterns) {
      split(keys, [&, &what = what](Kind& k) { append(k.what, what); });
      matched = e.either(std::array{matched, keys});
    }
    for (Kind& k : kinds)
      if (e.both(std::array{k.keys, matched}) == Expressions::nothing) append(k.what, layer.others);
  }
  for (size_t i = 0; i < shape.some.size(); ++i) split(shape.some[i].keys, [&](Kind& k) { k.some |= 1u << i; });
  std::vector<ObjectPlan::Others> made;
  for (const Kind& k : kinds) {
    std::vector<const Conjunction*> some;
    std::vector<uint32_t> bits;
    for (size_t i = 0; i < shape.some.size(); ++i) {
      if ((k.some >> i & 1) == 0) continue;
      some.push_back(&shape.some[i].what);
      bits.push_back(1u << i);
    }
    made.push_back({k.keys, choices(k.what, some, bits)});
  }
  return made;
}

bool ValuePlans::possible(const std::vector<Choice>& choices) const {
  return std::any_of(choices.begin(), choices.end(), [&](const Choice& c) { return plans_[c.plan].possible; });
}

// Conditions that are counted are looked at alone; whether they go together shows when the texts are made.
bool ValuePlans::possible(const ArrayPlan& plan) const {
  if (plan.least > plan.most) return false;
  uint64_t least = plan.least;
  for (const ArrayPlan::Counted& c : plan.counted) {
    if (c.least > c.most) return false;
    least = std::max(least, c.least);
  }
  for (size_t i = 0; i < plan.prefix.size() && i < least; ++i)
    if (!possible(plan.prefix[i])) return false;
  return least <= plan.prefix.size() || possible(plan.rest);
}

bool ValuePlans::possible(const ObjectPlan& plan) const {
  uint64_t required = 0, all = 0;
  uint32_t met = 0;
  const auto meet = [&](const std::vector<Choice>& choices) {
    for (const Choice& c : choices)
      if (plans_[c.plan].possible) met |= c.meets;
  };
  for (const ObjectPlan::Named& n : plan.named) {
    const bool can = possible(n.choices);
    if (n.required && !can) return false;
    required += n.required;
    all += can;
    meet(n.choices);
  }
  for (const ObjectPlan::Others& o : plan.others) {
    if (possible(o.choices)) all = unlimited;
    meet(o.choices);
    if (all == unlimited) break;
  }
  for (const ObjectPlan::Others& o : plan.others) meet(o.choices);
  return required <= plan.most && all >= plan.least && met == plan.some;
}

}  // namespace lt::grammar
