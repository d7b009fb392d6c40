#include "grammar/expressions.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/hash.h"

namespace lt::grammar {

Expressions::Expressions(size_t most) : most_(most) {
  partitions_.push_back({{}, 1});
  add({.kind = Kind::nothing, .partition = 0});
  add({.kind = Kind::empty, .takes_empty = true, .partition = 0});
  sets_.push_back(ByteSet::all());
  const Node any{.kind = Kind::bytes, .a = 0, .partition = 0};
  // `anything` is said before the byte that it repeats, so that its number is known.
  nodes_.push_back({.kind = Kind::repeat, .takes_empty = true, .depth = 2, .a = anything + 1, .b = 0, .c = no_limit, .partition = 0});
  known_.emplace(hash_of(nodes_.back(), {}), anything);
  add(any);
}

uint64_t Expressions::hash_of(const Node& node, std::span<const Expression> parts) const {
  Hash hash;
  hash.add(&node.kind, sizeof node.kind);
  if (node.kind == Kind::bytes) {
    hash.add(&sets_[node.a], sizeof(ByteSet));
  } else if (node.kind == Kind::either || node.kind == Kind::both) {
    hash.add(parts.data(), parts.size_bytes());
  } else {
    const std::array<uint32_t, 3> numbers{node.a, node.b, node.c};
    hash.add(numbers.data(), sizeof numbers);
  }
  return hash.value();
}

bool Expressions::same(const Node& a, const Node& b, std::span<const Expression> parts) const {
  if (a.kind != b.kind) return false;
  if (a.kind == Kind::bytes) return sets_[a.a] == sets_[b.a];
  if (a.kind == Kind::either || a.kind == Kind::both) return std::ranges::equal(parts_of(a), parts);
  return a.a == b.a && a.b == b.b && a.c == b.c;
}

Expression Expressions::add(const Node& node, std::span<const Expression> parts) {
  const uint64_t hash = hash_of(node, parts);
  const auto [from, to] = known_.equal_range(hash);
  for (auto it = from; it != to; ++it)
    if (same(nodes_[it->second], node, parts)) return it->second;
  if (nodes_.size() >= most_) throw Error(Code::unsupported, "grammar: expected at most " + std::to_string(most_) + " states; simplify it");
  if (node.depth > most_depth)
    throw Error(Code::unsupported, "grammar: expected at most " + std::to_string(most_depth) + " levels of nesting; simplify it");
  const auto e = static_cast<Expression>(nodes_.size());
  nodes_.push_back(node);
  if (!parts.empty()) {
    nodes_.back().a = static_cast<uint32_t>(parts_.size());
    nodes_.back().b = static_cast<uint32_t>(parts.size());
    parts_.insert(parts_.end(), parts.begin(), parts.end());
  }
  known_.emplace(hash, e);
  return e;
}

Expression Expressions::byte_of(const ByteSet& set) {
  if (set.empty()) return nothing;
  sets_.push_back(set);
  const size_t before = nodes_.size();
  const Expression e = add({.kind = Kind::bytes, .a = static_cast<uint32_t>(sets_.size() - 1)});
  if (nodes_.size() == before) sets_.pop_back();
  return e;
}

Expression Expressions::text(std::string_view bytes) {
  Expression e = empty;
  for (size_t i = bytes.size(); i > 0; --i) {
    const auto byte = static_cast<uint8_t>(bytes[i - 1]);
    e = sequence(byte_of(ByteSet::range(byte, byte)), e);
  }
  return e;
}

Expression Expressions::sequence(std::span<const Expression> parts) {
  Expression e = empty;
  for (size_t i = parts.size(); i > 0; --i) e = sequence(parts[i - 1], e);
  return e;
}

// Leaning to the right: what comes first is no sequence.
Expression Expressions::sequence(Expression first, Expression then) {
  if (first == nothing || then == nothing) return nothing;
  if (then == empty) return first;
  std::vector<Expression> heads;
  while (nodes_[first].kind == Kind::sequence) {
    heads.push_back(nodes_[first].a);
    first = nodes_[first].b;
  }
  heads.push_back(first);
  for (size_t i = heads.size(); i > 0; --i) {
    const Expression head = heads[i - 1];
    if (head == empty || (head == anything && then == anything)) continue;
    const Node &h = nodes_[head], &t = nodes_[then];
    then = add({.kind = Kind::sequence,
                .takes_empty = h.takes_empty && t.takes_empty,
                .plain = h.plain && t.plain,
                .depth = std::max(h.depth + 1, t.depth),
                .a = head,
                .b = then});
  }
  return then;
}

Expression Expressions::either(std::span<const Expression> parts) { return joined(Kind::either, parts); }
Expression Expressions::both(std::span<const Expression> parts) { return joined(Kind::both, parts); }

// Takes those of single bytes away, and returns what they make together; else no_limit.
Expression Expressions::merged_bytes(Kind kind, std::vector<Expression>& parts) {
  ByteSet set = kind == Kind::both ? ByteSet::all() : ByteSet();
  bool some = false;
  std::erase_if(parts, [&](Expression e) {
    if (nodes_[e].kind != Kind::bytes) return false;
    const ByteSet& own = sets_[nodes_[e].a];
    set = kind == Kind::both ? set & own : set | own;
    return some = true;
  });
  return some ? byte_of(set) : no_limit;
}

Expression Expressions::joined(Kind kind, std::span<const Expression> given) {
  const Expression all = kind == Kind::either ? anything : nothing, none = kind == Kind::either ? nothing : anything;
  std::vector<Expression> parts;
  for (const Expression e : given) {
    if (nodes_[e].kind == kind) {
      const auto inner = parts_of(nodes_[e]);
      parts.insert(parts.end(), inner.begin(), inner.end());
    } else if (e != none) {
      parts.push_back(e);
    }
  }
  if (const Expression bytes = merged_bytes(kind, parts); bytes != no_limit && bytes != none) parts.push_back(bytes);
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  const auto has = [&](Expression e) { return std::binary_search(parts.begin(), parts.end(), e); };
  if (has(all)) return all;
  if (parts.size() > 1 && has(empty)) {
    const bool others = std::any_of(parts.begin(), parts.end(), [&](Expression e) { return e != empty && nodes_[e].takes_empty; });
    const bool every = std::all_of(parts.begin(), parts.end(), [&](Expression e) { return nodes_[e].takes_empty; });
    if (kind == Kind::both) return every ? empty : nothing;
    if (others) std::erase(parts, empty);
  }
  if (parts.empty()) return none;
  if (parts.size() == 1) return parts[0];
  Node node{.kind = kind, .takes_empty = kind == Kind::both, .plain = kind == Kind::either};
  for (const Expression e : parts) {
    const Node& n = nodes_[e];
    if (n.kind == Kind::except && has(n.a)) return all;
    node.takes_empty = kind == Kind::both ? node.takes_empty && n.takes_empty : node.takes_empty || n.takes_empty;
    node.plain = node.plain && n.plain;
    node.depth = std::max(node.depth, n.depth + 1);
  }
  return add(node, parts);
}

Expression Expressions::except(Expression e) {
  if (e == nothing) return anything;
  if (e == anything) return nothing;
  const Node& n = nodes_[e];
  if (n.kind == Kind::except) return n.a;
  return add({.kind = Kind::except, .takes_empty = !n.takes_empty, .plain = false, .depth = n.depth + 1, .a = e});
}

Expression Expressions::repeat(Expression e, uint32_t least, uint32_t most) {
  if (most == 0 || e == empty) return empty;
  if (e == nothing) return least == 0 ? empty : nothing;
  const Node& n = nodes_[e];
  if (n.takes_empty) least = 0;
  if (least == 1 && most == 1) return e;
  if (n.kind == Kind::repeat && n.b == 0 && n.c == no_limit && (least <= 1 || n.takes_empty)) return e;
  return add({.kind = Kind::repeat, .takes_empty = least == 0, .plain = n.plain, .depth = n.depth + 1, .a = e, .b = least, .c = most});
}

Expression Expressions::derivative(Expression e, uint8_t byte) {
  switch (nodes_[e].kind) {
    case Kind::nothing:
    case Kind::empty:
      return nothing;
    case Kind::bytes:
      return sets_[nodes_[e].a].has(byte) ? empty : nothing;
    default:
      break;
  }
  const uint64_t key = uint64_t{e} << 8 | classes(e)[byte];
  if (const auto known = derived_.find(key); known != derived_.end()) return known->second;
  const Node node = nodes_[e];
  Expression made = nothing;
  if (node.kind == Kind::sequence) {
    made = derivative_of_sequence(e, byte);
  } else if (node.kind == Kind::except) {
    made = except(derivative(node.a, byte));
  } else if (node.kind == Kind::repeat) {
    const uint32_t least = node.b - (node.b > 0), most = node.c - (node.c != no_limit);
    made = derivative(node.a, byte);
    if (made != nothing) made = sequence(made, repeat(node.a, least, most));
  } else {
    const auto own = parts_of(node);
    std::vector<Expression> parts(own.begin(), own.end());
    for (Expression& p : parts) p = derivative(p, byte);
    made = joined(node.kind, parts);
  }
  derived_.emplace(key, made);
  return made;
}

// As long as what comes first may be empty, what is behind it may have the byte.
Expression Expressions::derivative_of_sequence(Expression e, uint8_t byte) {
  std::vector<Expression> ways;
  while (nodes_[e].kind == Kind::sequence) {
    const Node node = nodes_[e];
    ways.push_back(sequence(derivative(node.a, byte), node.b));
    if (!nodes_[node.a].takes_empty) return either(ways);
    e = node.b;
  }
  ways.push_back(derivative(e, byte));
  return either(ways);
}

const std::array<uint8_t, 256>& Expressions::classes(Expression e) { return partitions_[partition(e)].of; }

uint32_t Expressions::partition(Expression e) {
  if (nodes_[e].partition != no_limit) return nodes_[e].partition;
  const Node node = nodes_[e];
  uint32_t found = 0;
  if (node.kind == Kind::bytes) {
    const ByteSet& set = sets_[node.a];
    const bool zero = set.has(0);
    Partition p{{}, set == ByteSet::all() ? 1u : 2u};
    for (int b = 0; b < 256; ++b) p.of[static_cast<size_t>(b)] = set.has(static_cast<uint8_t>(b)) != zero;
    found = keep(p);
  } else if (node.kind == Kind::sequence) {
    Expression at = e;
    for (bool more = true; more && nodes_[at].kind == Kind::sequence; at = nodes_[at].b) {
      found = meet(found, partition(nodes_[at].a));
      more = nodes_[nodes_[at].a].takes_empty;
      if (!more) break;
    }
    if (nodes_[at].kind != Kind::sequence) found = meet(found, partition(at));
  } else if (node.kind == Kind::either || node.kind == Kind::both) {
    for (uint32_t i = 0; i < node.b; ++i) found = meet(found, partition(parts_[node.a + i]));
  } else {
    found = partition(node.a);
  }
  return nodes_[e].partition = found;
}

uint32_t Expressions::keep(const Partition& p) {
  Hash hash;
  hash.add(p.of.data(), p.of.size());
  const auto [from, to] = known_partitions_.equal_range(hash.value());
  for (auto it = from; it != to; ++it)
    if (partitions_[it->second].of == p.of) return it->second;
  if (p.count == 1) return 0;
  partitions_.push_back(p);
  known_partitions_.emplace(hash.value(), static_cast<uint32_t>(partitions_.size() - 1));
  return static_cast<uint32_t>(partitions_.size() - 1);
}

uint32_t Expressions::meet(uint32_t a, uint32_t b) {
  if (a == 0 || a == b) return b;
  if (b == 0) return a;
  const uint64_t key = uint64_t{std::min(a, b)} << 32 | std::max(a, b);
  if (const auto known = met_.find(key); known != met_.end()) return known->second;
  std::unordered_map<uint32_t, uint8_t> numbers;
  Partition p{{}, 0};
  for (size_t i = 0; i < 256; ++i) {
    const uint32_t pair = uint32_t{partitions_[a].of[i]} << 8 | partitions_[b].of[i];
    p.of[i] = numbers.try_emplace(pair, static_cast<uint8_t>(numbers.size())).first->second;
  }
  p.count = static_cast<uint32_t>(numbers.size());
  const uint32_t made = keep(p);
  met_.emplace(key, made);
  return made;
}

}  // namespace lt::grammar
