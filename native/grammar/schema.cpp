#include "grammar/schema.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/text.h"
#include "grammar/string_texts.h"
#include "grammar/value_plans.h"

namespace lt::grammar {
namespace {

// Writes plans as expressions: a rule for each value that has parts, so that nothing is written twice and nothing in itself.
class SchemaTexts {
 public:
  SchemaTexts(ValuePlans& plans, ValueSets& sets, StringTexts& strings, const Writing& writing, const Spell& spell, bool any_space)
      : plans_(plans),
        strings_(strings),
        writing_(writing),
        spell_(spell),
        e_(sets.expressions()),
        rules_(plans.size()),
        space_(Expressions::empty) {
    ByteSet spaces;
    for (const char c : std::string_view(" \t\n\r")) spaces.add(static_cast<uint8_t>(c));
    if (any_space) space_ = e_.repeat(e_.byte_of(spaces), 0, most_spaces);
    behind_mark_ = any_space ? space_ : e_.repeat(e_.text(" "), 0, 1);
    comma_ = e_.sequence(std::array{space_, e_.text(","), behind_mark_});
    colon_ = e_.sequence(std::array{space_, e_.text(":"), behind_mark_});
    form_ = {strings_.open(), e_.text("}"), space_, e_.sequence(e_.text(","), behind_mark_), false};
  }

  Expression whole(PlanId root) {
    const Expression made = writing_.apart ? apart(root) : value(root);
    while (!asked_.empty()) {
      const PlanId plan = asked_.front();
      asked_.pop_front();
      placed(plans_[plan].pointer, [&] { e_.define(*rules_[plan], structures(plan)); });
    }
    if (e_.seal()) throw SchemaError("", "", "schema: a part of it that must be there has no values");
    return made;
  }

 private:
  static constexpr uint32_t most_spaces = 40;

  // What stands around the properties of an object: before each key, behind the last, between two (space, then a mark).
  struct Form {
    Expression open, end, space, mark;
    bool apart;
  };

  Expression either(Expression a, Expression b) { return e_.either(std::array{a, b}); }

  Expression value(PlanId id) {
    const ValuePlan& plan = plans_[id];
    if (!plan.possible) return Expressions::nothing;
    if (plan.arrays.empty() && plan.objects.empty()) return scalars(id);
    if (!rules_[id]) {
      rules_[id] = e_.rule();
      asked_.push_back(id);
    }
    return e_.call(*rules_[id], false);
  }
  Expression value(const Choice& choice) { return value(choice.plan); }

  // quoted: each value in one way.
  Expression scalars(PlanId id, bool quoted = false) {
    const ValueSet& set = plans_[id].set;
    const bool python = writing_.values != Writing::Values::json && !quoted;
    return e_.either(
        std::array{nulls(set, python), booleans(set, python), numbers(set), strings_.value(plans_.asked(id), set.strings, quoted)});
  }
  Expression literal(bool there, std::string_view json, std::string_view pythons, bool python) {
    if (!there) return Expressions::nothing;
    return python ? either(e_.text(json), e_.text(pythons)) : e_.text(json);
  }
  Expression nulls(const ValueSet& set, bool python) { return literal(set.null, "null", "None", python); }
  Expression booleans(const ValueSet& set, bool python) {
    return either(literal(set.no, "false", "False", python), literal(set.yes, "true", "True", python));
  }
  Expression numbers(const ValueSet& set) { return set.whole ? without_fraction(set.numbers) : set.numbers; }
  // Integers are written as such, though 1.0 is one.
  Expression without_fraction(Expression numbers) {
    ByteSet digits = ByteSet::range('0', '9');
    digits.add('-');
    return e_.only(numbers, digits);
  }

