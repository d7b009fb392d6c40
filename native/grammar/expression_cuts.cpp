// Expressions that are alike for some bytes: a counter that cannot run out so soon is left open, so that the many that count differently
// are one.
#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"
#include "grammar/expressions.h"

namespace lt::grammar {
namespace {

constexpr uint32_t unknown = Expressions::no_limit;

uint32_t sum(uint32_t a, uint32_t b) { return a > unknown - b ? unknown : a + b; }
uint32_t product(uint32_t a, uint32_t b) { return static_cast<uint32_t>(std::min<uint64_t>(uint64_t{a} * b, unknown)); }

}  // namespace

std::pair<Expression, Expression> Expressions::cut(Expression e, uint32_t near) {
  constexpr size_t most_parts = 16;
  std::vector<Expression> first;
  bool same = true;
  for (Expression left = e; first.size() < most_parts;) {
    const bool last = nodes_[left].kind != Kind::sequence;
    const Expression part = last ? left : nodes_[left].a, then = last ? nothing : nodes_[left].b;
    const Node node = nodes_[part];
    if (node.kind == Kind::bytes && first.empty()) break;
    first.push_back(part);
    if (node.kind == Kind::repeat && node.b > near) {
      first.back() = repeat(node.a, near + 1, no_limit);
      return {sequence(first), nothing};
    }
    if (node.kind == Kind::repeat && node.c > near && node.c != no_limit) {
      first.back() = repeat(node.a, node.b, no_limit);
      same = false;
    }
    if (node.kind == Kind::both) {
      first.back() = open_both(part, near);
      same = same && first.back() == part;
    }
    if (last && same) break;
    if (last || !node.takes_empty) return {sequence(first), then};
    left = then;
  }
  return {e, nothing};
}

std::vector<Expression> Expressions::in_sequence(Expression e) const {
  std::vector<Expression> parts;
  for (; nodes_[e].kind == Kind::sequence; e = nodes_[e].b) parts.push_back(nodes_[e].a);
  parts.push_back(e);
  return parts;
}

// In bytes; unknown where that takes more than a look.
Expressions::Ends Expressions::ends_of(Expression e) {
  if (const auto known = ends_at_.find(e)) return ends_[*known];
  Ends ends{0, 0};
  const std::vector<Expression> parts = in_sequence(e);
  for (size_t i = parts.size(); i > 0; --i) {
    const Ends part = parts.size() == 1 ? ends_of_part(e) : ends_of(parts[i - 1]);
    ends = {sum(part.shortest, ends.shortest), std::max(sum(part.enough, ends.shortest), ends.enough)};
  }
  ends_at_.set(e, static_cast<uint32_t>(ends_.size()));
  ends_.push_back(ends);
  return ends;
}

Expressions::Ends Expressions::ends_of_part(Expression e) {
  const Node node = nodes_[e];
  spend(1);
  if (node.kind == Kind::empty) return {0, 0};
  if (node.kind == Kind::bytes) return {1, 1};
  if (node.kind == Kind::repeat) {
    const Ends one = ends_of(node.a);
    const uint32_t all = product(one.shortest, node.b);
    return {all, sum(one.enough, all)};
  }
  if (node.kind != Kind::either) return {node.takes_empty ? 0 : unknown, unknown};
  Ends ends{unknown, 0};
  for (uint32_t i = 0; i < node.b; ++i) {
    const Ends way = ends_of(parts_[node.a + i]);
    ends = {std::min(ends.shortest, way.shortest), std::max(ends.enough, way.enough)};
  }
  return ends;
}

// Of a plain one: no text of `near` bytes begins a repetition for the last time that is allowed.
Expression Expressions::open(Expression e, uint32_t near) {
  const uint64_t key = uint64_t{e} << 32 | near;
  if (const auto known = opened_.find(key)) return *known;
  std::vector<Expression> parts = in_sequence(e);
  for (Expression& part : parts) {
    const Node node = nodes_[part];
    spend(1);
    if (node.kind == Kind::repeat && node.c != no_limit) {
      const uint32_t least = ends_of(node.a).shortest, each = least == unknown ? 1 : std::max(least, 1u);
      if (node.c > near / each + 1) part = repeat(node.a, node.b, no_limit);
    } else if (node.kind == Kind::either) {
      const auto own = parts_of(node);
      std::vector<Expression> ways(own.begin(), own.end());
      for (Expression& way : ways) way = open(way, near);
      part = either(ways);
    }
  }
  const Expression made = sequence(parts);
  opened_.set(key, made);
  return made;
}

// An expression and a limit of characters. With counters left open its texts have no shorter ends: a text that repeats something more often
// than was allowed ends sooner by repeating it less. So where all of them are made of such characters, the limit stops both at the same
// place, or, if they can end before it, neither.
Expression Expressions::open_both(Expression e, uint32_t near) {
  const Node node = nodes_[e];
  if (node.b != 2) return e;
  for (const bool second : {false, true}) {
    const Expression limit = parts_[node.a + second], text = parts_[node.a + !second];
    const Node counted = nodes_[limit];
    if (counted.kind != Kind::repeat || counted.b != 0 || counted.c == no_limit || !nodes_[text].plain) continue;
    const uint32_t enough = ends_of(text).enough;
    const Expression opened = open(text, near);
    if (enough == unknown || !made_of(opened, counted.a)) continue;
    return counted.c > sum(near, enough) ? opened : both(std::array{opened, limit});
  }
  return e;
}

// Every text is repetitions of `unit`. False also where that is too hard to tell.
bool Expressions::made_of(Expression e, Expression unit) {
  const uint64_t key = uint64_t{e} << 32 | unit;
  if (const auto known = made_of_.find(key)) return *known != 0;
  constexpr size_t few = 1000;
  bool made = false;
  try {
    made = !has_text(joined(Kind::both, std::array{e, complement(repeat(unit, 0, no_limit))}), few);
  } catch (const Error&) {
    if (spent()) throw;
  }
  made_of_.set(key, made);
  return made;
}

}  // namespace lt::grammar
