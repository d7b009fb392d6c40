#include "grammar/schema_sets.h"

#include <algorithm>
#include <array>
#include <functional>

#include "core/text.h"
#include "grammar/formats.h"

namespace lt::grammar {
namespace {

std::string place(const Schema& schema) { return schema.pointer.empty() ? "its root" : shown(schema.pointer); }

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

SchemaError refusal(const Schema& schema, const std::string& keyword, const std::string& why) {
  return {keyword, schema.pointer, "schema: " + keyword + " at " + place(schema) + " cannot be enforced" + why};
}

}  // namespace

// One keyword: the values for which it holds, and those for which it does not.
struct SchemaSets::Assertion {
  std::function<ValueSet()> holds, breaks;
};

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

void SchemaSets::of_types(SchemaId id, std::vector<Assertion>& to) {
  const Schema& s = reader_[id];
  Expressions& e = sets_.expressions();
  if (s.types != is_any) {
    const auto others = static_cast<uint8_t>(is_any & ~s.types);
    to.push_back({[this, others] { return sets_.any_but(others); }, [this, &s] { return sets_.any_but(s.types); }});
  }
  const auto numbers = [&](Expression set, bool whole = false) {
    to.push_back({[this, set, whole] {
                    ValueSet made = sets_.any();
                    made.numbers = set;
                    made.whole = whole;
                    return made;
                  },
                  [this, set] {
                    ValueSet made;
                    made.numbers = sets_.except_numbers(set);
                    return made;
                  }});
  };
  const auto strings = [&](Expression set) {
    to.push_back({[this, set] {
                    ValueSet made = sets_.any();
                    made.strings = set;
                    return made;
                  },
                  [this, set] {
                    ValueSet made;
                    made.strings = sets_.except_strings(set);
                    return made;
                  }});
  };
  if (s.whole && !s.step) numbers(whole_numbers(e), true);
  const auto except = [&](Expression set) { return e.both(std::array{sets_.decimal, e.except(set)}); };
  if (s.least) numbers(at_least(e, *s.least));
  if (s.above) numbers(above(e, *s.above));
  if (s.most) numbers(except(above(e, *s.most)));
  if (s.below) numbers(except(at_least(e, *s.below)));
  if (s.step) numbers(told(s, "multipleOf", [&] { return multiples(e, *s.step, s.whole); }), s.whole);
  if (s.listed) to.push_back(listed(*s.listed));
  if (s.min_length > 0 || s.max_length != unlimited) {
    const auto limit = [](uint64_t n) { return static_cast<uint32_t>(std::min<uint64_t>(n, Expressions::no_limit)); };
    const Expression character = sets_.json().one_of(tokenize::CharSet::all());
    strings(s.max_length < s.min_length ? Expressions::nothing : e.repeat(character, limit(s.min_length), limit(s.max_length)));
  }
  if (s.pattern) strings(told(s, "pattern", [&] { return texts_of(parse_ecma(*s.pattern), sets_.json(), true); }));
  if (!s.format) return;
  const std::string& format = *s.format;
  if (format == "int32" || format == "int64") {
    const bool small = format == "int32";
    const Expression low = at_least(e, Decimal::of(small ? "-2147483648" : "-9223372036854775808"));
    numbers(e.both(std::array{low, except(above(e, Decimal::of(small ? "2147483647" : "9223372036854775807")))}));
    return;
  }
  const FormatKind kind = kind_of_format(format);
  if (kind == FormatKind::refused) throw refusal(s, "format", ": " + shown(format) + " is not built");
  if (kind == FormatKind::enforced) strings(strings_of(s, "format", format));
}

SchemaSets::Assertion SchemaSets::listed(const Listed& given) {
  Expressions& e = sets_.expressions();
  std::vector<Expression> numbers;
  bool whole = true;
  for (const Decimal& d : given.numbers) {
    numbers.push_back(equal_to(e, d));
    whole = whole && d.fraction.empty();
  }
  const Expression string_set = sets_.strings(given.strings), number_set = e.either(numbers);
  const auto holds = [this, &given, string_set, number_set, whole] {
    ValueSet made{.null = given.null,
                  .no = given.no,
                  .yes = given.yes,
                  .numbers = number_set,
                  .whole = whole,
                  .strings = string_set,
                  .arrays = {},
                  .objects = {}};
    for (const SchemaId id : given.structures) sets_.join(made, ValueSet(of(meets(id))));
    return made;
  };
  const auto breaks = [this, &given, string_set, number_set] {
    ValueSet made = sets_.any();
    made.null = !given.null, made.no = !given.no, made.yes = !given.yes;
    made.numbers = sets_.except_numbers(number_set);
    made.strings = sets_.except_strings(string_set);
    for (const SchemaId id : given.structures) made = sets_.both(made, of(fails(id)));
    return made;
  };
  return {holds, breaks};
}

namespace {

ValueSet with_array(ValueSet set, ArrayShape shape) {
  set.arrays.assign(1, std::move(shape));
  return set;
}
ValueSet with_object(ValueSet set, ObjectShape shape) {
  set.objects.assign(1, std::move(shape));
  return set;
}

}  // namespace

void SchemaSets::of_arrays(SchemaId id, std::vector<Assertion>& to) {
  const Schema& s = reader_[id];
  const auto holds = [this](ArrayShape shape) { return [this, shape] { return with_array(sets_.any(), shape); }; };
  const auto breaks = [](std::vector<ArrayShape> shapes) {
    return [shapes] {
      ValueSet made;
      made.arrays = shapes;
      return made;
    };
  };
  if (!s.prefix.empty() || s.items) {
    ArrayShape shape;
    std::vector<ArrayShape> broken;
    for (const SchemaId element : s.prefix) {
      ArrayShape one;
      one.prefix.assign(shape.prefix.size(), {});
      one.prefix.push_back({fails(element)});
      one.least = one.prefix.size();
      broken.push_back(std::move(one));
      shape.prefix.push_back({meets(element)});
    }
    shape.evaluated = s.items ? unlimited : shape.prefix.size();
    if (s.items) {
      shape.rest = {meets(*s.items)};
      ArrayShape one;
      one.counted.push_back({.what = {fails(*s.items)}, .from = shape.prefix.size(), .least = 1});
      broken.push_back(std::move(one));
    }
    to.push_back({holds(shape), breaks(broken)});
  }
  if (s.min_items > 0 || s.max_items != unlimited) {
    ArrayShape shape, few, many;
    shape.least = s.min_items, shape.most = s.max_items;
    few.most = s.min_items - 1;
    many.least = s.max_items == unlimited ? unlimited : s.max_items + 1;
    std::vector<ArrayShape> broken;
    if (s.min_items > 0) broken.push_back(few);
    if (s.max_items != unlimited) broken.push_back(many);
    to.push_back({holds(shape), breaks(broken)});
  }
  if (s.contains) {
    ArrayShape shape;
    shape.counted.push_back({.what = {meets(*s.contains)}, .from = 0, .least = s.min_contains, .most = s.max_contains});
    std::vector<ArrayShape> broken(2);
    broken[0].counted.push_back({.what = {meets(*s.contains)}, .from = 0, .least = 0, .most = s.min_contains - 1});
    broken[1].counted.push_back({.what = {meets(*s.contains)}, .from = 0, .least = s.max_contains + 1, .most = unlimited});
    if (s.max_contains == unlimited) broken.pop_back();
    if (s.min_contains == 0) broken.erase(broken.begin());
    to.push_back({holds(shape), breaks(broken)});
  }
  if (s.unique) {
    ArrayShape shape;
    shape.unique = true;
    to.push_back({holds(shape), [&s]() -> ValueSet { throw refusal(s, "uniqueItems", " inside not, oneOf or if"); }});
  }
}

Expression SchemaSets::strings_of(const Schema& s, const char* keyword, const std::string& text) {
  const bool format = std::string_view(keyword) == "format";
  const auto [known, made] = strings_.try_emplace((format ? "format " : "pattern ") + text, Expressions::nothing);
  if (!made) return known->second;
  return known->second = told(
             s, keyword, [&] { return format ? strings_of_format(text, sets_.json()) : texts_of(parse_ecma(text), sets_.json(), true); });
}

Expression SchemaSets::keys_of(const Schema& s, const std::string& pattern) { return strings_of(s, "patternProperties", pattern); }

void SchemaSets::of_objects(SchemaId id, std::vector<Assertion>& to) {
  const Schema& s = reader_[id];
  Expressions& e = sets_.expressions();
  const auto holds = [this](ObjectShape shape) { return [this, shape] { return with_object(sets_.any(), shape); }; };
  const auto breaks = [](std::vector<ObjectShape> shapes) {
    return [shapes] {
      ValueSet made;
      made.objects = shapes;
      return made;
    };
  };
  const auto with_property = [](const std::string& name, Conjunction what) {
    ObjectShape shape;
    shape.layers.push_back({.names = {{name, std::move(what)}}, .patterns = {}, .others = {}, .evaluates = false});
    shape.required.push_back(name);
    return shape;
  };
  const auto without = [&](const std::string& name) {
    ObjectShape shape = with_property(name, {fails(reader_.anything())});
    shape.required.clear();
    return shape;
  };
  if (!s.properties.empty() || !s.patterns.empty() || s.additional) {
    ObjectShape shape;
    ObjectShape::Layer& layer = shape.layers.emplace_back();
    std::vector<ObjectShape> broken;
    std::vector<Expression> named;
    for (const auto& [name, schema] : s.properties) {
      layer.names.emplace_back(name, Conjunction{meets(schema)});
      broken.push_back(with_property(name, {fails(schema)}));
      named.push_back(sets_.string(name));
    }
    for (const auto& [pattern, schema] : s.patterns) {
      const Expression keys = keys_of(s, pattern);
      layer.patterns.emplace_back(keys, Conjunction{meets(schema)});
      broken.emplace_back().some.push_back({keys, {fails(schema)}});
      named.push_back(keys);
    }
    // Names that a pattern matches too must meet both; what patterns say of names is seen when all of an object is known.
    layer.looks_at_others = s.additional.has_value();
    if (s.additional) {
      layer.others = {meets(*s.additional)};
      if (!reader_[*s.additional].anything)
        broken.emplace_back().some.push_back({sets_.except_strings(e.either(named)), {fails(*s.additional)}});
    }
    to.push_back({holds(shape), breaks(broken)});
  }
  if (!s.required.empty()) {
    ObjectShape shape;
    shape.required = s.required;
    std::vector<ObjectShape> broken;
    for (const std::string& name : s.required) broken.push_back(without(name));
    to.push_back({holds(shape), breaks(broken)});
  }
  if (s.min_properties > 0 || s.max_properties != unlimited) {
    ObjectShape shape, few, many;
    shape.least = s.min_properties, shape.most = s.max_properties;
    few.most = s.min_properties - 1;
    many.least = s.max_properties == unlimited ? unlimited : s.max_properties + 1;
    std::vector<ObjectShape> broken;
    if (s.min_properties > 0) broken.push_back(few);
    if (s.max_properties != unlimited) broken.push_back(many);
    to.push_back({holds(shape), breaks(broken)});
  }
  if (s.names) {
    const Expression keys = of(meets(*s.names)).strings;
    if (keys != sets_.any_string) {
      ObjectShape shape, broken;
      shape.keys.push_back(keys);
      broken.some.push_back({sets_.except_strings(keys), {}});
      to.push_back({holds(shape), breaks({broken})});
    }
  }
  for (const auto& [name, others] : s.needed_with) {
    ObjectShape all = with_property(name, {});
    std::vector<ObjectShape> broken;
    for (const std::string& other : others) {
      all.required.push_back(other);
      ObjectShape one = without(other);
      one.required.push_back(name);
      broken.push_back(std::move(one));
    }
    to.push_back({[this, absent = without(name), all] {
                    ValueSet made = with_object(sets_.any(), absent);
                    made.objects.push_back(all);
                    return made;
                  },
                  breaks(broken)});
  }
  for (const auto& [name, schema] : s.applied_with) {
    const auto given = [this, present = with_property(name, {})](const ValueSet& set) {
      ValueSet objects;
      objects.objects.push_back(present);
      return sets_.both(objects, set);
    };
    to.push_back({[this, given, absent = without(name), schema = schema] {
                    ValueSet made = with_object(sets_.any(), absent);
                    sets_.join(made, given(of(meets(schema))));
                    return made;
                  },
                  [this, given, schema = schema] { return given(of(fails(schema))); }});
  }
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