  Expression structures(PlanId id) { return e_.either(std::array{scalars(id), arrays(plans_[id]), objects(plans_[id])}); }
  Expression arrays(const ValuePlan& plan) {
    std::vector<Expression> ways;
    for (const ArrayPlan& a : plan.arrays) ways.push_back(a.unique ? unique(a) : a.counted.empty() ? elements(a) : counted(a));
    return e_.sequence(std::array{e_.text("["), space_, e_.either(ways)});
  }
  Expression objects(const ValuePlan& plan) {
    std::vector<Expression> ways;
    for (const ObjectPlan& o : plan.objects) ways.push_back(properties(o, form_, Expressions::empty, form_.end));
    return e_.sequence(std::array{e_.text("{"), space_, e_.either(ways)});
  }

  // The properties of the outermost object, each on its own.
  Expression apart(PlanId root) {
    const Properties& p = *writing_.apart;
    const Form form{spell_(p.open), Expressions::empty, Expressions::empty, spell_(p.between), true};
    const Expression first = spell_(p.first), none = spell_(p.none);
    std::vector<Expression> ways;
    placed(plans_[root].pointer, [&] {
      for (const ObjectPlan& o : plans_[root].objects) ways.push_back(properties(o, form, first, none));
    });
    return e_.either(ways);
  }
  // Behind its key. text: it is read as a string.
  Expression value_apart(PlanId id, bool text) {
    const Properties& p = *writing_.apart;
    const ValuePlan& plan = plans_[id];
    if (!plan.possible) return Expressions::nothing;
    const bool python = p.literals || writing_.values != Writing::Values::json;
    std::array<Expression, value_kinds> kinds{};
    placed(plan.pointer, [&] {
      kinds = {strings_.apart(plans_.asked(id), plan.set.strings, text || p.told),
               numbers(plan.set),
               booleans(plan.set, python),
               nulls(plan.set, python),
               arrays(plan),
               objects(plan)};
    });
    std::vector<Expression> ways;
    for (size_t k = 0; k < value_kinds; ++k)
      ways.push_back(
          e_.sequence(std::array{spell_(p.behind_key[k]), p.lines ? in_lines(kinds[k], k == 0) : kinds[k], spell_(p.behind[k])}));
    return e_.either(ways);
  }
  // Between line breaks, or without them where it neither begins nor ends with one, as strings may.
  Expression in_lines(Expression value, bool string) {
    const Expression line = e_.text("\n"), within = e_.sequence(std::array{line, value, line});
    if (!string) return either(within, value);
    const Expression edge = either(e_.sequence(line, Expressions::anything), e_.sequence(Expressions::anything, line));
    return either(within, e_.both(std::array{value, e_.except(edge)}));
  }
  Expression property(const Form& form, const ObjectPlan::Named& named, const Choice& choice) {
    if (!form.apart) return e_.sequence(std::array{strings_.key(named.name), colon_, value(choice)});
    const std::vector<std::string>& texts = writing_.apart->texts;
    return e_.sequence(strings_.key_apart(named.name), value_apart(choice.plan, std::ranges::find(texts, named.name) != texts.end()));
  }
  Expression property(const Form& form, const ObjectPlan::Others& others, const Choice& choice) {
    if (form.apart) return e_.sequence(strings_.keys_apart(others.keys), value_apart(choice.plan, false));
    return e_.sequence(std::array{strings_.keys(others.keys), colon_, value(choice)});
  }

  // What follows [ and its space.
  Expression elements(const ArrayPlan& a) {
    const auto limit = [](uint64_t n) { return static_cast<uint32_t>(std::min<uint64_t>(n, Expressions::no_limit)); };
    const auto left = [&](uint64_t of, uint64_t taken) { return of == unlimited ? unlimited : of - std::min(of, taken); };
    const Expression end = e_.text("]"), close = e_.sequence(space_, end);
    const uint64_t places = std::min<uint64_t>(a.prefix.size(), a.most);
    const uint64_t lead = std::max<uint64_t>(places, 1);  // elements that are written one by one
    if (a.most == 0) return a.least == 0 ? end : Expressions::nothing;
    const Expression rest = a.rest.empty() ? Expressions::nothing : value(a.rest[0]);
    Expression made = close;
    if (lead < a.most)
      made = e_.sequence(e_.repeat(e_.sequence(comma_, rest), limit(left(a.least, lead)), limit(left(a.most, lead))), close);
    else if (a.least > lead)
      return Expressions::nothing;
    for (uint64_t i = lead; i > 0; --i) {
      const uint64_t before = i - 1;
      const Expression element = before < places ? value(a.prefix[before][0]) : rest;
      made = e_.sequence(element, made);
      if (before > 0) made = e_.sequence(comma_, made);
      if (before >= a.least) made = either(before > 0 ? close : end, made);
    }
    return made;
  }

