#include <algorithm>
#include <array>
#include <utility>

#include "grammar/expressions.h"

namespace lt::grammar {

Expression Expressions::divided(uint64_t divisor, uint64_t before, uint32_t places, Reading reading) {
  const bool begun = reading == Reading::point || reading == Reading::fraction;
  uint64_t filled = before, room = 1;  // with zeros in the places that are left, which take so many numbers
  for (uint32_t i = 0; i < places; ++i) {
    filled = filled * 10 % divisor;
    room = std::min(room * 10, divisor);
  }
  const uint64_t lacks = (divisor - filled) % divisor;
  if (begun && lacks >= room) return nothing;
  divided_.push_back({divisor, before, places, reading});
  const size_t count = nodes_.size();
  const bool whole = lacks == 0 && reading != Reading::point;
  const Expression e = add({.kind = Kind::divided, .takes_empty = whole, .a = static_cast<uint32_t>(divided_.size() - 1)});
  if (nodes_.size() == count) divided_.pop_back();
  return e;
}

Expression Expressions::derivative_of_divided(const Divided& d, uint8_t byte) {
  const bool begun = d.reading == Reading::point || d.reading == Reading::fraction;
  if (byte == '.') return begun || d.reading == Reading::integer ? nothing : divided(d.divisor, d.before, d.places, Reading::point);
  if (byte < '0' || byte > '9' || d.reading == Reading::zero) return nothing;
  if (begun && d.places == 0) return byte == '0' ? divided(d.divisor, d.before, 0, Reading::fraction) : nothing;
  const uint64_t before = (d.before * 10 + static_cast<uint64_t>(byte - '0')) % d.divisor;
  return divided(d.divisor, before, d.places - begun, begun ? Reading::fraction : d.reading);
}

Expression Expressions::only(Expression e, const ByteSet& bytes) {
  FlatMap known;
  return only(e, bytes, known);
}

Expression Expressions::only(Expression e, const ByteSet& bytes, FlatMap& known) {
  if (const auto made = known.find(e)) return *made;
  std::vector<Expression> heads;
  Expression at = e;
  for (; nodes_[at].kind == Kind::sequence; at = nodes_[at].b) heads.push_back(nodes_[at].a);
  const Node node = nodes_[at];
  Expression made = at;
  if (node.kind == Kind::bytes) {
    made = byte_of(sets_[node.a] & bytes);
  } else if (node.kind == Kind::repeat) {
    made = repeat(only(node.a, bytes, known), node.b, node.c);
  } else if (node.kind == Kind::either) {
    const auto own = parts_of(node);
    std::vector<Expression> parts(own.begin(), own.end());
    for (Expression& part : parts) part = only(part, bytes, known);
    made = either(parts);
  } else if (node.kind == Kind::divided && !bytes.has('.')) {
    const Divided d = divided_[node.a];
    const bool begun = d.reading == Reading::point || d.reading == Reading::fraction;
    made = begun || d.reading == Reading::zero ? both(std::array{at, repeat(byte_of(bytes), 0, no_limit)})
                                               : divided(d.divisor, d.before, d.places, Reading::integer);
  } else if (node.kind != Kind::nothing && node.kind != Kind::empty) {
    made = both(std::array{at, repeat(byte_of(bytes), 0, no_limit)});
  }
  for (size_t i = heads.size(); i > 0; --i) made = sequence(only(heads[i - 1], bytes, known), made);
  known.set(e, made);
  return made;
}

Expression Expressions::with_tail(Expression e, Expression tail, Expression instead) {
  FlatMap known;
  return with_tail(e, tail, instead, known, 0);
}

Expression Expressions::with_tail(Expression e, Expression tail, Expression instead, FlatMap& known, uint32_t depth) {
  if (depth > most_depth) return e;
  if (const auto made = known.find(e)) return *made;
  std::vector<Expression> heads;
  Expression at = e;
  for (; at != tail && nodes_[at].kind == Kind::sequence; at = nodes_[at].b) heads.push_back(nodes_[at].a);
  Expression made = at;
  const Node node = nodes_[at];
  if (at == tail) {
    made = instead;
  } else if (node.kind == Kind::either || node.kind == Kind::both) {
    const auto own = parts_of(node);
    std::vector<Expression> parts(own.begin(), own.end());
    for (Expression& part : parts) part = with_tail(part, tail, instead, known, depth + 1);
    made = joined(node.kind, parts);
  }
  for (size_t i = heads.size(); i > 0; --i) made = sequence(heads[i - 1], made);
  known.set(e, made);
  return made;
}

}  // namespace lt::grammar
