#include "grammar/keyword_sets.h"

#include <algorithm>
#include <array>

#include "grammar/formats.h"
#include "grammar/schema_sets.h"

namespace lt::grammar {

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
    const Expression character = sets_.letters().one_of(tokenize::CharSet::all());
    strings(s.max_length < s.min_length ? Expressions::nothing : e.repeat(character, limit(s.min_length), limit(s.max_length)));
  }
  if (s.pattern) strings(told(s, "pattern", [&] { return texts_of(parse_ecma(*s.pattern), sets_.letters(), true); }));
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

// Of at least and at most so many parts; and those of fewer, and of more.
template <class Shape>
std::pair<Shape, std::vector<Shape>> limited(uint64_t least, uint64_t most) {
  std::pair<Shape, std::vector<Shape>> made;
  auto& [shape, broken] = made;
  shape.least = least, shape.most = most;
  if (least > 0) broken.emplace_back().most = least - 1;
  if (most != unlimited) broken.emplace_back().least = most + 1;
  return made;
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
    const auto [shape, broken] = limited<ArrayShape>(s.min_items, s.max_items);
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
  return known->second = told(s, keyword, [&] {
           return format ? strings_of_format(text, sets_.letters()) : texts_of(parse_ecma(text), sets_.letters(), true);
         });
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
    const auto [shape, broken] = limited<ObjectShape>(s.min_properties, s.max_properties);
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

}  // namespace lt::grammar