  // By how many elements there are, as far as it matters, and how many of them meet which condition.
  Expression counted(const ArrayPlan& a) {
    const uint64_t places = std::max<uint64_t>(a.prefix.size(), a.most == unlimited ? a.least : a.most);
    std::vector<uint64_t> sizes{places + 1};
    uint64_t states = places + 1;
    for (const ArrayPlan::Counted& c : a.counted) {
      sizes.push_back((c.most == unlimited ? c.least : c.most) + 1);
      if (sizes.back() > most_states || (states *= sizes.back()) > most_states)
        throw SchemaError("contains", "", "schema: contains cannot be enforced with numbers so large");
    }
    if (places > most_states) throw SchemaError("contains", "", "schema: contains cannot be enforced with numbers so large");
    const auto decode = [&](uint64_t state) {
      std::vector<uint64_t> counts;
      for (const uint64_t size : sizes) {
        counts.push_back(state % size);
        state /= size;
      }
      return counts;
    };
    std::vector<Expression> behind(states, Expressions::nothing);
    const Expression end = e_.text("]");
    Expression start = Expressions::nothing;
    for (uint64_t state = states; state-- > 0;) {
      const std::vector<uint64_t> at = decode(state);
      bool whole = at[0] >= a.least;
      for (size_t c = 0; c < a.counted.size(); ++c) whole = whole && at[c + 1] >= a.counted[c].least;
      const std::vector<Choice>& choices = at[0] < a.prefix.size() ? a.prefix[at[0]] : a.rest;
      std::vector<Expression> ways, same;
      for (const Choice& choice : choices) {
        const std::optional<uint64_t> to = at[0] == a.most ? std::nullopt : counted_next(a, sizes, at, choice.meets);
        if (!to) continue;
        const Expression element = value(choice);
        if (*to == state)
          same.push_back(element);
        else
          ways.push_back(e_.sequence(element, behind[*to]));
      }
      const Expression next = e_.either(ways), loop = e_.either(same);
      // Behind an element: those that change nothing, then the end, or one that does.
      const Expression leave = either(whole ? e_.sequence(space_, end) : Expressions::nothing, e_.sequence(comma_, next));
      behind[state] = e_.sequence(e_.repeat(e_.sequence(comma_, loop), 0, Expressions::no_limit), leave);
      if (state == 0) start = e_.either(std::array{whole ? end : Expressions::nothing, next, e_.sequence(loop, behind[state])});
    }
    return start;
  }
  std::optional<uint64_t> counted_next(const ArrayPlan& a, const std::vector<uint64_t>& sizes, std::vector<uint64_t> at, uint32_t meets) {
    at[0] = std::min(at[0] + 1, sizes[0] - 1);
    for (size_t c = 0; c < a.counted.size(); ++c) {
      if ((meets >> c & 1) == 0) continue;
      if (a.counted[c].most != unlimited && at[c + 1] == a.counted[c].most) return std::nullopt;
      at[c + 1] = std::min(at[c + 1] + 1, sizes[c + 1] - 1);
    }
    uint64_t state = 0;
    for (size_t i = sizes.size(); i > 0; --i) state = state * sizes[i - 1] + at[i - 1];
    return state;
  }

