#include "grammar/schema_sets.h"

#include <algorithm>

#include "grammar/keyword_sets.h"

namespace lt::grammar {

ValueSet SchemaSets::of(const Conjunction& all) {
  if (all.empty()) return sets_.any();
  ValueSet made = of(all[0]);
  for (size_t i = 1; i < all.size(); ++i) {
    made = sets_.both(made, of(all[i]));
    prune(made);
  }
  return made;
}

const ValueSet& SchemaSets::of(Literal literal) {
  if (const auto known = known_.find(literal); known != known_.end()) return *known->second;
  const Schema& schema = reader_[literal >> 1];
  constexpr int deepest = 200;
  if (inside_[literal])
    throw SchemaError("$ref", schema.pointer, "schema: what stands at " + place(schema) + " is itself before anything is said of a value");
  if (++depth_ > deepest)
    throw SchemaError("$ref", schema.pointer, "schema: expected at most 200 schemas for one value, one through another");
  inside_[literal] = true;
  auto made = std::make_unique<ValueSet>((literal & 1) == 0 ? positive(literal >> 1) : negative(literal >> 1));
  inside_[literal] = false;
  --depth_;
  prune(*made);
  return *known_.emplace(literal, std::move(made)).first->second;
}

ValueSet SchemaSets::positive(SchemaId id) {
  const Schema& schema = reader_[id];
  if (!schema.refused.empty()) throw refusal(schema, schema.refused, "");
  if (schema.never) return {};
  ValueSet made = sets_.any();
  for (const Assertion& a : assertions(id)) {
    made = told(schema, "schema", [&] { return sets_.both(made, a.holds()); });
    prune(made);
  }
  return with_unevaluated(id, std::move(made));
}

ValueSet SchemaSets::negative(SchemaId id) {
  const Schema& schema = reader_[id];
  if (!schema.refused.empty()) throw refusal(schema, schema.refused, "");
  if (schema.unevaluated_properties || schema.unevaluated_items)
    throw refusal(schema, schema.unevaluated_items ? "unevaluatedItems" : "unevaluatedProperties", " inside not, oneOf or if");
  if (schema.never) return sets_.any();
  ValueSet made;
  for (const Assertion& a : assertions(id)) told(schema, "schema", [&] { return sets_.join(made, a.breaks()), 0; });
  merge_absent(made.objects);
  for (ObjectShape& o : made.objects)
    for (ObjectShape::Layer& l : o.layers) l.evaluates = false;
  for (ArrayShape& a : made.arrays) a.evaluated = 0;
  return made;
}

// Without a property, or with one that meets something: it is optional. So one_of's branches of a property each exclude one another in one
// way, not in two.
void SchemaSets::merge_absent(std::vector<ObjectShape>& shapes) {
  const auto single = [](const ObjectShape& o) {
    return o.layers.size() == 1 && o.layers[0].names.size() == 1 && o.layers[0].patterns.empty() && o.layers[0].others.empty() &&
           o.keys.empty() && o.some.empty() && o.least == 0 && o.most == unlimited;
  };
  const Conjunction never{fails(reader_.anything())};
  for (ObjectShape& absent : shapes) {
    if (!single(absent) || !absent.required.empty() || absent.layers[0].names[0].second != never) continue;
    const std::string& name = absent.layers[0].names[0].first;
    const auto present = std::find_if(shapes.begin(), shapes.end(), [&](const ObjectShape& o) {
      return single(o) && o.layers[0].names[0].first == name && o.required == std::vector{name};
    });
    if (present == shapes.end()) continue;
    present->required.clear();
    absent.most = 0, absent.least = 1;  // no object
  }
  std::erase_if(shapes, [](const ObjectShape& o) { return o.least > o.most; });
}

std::vector<SchemaSets::Assertion> SchemaSets::assertions(SchemaId id) {
  std::vector<Assertion> all;
  of_types(id, all);
  of_arrays(id, all);
  of_objects(id, all);
  of_compositions(id, all);
  return all;
}

void SchemaSets::of_compositions(SchemaId id, std::vector<Assertion>& to) {
  const Schema& s = reader_[id];
  if (!s.reference.empty()) {
    const SchemaId target = reader_.referred(id);
    to.push_back({[this, target] { return of(meets(target)); }, [this, target] { return of(fails(target)); }});
  }
  for (const SchemaId part : s.all_of) to.push_back({[this, part] { return of(meets(part)); }, [this, part] { return of(fails(part)); }});
  for (const std::vector<SchemaId>& ways : s.any_of) {
    to.push_back({[this, &ways] {
                    ValueSet made;
                    for (const SchemaId way : ways) sets_.join(made, ValueSet(of(meets(way))));
                    return made;
                  },
                  [this, &ways] {
                    Conjunction none;
                    for (const SchemaId way : ways) none.push_back(fails(way));
                    return of(none);
                  }});
  }
  if (s.one_of) {
    to.push_back({[this, &s] { return told(s, "oneOf", [&] { return exactly_one(*s.one_of); }); },
                  [this, &s] { return told(s, "oneOf", [&] { return not_exactly_one(*s.one_of); }); }});
  }
  for (const SchemaId none : s.none_of) to.push_back({[this, none] { return of(fails(none)); }, [this, none] { return of(meets(none)); }});
  if (s.condition) {
    const auto chosen = [this, &s](bool holds) {
      const auto part = [&](std::optional<SchemaId> then, Literal condition) {
        Conjunction all{condition};
        if (then) all.push_back(holds ? meets(*then) : fails(*then));
        return then || holds ? of(all) : ValueSet();
      };
      ValueSet made = part(s.then, meets(*s.condition));
      sets_.join(made, part(s.otherwise, fails(*s.condition)));
      return made;
    };
    // By itself it says nothing but what it has looked at.
    if (s.then || s.otherwise || s.unevaluated_properties || s.unevaluated_items)
      to.push_back({[chosen] { return chosen(true); }, [chosen] { return chosen(false); }});
  }
}

ValueSet SchemaSets::exactly_one(const std::vector<SchemaId>& ways) {
  std::vector<Conjunction> against(ways.size());
  for (size_t i = 0; i < ways.size(); ++i) {
    for (size_t j = i + 1; j < ways.size(); ++j) {
      ValueSet shared = sets_.both(of(meets(ways[i])), of(meets(ways[j])));
      prune(shared);
      if (shared.empty()) continue;
      against[i].push_back(fails(ways[j]));
      against[j].push_back(fails(ways[i]));
    }
  }
  ValueSet made;
  for (size_t i = 0; i < ways.size(); ++i) {
    Conjunction alone{meets(ways[i])};
    append(alone, against[i]);
    sets_.join(made, of(alone));
  }
  return made;
}

ValueSet SchemaSets::not_exactly_one(const std::vector<SchemaId>& ways) {
  Conjunction none;
  for (const SchemaId way : ways) none.push_back(fails(way));
  ValueSet made = of(none);
  for (size_t i = 0; i < ways.size(); ++i)
    for (size_t j = i + 1; j < ways.size(); ++j) sets_.join(made, of(Conjunction{meets(ways[i]), meets(ways[j])}));
  return made;
}

ValueSet SchemaSets::with_unevaluated(SchemaId id, ValueSet set) {
  const Schema& s = reader_[id];
  if (s.unevaluated_properties && reader_[*s.unevaluated_properties].anything) {
    for (ObjectShape& shape : set.objects) shape.layers.push_back({.names = {}, .patterns = {}, .others = {}, .looks_at_others = true});
  } else if (s.unevaluated_properties) {
    if (has_alternatives(id, 0)) throw refusal(s, "unevaluatedProperties", " beside anyOf");
    for (ObjectShape& shape : set.objects) {
      ObjectShape::Layer rest;
      bool all = false;
      for (const ObjectShape::Layer& layer : shape.layers) {
        if (!layer.evaluates) continue;
        all = all || layer.looks_at_others;
        for (const auto& [name, what] : layer.names) rest.names.emplace_back(name, Conjunction());
        for (const auto& [keys, what] : layer.patterns) rest.patterns.emplace_back(keys, Conjunction());
      }
      rest.others = {meets(*s.unevaluated_properties)};
      rest.looks_at_others = true;
      if (!all) shape.layers.push_back(std::move(rest));
    }
  }
  if (s.unevaluated_items && reader_[*s.unevaluated_items].anything) {
    for (ArrayShape& shape : set.arrays) shape.evaluated = unlimited;
  } else if (s.unevaluated_items) {
    if (has_alternatives(id, 0)) throw refusal(s, "unevaluatedItems", " beside anyOf");
    for (ArrayShape& shape : set.arrays) {
      if (!shape.counted.empty()) throw refusal(s, "unevaluatedItems", " beside contains");
      if (shape.evaluated == unlimited) continue;
      while (shape.prefix.size() < shape.evaluated) shape.prefix.push_back(shape.rest);
      for (size_t i = shape.evaluated; i < shape.prefix.size(); ++i) append(shape.prefix[i], {meets(*s.unevaluated_items)});
      append(shape.rest, {meets(*s.unevaluated_items)});
      shape.evaluated = unlimited;
    }
  }
  return set;
}

// Of several ways that hold at once, each evaluates: a union of ways does not tell which they were.
bool SchemaSets::has_alternatives(SchemaId id, int depth) {
  const Schema& s = reader_[id];
  if (!s.any_of.empty() || depth > 64) return true;
  std::vector<SchemaId> parts = s.all_of;
  if (!s.reference.empty()) parts.push_back(reader_.referred(id));
  if (s.one_of) parts.insert(parts.end(), s.one_of->begin(), s.one_of->end());
  for (const auto& part : {s.condition, s.then, s.otherwise})
    if (part) parts.push_back(*part);
  for (const auto& [name, part] : s.applied_with) parts.push_back(part);
  return std::any_of(parts.begin(), parts.end(), [&](SchemaId part) { return has_alternatives(part, depth + 1); });
}

// What plain schemas among them let through, of values that are no arrays or objects; those may be more.
ValueSet SchemaSets::scalars(const Conjunction& all) {
  ValueSet made = sets_.any();
  for (const Literal l : all) {
    const Schema& s = reader_[l >> 1];
    const bool plain = s.reference.empty() && s.all_of.empty() && s.any_of.empty() && !s.one_of && s.none_of.empty() && !s.condition &&
                       !s.unevaluated_properties && !s.unevaluated_items && !s.names && s.applied_with.empty() && s.refused.empty();
    if (plain && !inside_[l]) made = sets_.both(made, of(l));
  }
  return made;
}

bool SchemaSets::surely_empty(const ObjectShape& shape) {
  if (shape.least > shape.most || shape.required.size() > shape.most) return true;
  return std::any_of(shape.required.begin(), shape.required.end(), [&](const std::string& name) {
    Conjunction all;
    for (const ObjectShape::Layer& layer : shape.layers) {
      const auto it = std::find_if(layer.names.begin(), layer.names.end(), [&](const auto& n) { return n.first == name; });
      if (it != layer.names.end())
        append(all, it->second);
      else if (layer.patterns.empty())
        append(all, layer.others);
    }
    return !all.empty() && scalars(all).empty();
  });
}

void SchemaSets::prune(ValueSet& set) {
  std::erase_if(set.arrays, [](const ArrayShape& a) { return a.least > a.most; });
  if (set.objects.empty()) return;
  std::erase_if(set.objects, [&](const ObjectShape& o) { return surely_empty(o); });
}

}  // namespace lt::grammar
