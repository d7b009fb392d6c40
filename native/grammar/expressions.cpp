#include "grammar/expressions.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "core/error.h"

namespace lt::grammar {
namespace {

constexpr size_t new_one = 16;  // an expression takes as long to make as so many parts to look at
std::atomic<size_t> of_all{0};

}  // namespace

// By many at a time.
void Expressions::count_more() {
  constexpr size_t step = 4096;
  if (of_all.fetch_add(step) + step > most_of_all) {
    of_all.fetch_sub(step);
    throw Error(Code::memory, "grammar: those in use keep " + std::to_string(most_of_all) +
                                  " states already, the most for all of a process; use fewer or simpler ones at once");
  }
  counted_ += step;
}

Expressions::~Expressions() { of_all.fetch_sub(counted_); }

Expressions::Expressions(size_t most) : most_(most) {
  partitions_.push_back({{}, 1});
  add({.kind = Kind::nothing, .partition = 0});
  add({.kind = Kind::empty, .takes_empty = true, .partition = 0});
  sets_.push_back(ByteSet::all());
  const Node any{.kind = Kind::bytes, .a = 0, .partition = 0};
  // `anything` is said before the byte that it repeats, so that its number is known.
  nodes_.push_back({.kind = Kind::repeat, .takes_empty = true, .depth = 2, .a = anything + 1, .b = 0, .c = no_limit, .partition = 0});
  known_.add(hash_of(nodes_.back(), {}), anything);
  add(any);
}

uint64_t Expressions::hash_of(const Node& node, std::span<const Expression> parts) const {
  Mixed hash;
  hash.add(static_cast<uint64_t>(node.kind));
  if (node.kind == Kind::bytes) {
    for (int i = 0; i < 4; ++i) hash.add(sets_[node.a].word(i));
  } else if (node.kind == Kind::divided) {
    const Divided& d = divided_[node.a];
    for (const uint64_t number : {d.divisor, d.before, uint64_t{d.places}, static_cast<uint64_t>(d.reading)}) hash.add(number);
  } else if (node.kind == Kind::either || node.kind == Kind::both) {
    for (const Expression part : parts) hash.add(part);
  } else {
    hash.add(uint64_t{node.a} << 32 | node.b);
    hash.add(node.c);
  }
  return hash.value();
}

bool Expressions::same(const Node& a, const Node& b, std::span<const Expression> parts) const {
  if (a.kind != b.kind) return false;
  if (a.kind == Kind::bytes) return sets_[a.a] == sets_[b.a];
  if (a.kind == Kind::divided) return divided_[a.a] == divided_[b.a];
  if (a.kind == Kind::either || a.kind == Kind::both) return std::ranges::equal(parts_of(a), parts);
  return a.a == b.a && a.b == b.b && a.c == b.c;
}

Expression Expressions::add(const Node& node, std::span<const Expression> parts) {
  const uint64_t hash = hash_of(node, parts);
  if (const auto known = known_.find(hash, [&](uint32_t e) { return same(nodes_[e], node, parts); })) return *known;
  if (nodes_.size() >= most_) throw Error(Code::unsupported, "grammar: expected at most " + std::to_string(most_) + " states; simplify it");
  if (node.depth > most_depth)
    throw Error(Code::unsupported, "grammar: expected at most " + std::to_string(most_depth) + " levels of nesting; simplify it");
  if (nodes_.size() >= counted_) count_more();
  spend(new_one);
  const auto e = static_cast<Expression>(nodes_.size());
  nodes_.push_back(node);
  if (!parts.empty()) {
    nodes_.back().a = static_cast<uint32_t>(parts_.size());
    nodes_.back().b = static_cast<uint32_t>(parts.size());
    parts_.insert(parts_.end(), parts.begin(), parts.end());
  }
  known_.add(hash, e);
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
    spend(1);
    heads.push_back(nodes_[first].a);
    first = nodes_[first].b;
  }
  heads.push_back(first);
  for (size_t i = heads.size(); i > 0; --i) {
    const Expression head = heads[i - 1];
    const Node &h = nodes_[head], &t = nodes_[then];
    const bool any_number = h.kind == Kind::repeat && h.b == 0 && h.c == no_limit;
    if (head == empty || (any_number && head == (t.kind == Kind::sequence ? t.a : then))) continue;  // x* x* is x*
    then = add({.kind = Kind::sequence,
                .takes_empty = h.takes_empty && t.takes_empty,
                .plain = h.plain && t.plain,
                .depth = h.takes_empty ? std::max(h.depth + 1, t.depth) : h.depth + 1,
                .a = head,
                .b = then});
  }
  return then;
}

void Expressions::spend(size_t parts) {
  if (parts > left_) {
    left_ = 0;
    throw Error(Code::unsupported, "grammar: it takes too long to find out what may follow; simplify it");
  }
  left_ -= parts;
}

size_t Expressions::bytes() const {
  return nodes_.capacity() * sizeof(Node) + sets_.capacity() * sizeof(ByteSet) + divided_.capacity() * sizeof(Divided) +
         parts_.capacity() * sizeof(Expression) + partitions_.size() * sizeof(Classes) + known_.bytes() + known_partitions_.bytes() +
         met_.bytes() + derived_.bytes() + has_text_.bytes() + ends_.capacity() * sizeof(Ends) + ends_at_.bytes() + opened_.bytes() +
         made_of_.bytes() + (bodies_.capacity() + chains_.capacity()) * sizeof(uint32_t) + may_end_.capacity();
}

Expression Expressions::either(std::span<const Expression> parts) { return joined(Kind::either, parts); }

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
    spend(1);
    if (nodes_[e].kind == kind) {
      spend(nodes_[e].b);
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

Expression Expressions::complement(Expression e) {
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
  if (n.kind == Kind::repeat && n.b == 1 && n.c == no_limit && least <= 1 && most == no_limit) return repeat(n.a, least, most);
  return add({.kind = Kind::repeat, .takes_empty = least == 0, .plain = n.plain, .depth = n.depth + 1, .a = e, .b = least, .c = most});
}

uint32_t Expressions::rule() {
  bodies_.push_back(nothing);
  return static_cast<uint32_t>(bodies_.size() - 1);
}

Expression Expressions::call(uint32_t rule, bool takes_empty) { return add({.kind = Kind::call, .takes_empty = takes_empty, .a = rule}); }

}  // namespace lt::grammar