  // Elements that all differ, of a few values: each is there at most once.
  Expression unique(const ArrayPlan& a) {
    const auto refuse = [](const std::string& why) {
      return SchemaError("uniqueItems", "", "schema: uniqueItems cannot be enforced " + why);
    };
    if (!a.counted.empty()) throw refuse("beside contains");
    if (!a.prefix.empty()) throw refuse("for elements with schemas of their own");
    const ValuePlan& element = plans_[a.rest[0].plan];
    if (!element.possible) return elements(a);
    if (!element.arrays.empty() || !element.objects.empty()) throw refuse("for arrays and objects; list the values in enum");
    const std::vector<std::string> texts = few_texts(scalars(a.rest[0].plan, true), most_unique);
    if (texts.empty()) throw refuse("unless there are at most " + std::to_string(most_unique) + " values, in an enum");
    const auto list = [&](Expression one, uint64_t least, uint64_t most) {
      const auto limit = [](uint64_t n) { return static_cast<uint32_t>(std::min<uint64_t>(n, Expressions::no_limit)); };
      const uint64_t more = most == unlimited ? unlimited : most - 1;
      const Expression rest = e_.repeat(e_.sequence(comma_, one), limit(least - (least > 0)), limit(more));
      return either(least == 0 ? Expressions::empty : Expressions::nothing, e_.sequence(one, rest));
    };
    std::vector<Expression> written, conditions;
    for (const std::string& text : texts) written.push_back(e_.text(text));
    conditions.push_back(list(e_.either(written), a.least, a.most));
    for (size_t i = 0; i < texts.size(); ++i) {
      std::vector<Expression> others = written;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
      const Expression other = e_.either(others);
      const Expression before = e_.repeat(e_.sequence(other, comma_), 0, Expressions::no_limit);
      const Expression behind = e_.repeat(e_.sequence(comma_, other), 0, Expressions::no_limit);
      conditions.push_back(either(list(other, 0, unlimited), e_.sequence(std::array{before, written[i], behind})));
    }
    return e_.sequence(std::array{e_.both(conditions), space_, e_.text("]")});
  }
  // The texts of an expression; none where there are more than `most`, or one value is written in several ways.
  std::vector<std::string> few_texts(Expression all, size_t most) {
    std::vector<std::string> found;
    std::vector<std::pair<Expression, std::string>> left{{all, ""}};
    constexpr size_t longest = 1000;
    while (!left.empty()) {
      const auto [at, text] = left.back();
      left.pop_back();
      if (e_.takes_empty(at) && text != "-0") found.push_back(text);
      if (found.size() + left.size() > most || text.size() > longest || text.ends_with('\\')) return {};
      for (int b = 0; b < 256; ++b) {
        const Expression to = e_.derivative(at, static_cast<uint8_t>(b));
        if (to != Expressions::nothing) left.emplace_back(to, text + static_cast<char>(b));
      }
    }
    return found;
  }

  // By letters, whatever their case; of equal ones as they were.
  static ObjectPlan sorted(ObjectPlan o) {
    std::vector<std::pair<std::string, size_t>> order;
    for (const ObjectPlan::Named& named : o.named) {
      std::string& low = order.emplace_back(named.name, order.size()).first;
      for (char& c : low) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    }
    std::sort(order.begin(), order.end());
    std::vector<ObjectPlan::Named> named;
    for (const auto& [low, i] : order) named.push_back(std::move(o.named[i]));
    o.named = std::move(named);
    return o;
  }

