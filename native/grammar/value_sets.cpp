#include "grammar/value_sets.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "grammar/choices.h"

namespace lt::grammar {

void append(Conjunction& to, const Conjunction& more) {
  for (const Literal l : more)
    if (std::find(to.begin(), to.end(), l) == to.end()) to.push_back(l);
}

namespace {

ArrayShape both_arrays(const ArrayShape& a, const ArrayShape& b) {
  ArrayShape made;
  const auto element = [](const ArrayShape& of, size_t i) -> const Conjunction& { return i < of.prefix.size() ? of.prefix[i] : of.rest; };
  made.prefix.resize(std::max(a.prefix.size(), b.prefix.size()));
  for (size_t i = 0; i < made.prefix.size(); ++i) {
    made.prefix[i] = element(a, i);
    append(made.prefix[i], element(b, i));
  }
  made.rest = a.rest;
  append(made.rest, b.rest);
  made.least = std::max(a.least, b.least);
  made.most = std::min(a.most, b.most);
  made.counted = a.counted;
  made.counted.insert(made.counted.end(), b.counted.begin(), b.counted.end());
  made.unique = a.unique || b.unique;
  made.evaluated = std::max(a.evaluated, b.evaluated);
  return made;
}

ObjectShape both_objects(const ObjectShape& a, const ObjectShape& b) {
  ObjectShape made = a;
  for (const ObjectShape::Layer& layer : b.layers)
    if (std::find(made.layers.begin(), made.layers.end(), layer) == made.layers.end()) made.layers.push_back(layer);
  for (const std::string& name : b.required)
    if (std::find(made.required.begin(), made.required.end(), name) == made.required.end()) made.required.push_back(name);
  made.keys.insert(made.keys.end(), b.keys.begin(), b.keys.end());
  made.least = std::max(a.least, b.least);
  made.most = std::min(a.most, b.most);
  made.some.insert(made.some.end(), b.some.begin(), b.some.end());
  return made;
}

void check_count(size_t shapes) {
  if (shapes > ValueSets::most_shapes)
    throw Error(Code::unsupported, "expected at most 4,096 ways in which alternatives go together; write fewer of them beside one another");
}

}  // namespace

ValueSets::ValueSets(Alphabet letters)
    : e_(letters.expressions()),
      letters_(std::move(letters)),
      any_string(letters_.any_text()),
      any_number(any_numbers(e_)),
      decimal(decimals(e_)) {}

ValueSet ValueSets::any() const {
  ValueSet all{.null = true, .no = true, .yes = true, .numbers = any_number, .strings = any_string, .arrays = {}, .objects = {}};
  all.arrays.emplace_back();
  all.objects.emplace_back();
  return all;
}

ValueSet ValueSets::any_but(uint8_t types) const {
  ValueSet all = any();
  if ((types & is_null) != 0) all.null = false;
  if ((types & is_boolean) != 0) all.no = all.yes = false;
  if ((types & is_number) != 0) all.numbers = Expressions::nothing;
  if ((types & is_string) != 0) all.strings = Expressions::nothing;
  if ((types & is_array) != 0) all.arrays.clear();
  if ((types & is_object) != 0) all.objects.clear();
  return all;
}

Expression ValueSets::both_numbers(Expression a, Expression b) {
  return a == any_number ? b : b == any_number ? a : e_.both(std::array{a, b});
}

Expression ValueSets::string(const std::string& text) {
  const auto [known, made] = string_.try_emplace(text, Expressions::nothing);
  if (made) known->second = letters_.text(text);
  return known->second;
}

Expression ValueSets::strings(const std::vector<std::string>& texts) {
  const auto [known, made] = strings_.try_emplace(texts, Expressions::nothing);
  if (!made) return known->second;
  std::vector<std::string> as_written;
  std::vector<Expression> ways;
  for (const std::string& text : texts) {
    if (letters_.as_it_is(text))
      as_written.push_back(text);
    else
      ways.push_back(letters_.text(text));
  }
  if (!as_written.empty()) ways.push_back(one_of(e_, as_written));
  return known->second = e_.either(ways);
}

// A set of some numbers has those without an exponent alone.
Expression ValueSets::except_numbers(Expression numbers) {
  if (numbers == any_number) return Expressions::nothing;
  if (numbers == Expressions::nothing) return any_number;
  return e_.both(std::array{decimal, e_.except(numbers)});
}

ValueSet ValueSets::both(const ValueSet& a, const ValueSet& b) {
  ValueSet made{.null = a.null && b.null, .no = a.no && b.no, .yes = a.yes && b.yes, .arrays = {}, .objects = {}};
  made.numbers = both_numbers(a.numbers, b.numbers);
  made.whole = a.whole || b.whole;
  made.strings = a.strings == any_string ? b.strings : b.strings == any_string ? a.strings : e_.both(std::array{a.strings, b.strings});
  check_count(a.arrays.size() * b.arrays.size());
  for (const ArrayShape& x : a.arrays)
    for (const ArrayShape& y : b.arrays) made.arrays.push_back(both_arrays(x, y));
  check_count(a.objects.size() * b.objects.size());
  for (const ObjectShape& x : a.objects)
    for (const ObjectShape& y : b.objects) made.objects.push_back(both_objects(x, y));
  if (made.objects.size() > 2) {
    std::sort(made.objects.begin(), made.objects.end());
    made.objects.erase(std::unique(made.objects.begin(), made.objects.end()), made.objects.end());
  }
  return made;
}

void ValueSets::join(ValueSet& to, ValueSet&& more) {
  to.null |= more.null;
  to.no |= more.no;
  to.yes |= more.yes;
  if (to.numbers == Expressions::nothing)
    to.whole = more.whole;
  else if (more.numbers != Expressions::nothing)
    to.whole = to.whole && more.whole;
  to.numbers = to.numbers == any_number || more.numbers == any_number ? any_number : e_.either(std::array{to.numbers, more.numbers});
  to.strings = to.strings == any_string || more.strings == any_string ? any_string : e_.either(std::array{to.strings, more.strings});
  check_count(to.arrays.size() + more.arrays.size());
  check_count(to.objects.size() + more.objects.size());
  to.arrays.insert(to.arrays.end(), std::make_move_iterator(more.arrays.begin()), std::make_move_iterator(more.arrays.end()));
  to.objects.insert(to.objects.end(), std::make_move_iterator(more.objects.begin()), std::make_move_iterator(more.objects.end()));
}

}  // namespace lt::grammar
