// Random expressions, beside what each of their texts is by definition: split in every way, tried by every alternative.
#include <array>

#include "check/check.h"
#include "check/tokenize_file.h"
#include "grammar/automaton.h"

using namespace lt;
using namespace lt::grammar;
using check::Random;

namespace {

struct Drawn {
  enum Kind { empty, bytes, sequence, either, both, except, repeat };
  Kind kind;
  std::string set;
  std::vector<Drawn> parts;
  uint32_t least = 0, most = 0;
};

Drawn draw(Random& random, int depth) {
  Drawn d{.kind = static_cast<Drawn::Kind>(random.below(depth == 0 ? 2 : 7)), .set = {}, .parts = {}};
  if (d.kind == Drawn::bytes)
    for (const char c : {'a', 'b', 'c'})
      if (random.below(2)) d.set += c;
  if (d.kind == Drawn::sequence || d.kind == Drawn::either || d.kind == Drawn::both)
    d.parts = {draw(random, depth - 1), draw(random, depth - 1)};
  if (d.kind == Drawn::except || d.kind == Drawn::repeat) d.parts = {draw(random, depth - 1)};
  d.least = static_cast<uint32_t>(random.below(3));
  d.most = random.below(3) ? d.least + static_cast<uint32_t>(random.below(3)) : Expressions::no_limit;
  return d;
}

Expression made(Expressions& e, const Drawn& d) {
  std::vector<Expression> parts;
  for (const Drawn& p : d.parts) parts.push_back(made(e, p));
  ByteSet set;
  for (const char c : d.set) set.add(static_cast<uint8_t>(c));
  switch (d.kind) {
    case Drawn::empty:
      return Expressions::empty;
    case Drawn::bytes:
      return e.byte_of(set);
    case Drawn::sequence:
      return e.sequence(parts);
    case Drawn::either:
      return e.either(parts);
    case Drawn::both:
      return e.both(parts);
    case Drawn::except:
      return e.except(parts[0]);
    case Drawn::repeat:
      return e.repeat(parts[0], d.least, d.most);
  }
  return Expressions::nothing;
}

bool has(const Drawn& d, std::string_view text);

// So many times, each with some of the text; one without text may stand for as many as are wanted.
bool repeats(const Drawn& d, std::string_view text, uint32_t least, uint32_t most) {
  if (text.empty()) return least == 0 || has(d, "");
  if (most == 0) return false;
  for (size_t i = 1; i <= text.size(); ++i)
    if (has(d, text.substr(0, i)) && repeats(d, text.substr(i), least - (least > 0), most - (most != Expressions::no_limit))) return true;
  return false;
}

bool has(const Drawn& d, std::string_view text) {
  switch (d.kind) {
    case Drawn::empty:
      return text.empty();
    case Drawn::bytes:
      return text.size() == 1 && d.set.find(text[0]) != std::string::npos;
    case Drawn::sequence:
      for (size_t i = 0; i <= text.size(); ++i)
        if (has(d.parts[0], text.substr(0, i)) && has(d.parts[1], text.substr(i))) return true;
      return false;
    case Drawn::either:
      return has(d.parts[0], text) || has(d.parts[1], text);
    case Drawn::both:
      return has(d.parts[0], text) && has(d.parts[1], text);
    case Drawn::except:
      return !has(d.parts[0], text);
    case Drawn::repeat:
      return repeats(d.parts[0], text, d.least, d.most);
  }
  return false;
}

Automaton::State after(Automaton& automaton, Automaton::State state, std::string_view text) {
  for (const char c : text) state = automaton.next(state, static_cast<uint8_t>(c));
  return state;
}

std::vector<std::string> words(size_t longest) {
  std::vector<std::string> all{""};
  for (size_t i = 0; all[i].size() < longest; ++i)
    for (const char c : {'a', 'b', 'c'}) all.push_back(all[i] + c);
  return all;
}

}  // namespace

CHECK_CASE("grammar/expressions have the texts that their definition says") {
  Random random(1);
  const auto all = words(5);
  for (int i = 0; i < 400; ++i) {
    const Drawn d = draw(random, 4);
    Expressions expressions(1 << 20);
    Automaton automaton(expressions, made(expressions, d));
    for (const std::string& word : all)
      CHECK_THAT(automaton.accepts(after(automaton, automaton.start(), word)) == has(d, word), i << " " << word);
  }
}

// A cut is about what goes on, not about where it ends: texts up to `near` bytes, through the first part, or past one of its ends.
CHECK_CASE("grammar/what an expression begins with and what follows go on together as it does") {
  Random random(2);
  constexpr uint32_t near = 3;
  const auto all = words(near);
  size_t cut = 0, open = 0;
  for (int i = 0; i < 1200; ++i) {
    Expressions expressions(1 << 20);
    std::array<Expression, 4> parts;
    for (Expression& p : parts) p = made(expressions, draw(random, 2));
    const auto letters = expressions.byte_of(ByteSet::range('a', static_cast<uint8_t>('a' + random.below(3))));
    const auto counted = [&](Expression of, uint64_t least) {
      return expressions.repeat(of, static_cast<uint32_t>(least), static_cast<uint32_t>(6 + random.below(4)));
    };
    const Expression letter = counted(letters, random.below(7));
    if (i % 2) {
      parts[random.below(4)] = letter;
    } else {  // words, of which there are only so many, and of so many letters
      const Expression word = made(expressions, draw(random, 2)), last = made(expressions, draw(random, 1));
      parts[0] = expressions.both(std::array{expressions.sequence(counted(word, random.below(3)), last), counted(letters, 0)});
      open += expressions.cut(parts[0], near).first != parts[0];
    }
    Automaton automaton(expressions, expressions.sequence(parts));
    const auto [head, tail] = automaton.cut(automaton.start(), near);
    cut += head != automaton.start();
    for (const std::string& word : all) {
      bool goes_on = after(automaton, head, word) != Automaton::dead;
      for (size_t k = 0; k < word.size(); ++k)
        goes_on = goes_on || (automaton.accepts(after(automaton, head, word.substr(0, k))) &&
                              after(automaton, tail, word.substr(k)) != Automaton::dead);
      CHECK_THAT(goes_on == (after(automaton, automaton.start(), word) != Automaton::dead), i << " " << word);
    }
  }
  CHECK(cut > 400);
  CHECK(open > 100);
}

CHECK_CASE("grammar/expressions have limits: how many, how deep, how long they take") {
  Expressions few(20);
  CHECK_THROWS(few.text("more than twenty letters, each of them an expression of its own"), Code::unsupported);
  Expressions deep(1 << 20);
  Expression e = deep.text("a");
  const auto nest = [&] {
    for (uint32_t i = 0; i <= Expressions::most_depth; ++i) e = deep.repeat(deep.either(std::array{e, deep.text("bc")}), 0, 5);
  };
  CHECK_THROWS(nest(), Code::unsupported);
  Expressions slow(1 << 20);
  Expression hard = slow.text("a");
  for (int i = 0; i < 5; ++i) hard = slow.repeat(hard, 1, 100);
  Automaton automaton(slow, hard);
  slow.allow(100'000);
  CHECK_THROWS(after(automaton, automaton.start(), std::string(1000, 'a')), Code::unsupported);
}