  // By how many of the named properties are passed, how many are there, as far as it matters, and which conditions are met.
  // first: in front of the first; none: in place of all and the end.
  Expression properties(const ObjectPlan& given, const Form& form, Expression first, Expression none) {
    const ObjectPlan& o = writing_.sorted ? sorted_.emplace_back(sorted(given)) : given;
    const size_t n = o.named.size();
    const uint64_t enough = o.most == unlimited ? o.least : o.most;
    const size_t kinds = size_t{o.some} + 1;
    if (enough > most_states || (n + 1) * (enough + 1) * kinds > most_states)
      throw SchemaError(o.most == unlimited ? "minProperties" : "maxProperties", "",
                        "schema: the number of properties cannot be enforced where it is so large");
    std::vector<size_t> required(n + 1, 0);  // from here on
    for (size_t i = n; i > 0; --i) required[i - 1] = required[i] + (o.named[i - 1].required ? 1 : 0);
    const auto counts = static_cast<size_t>(enough) + 1;
    const auto index = [&](size_t count, uint32_t met) { return count * kinds + met; };
    std::vector<Expression> keys(counts * kinds),
        behind(counts * kinds);  // of the properties from i on: from a key's first letter, from the last value
    const auto close = [&](size_t i, size_t count, uint32_t met) { return required[i] == 0 && count >= o.least && met == o.some; };
    for (size_t i = n + 1; i-- > 0;) {
      const std::vector<Expression> keys_before = keys, behind_before = behind;
      for (size_t count = counts; count-- > 0;) {
        for (uint32_t met = o.some + 1; met-- > 0;) {
          Expression& key = keys[index(count, met)];
          const bool full = count == o.most;
          Expression loop = Expressions::nothing;
          if (full) {
            key = Expressions::nothing;
          } else if (i == n) {
            const size_t next = std::min(count + 1, counts - 1);
            std::vector<Expression> ways, same;
            for (const ObjectPlan::Others& others : o.others) {
              for (const Choice& choice : others.choices) {
                const Expression made = property(form, others, choice);
                const uint32_t to = met | choice.meets;
                if (next == count && to == met)
                  same.push_back(made);
                else
                  ways.push_back(e_.sequence(made, behind[index(next, to)]));
              }
            }
            key = e_.either(ways);
            loop = e_.either(same);
          } else {
            const ObjectPlan::Named& named = o.named[i];
            std::vector<Expression> ways;
            for (const Choice& choice : named.choices) {
              ways.push_back(
                  e_.sequence(property(form, named, choice), behind_before[index(std::min(count + 1, counts - 1), met | choice.meets)]));
            }
            if (!named.required) ways.push_back(keys_before[index(count, met)]);
            key = e_.either(ways);
          }
          Expression after = e_.sequence(form.space, either(close(i, count, met) ? form.end : Expressions::nothing,
                                                            e_.sequence(std::array{form.mark, form.open, key})));
          if (loop != Expressions::nothing) {
            after =
                e_.sequence(e_.repeat(e_.sequence(std::array{form.space, form.mark, form.open, loop}), 0, Expressions::no_limit), after);
            key = either(key, e_.sequence(loop, after));
          }
          behind[index(count, met)] = after;
        }
      }
    }
    return either(close(0, 0, 0) ? none : Expressions::nothing, e_.sequence(std::array{first, form.open, keys[index(0, 0)]}));
  }

  static constexpr uint64_t most_states = 100'000;
  static constexpr size_t most_unique = 100;

  ValuePlans& plans_;
  StringTexts& strings_;
  const Writing& writing_;
  const Spell& spell_;
  Expressions& e_;
  std::vector<std::optional<uint32_t>> rules_;
  std::deque<PlanId> asked_;
  std::deque<ObjectPlan> sorted_;
  Expression space_, behind_mark_, comma_, colon_;
  Form form_;
};

}  // namespace

Expression texts_of_schema(std::string_view schema, SchemaOptions options, Expressions& expressions, const Writing& writing,
                           const Spell& spell) {
  try {
    SchemaReader reader(schema, options);
    ValueSets sets(json_alphabet(expressions));
    SchemaSets of_schemas(reader, sets);
    ValuePlans plans(of_schemas, sets);
    const PlanId root = plans.of({meets(reader.root())});
    if (!plans[root].possible) throw SchemaError("", "", "schema: no value is valid; it asks for what excludes itself, or never ends");
    StringTexts strings(reader, sets, writing, spell);
    return SchemaTexts(plans, sets, strings, writing, spell, options.any_space).whole(root);
  } catch (const SchemaError&) {
    throw;
  } catch (const Error& e) {
    if (e.code() == Code::memory) throw;
    throw SchemaError("", "", std::string("schema: ") + e.what());
  }
}

}  // namespace lt::grammar
