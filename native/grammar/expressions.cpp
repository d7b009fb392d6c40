#include "grammar/expressions.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <unordered_set>
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
    if (head == empty || (head == anything && then == anything)) continue;
    const Node &h = nodes_[head], &t = nodes_[then];
    then = add({.kind = Kind::sequence,
                .takes_empty = h.takes_empty && t.takes_empty,
                .plain = h.plain && t.plain,
                .depth = h.takes_empty ? std::max(h.depth + 1, t.depth) : h.depth + 1,
                .a = head,
                .b = then});
  }
  return then;
}

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
    if (last && same) break;
    if (last || !node.takes_empty) return {sequence(first), then};
    left = then;
  }
  return {e, nothing};
}

void Expressions::spend(size_t parts) {
  if (parts > left_) throw Error(Code::unsupported, "grammar: it takes too long to find out what may follow; simplify it");
  left_ -= parts;
}

size_t Expressions::bytes() const {
  return nodes_.capacity() * sizeof(Node) + sets_.capacity() * sizeof(ByteSet) + divided_.capacity() * sizeof(Divided) +
         parts_.capacity() * sizeof(Expression) + partitions_.size() * sizeof(Classes) + known_.bytes() + known_partitions_.bytes() +
         met_.bytes() + derived_.bytes() + has_text_.bytes();
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
  return add({.kind = Kind::repeat, .takes_empty = least == 0, .plain = n.plain, .depth = n.depth + 1, .a = e, .b = least, .c = most});
}

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

uint32_t Expressions::rule() {
  bodies_.push_back(nothing);
  return static_cast<uint32_t>(bodies_.size() - 1);
}

Expression Expressions::call(uint32_t rule, bool takes_empty) { return add({.kind = Kind::call, .takes_empty = takes_empty, .a = rule}); }

Expression Expressions::derivative(Expression e, uint8_t byte, bool raw) {
  const Kind kind = nodes_[e].kind;
  if (kind == Kind::nothing || kind == Kind::empty) return nothing;
  if (kind == Kind::bytes) return sets_[nodes_[e].a].has(byte) ? empty : nothing;
  if (kind == Kind::call) return derivative(bodies_[nodes_[e].a], byte, raw);
  const uint64_t key = uint64_t{e} << 9 | uint64_t{classes(e).of[byte]} << 1 | uint64_t{raw};
  if (const auto known = derived_.find(key)) return *known;
  const Node node = nodes_[e];
  spend(1);
  Expression made = nothing;
  if (kind == Kind::divided) {
    made = derivative_of_divided(Divided(divided_[node.a]), byte);
  } else if (kind == Kind::sequence) {
    made = derivative_of_sequence(e, byte, raw);
  } else if (kind == Kind::except) {
    made = complement(derivative(node.a, byte, true));
  } else if (kind == Kind::repeat) {
    made = derivative(node.a, byte, raw);
    if (made != nothing) made = sequence(made, repeat(node.a, node.b - (node.b > 0), node.c - (node.c != no_limit)));
  } else {
    const auto own = parts_of(node);
    std::vector<Expression> parts(own.begin(), own.end());
    for (Expression& p : parts) p = derivative(p, byte, raw || kind == Kind::both);
    made = joined(kind, parts);
  }
  if (!raw && (kind == Kind::both || kind == Kind::except)) made = living(made);
  derived_.set(key, made);
  return made;
}

// As long as what comes first may be empty, what is behind it may have the byte.
Expression Expressions::derivative_of_sequence(Expression e, uint8_t byte, bool raw) {
  std::vector<Expression> ways;
  while (nodes_[e].kind == Kind::sequence) {
    const Node node = nodes_[e];
    ways.push_back(sequence(derivative(node.a, byte, raw), node.b));
    if (!nodes_[node.a].takes_empty) return either(ways);
    e = node.b;
  }
  ways.push_back(derivative(e, byte, raw));
  return either(ways);
}

bool Expressions::surely_has_text(Expression e) const { return nodes_[e].takes_empty || (nodes_[e].plain && e != nothing); }

// Looks for a derivative that takes the empty text, deep before wide. Where all are known and none does, none of them has a text.
bool Expressions::has_text(Expression e) {
  struct Met {
    Expression e;
    size_t from;
  };
  constexpr size_t most_met = 30'000;
  if (surely_has_text(e) || e == nothing) return e != nothing;
  std::vector<Met> met{{e, 0}};
  std::vector<size_t> left{0};
  std::unordered_set<Expression> seen{e};
  while (!left.empty()) {
    const size_t i = left.back();
    left.pop_back();
    const Expression at = met[i].e;
    const auto known = has_text_.find(at);
    if (known && *known == 0) continue;
    if (known || surely_has_text(at)) {
      for (size_t k = i;; k = met[k].from) {
        has_text_.set(met[k].e, 1);
        if (k == 0) return true;
      }
    }
    if (met.size() > most_met) throw Error(Code::unsupported, "grammar: whether it has a text takes too long to find out; simplify it");
    std::array<bool, 256> done{};
    const std::array<uint8_t, 256> alike = classes(at).of;
    for (size_t b = 0; b < 256; ++b) {
      if (std::exchange(done[alike[b]], true)) continue;
      const Expression to = derivative(at, static_cast<uint8_t>(b), true);
      if (to == nothing || !seen.insert(to).second) continue;
      left.push_back(met.size());
      met.push_back({to, i});
    }
  }
  for (const Met& m : met) has_text_.set(m.e, 0);
  return false;
}

// The rules that a text of e may begin with.
std::vector<uint32_t> Expressions::called_first(Expression e) const {
  std::vector<uint32_t> rules;
  std::vector<Expression> left{e};
  std::unordered_set<Expression> seen;
  while (!left.empty()) {
    const Expression at = left.back();
    left.pop_back();
    if (!seen.insert(at).second) continue;
    const Node& n = nodes_[at];
    if (n.kind == Kind::call) rules.push_back(n.a);
    if (n.kind == Kind::sequence || n.kind == Kind::except || n.kind == Kind::repeat) left.push_back(n.a);
    if (n.kind == Kind::sequence && nodes_[n.a].takes_empty) left.push_back(n.b);
    if (n.kind == Kind::either || n.kind == Kind::both) {
      const auto parts = parts_of(n);
      left.insert(left.end(), parts.begin(), parts.end());
    }
  }
  return rules;
}

// Given the rules that have a text. What is intersected or complemented was found to have one. `known`: of expressions that were asked
// before with the same rules.
bool Expressions::may_end(Expression e, const std::vector<bool>& ends, std::vector<Answer>& known) const {
  struct Asked {
    Expression e;
    size_t part;  // that is asked next
  };
  std::vector<Asked> asked{{e, 0}};
  bool answer = false;  // of what was asked last
  while (!asked.empty()) {
    Asked& at = asked.back();
    const Node& n = nodes_[at.e];
    const bool first = at.part == 0;
    if (first && known[at.e] != Answer::open) {
      answer = known[at.e] == Answer::yes;
    } else if (n.takes_empty || n.kind == Kind::bytes || n.kind == Kind::both || n.kind == Kind::except || n.kind == Kind::divided) {
      answer = true;
    } else if (n.kind == Kind::call) {
      answer = ends[n.a];
    } else if (n.kind == Kind::sequence && (first || (at.part == 1 && answer))) {
      asked.push_back({at.part++ == 0 ? n.a : n.b, 0});
      continue;
    } else if (n.kind == Kind::repeat && first) {
      at.part++;
      asked.push_back({n.a, 0});
      continue;
    } else if (n.kind == Kind::either && at.part < n.b && (first || !answer)) {
      asked.push_back({parts_[n.a + at.part++], 0});
      continue;
    } else if (n.kind == Kind::nothing) {
      answer = false;
    }
    known[at.e] = answer ? Answer::yes : Answer::no;
    asked.pop_back();
  }
  return answer;
}

std::optional<uint32_t> Expressions::seal() {
  const size_t n = bodies_.size();
  std::vector<uint32_t> depth(n, 0);  // 0: not begun; else the longest chain of calls from here on, one more
  struct Walk {
    uint32_t rule;
    std::vector<uint32_t> calls;
    size_t next = 0;
  };
  std::vector<bool> inside(n, false);
  for (uint32_t r = 0; r < n; ++r) {
    std::vector<Walk> path;
    const auto enter = [&](uint32_t rule) {
      inside[rule] = true;
      path.push_back({rule, called_first(bodies_[rule])});
    };
    if (depth[r] == 0) enter(r);
    while (!path.empty()) {
      Walk& w = path.back();
      if (w.next < w.calls.size()) {
        const uint32_t to = w.calls[w.next++];
        if (inside[to])
          throw Error(Code::unsupported, "grammar: a rule calls itself before anything else; write it without left recursion");
        if (depth[to] == 0) enter(to);
        continue;
      }
      uint32_t longest = nodes_[bodies_[w.rule]].depth + 1;
      for (const uint32_t to : w.calls) longest = std::max(longest, depth[to] + nodes_[bodies_[w.rule]].depth);
      if (longest > most_chain)
        throw Error(Code::unsupported, "grammar: rules that begin with one another are nested too deep; simplify it");
      depth[w.rule] = longest;
      inside[w.rule] = false;
      path.pop_back();
    }
  }
  std::vector<bool> ends(n, false);
  std::vector<Answer> known(nodes_.size(), Answer::open);
  for (bool more = true; more;) {
    more = false;
    std::replace(known.begin(), known.end(), Answer::no, Answer::open);
    for (uint32_t r = 0; r < n; ++r)
      if (!ends[r] && may_end(bodies_[r], ends, known)) ends[r] = more = true;
  }
  const auto found = std::find(ends.begin(), ends.end(), false);
  return found == ends.end() ? std::nullopt : std::optional(static_cast<uint32_t>(found - ends.begin()));
}

const Expressions::Classes& Expressions::classes(Expression e) { return partitions_[partition(e)]; }

uint32_t Expressions::partition(Expression e) {
  if (nodes_[e].partition != no_limit) return nodes_[e].partition;
  const Node node = nodes_[e];
  uint32_t found = 0;
  if (node.kind == Kind::bytes) {
    const ByteSet& set = sets_[node.a];
    const bool zero = set.has(0);
    Classes p{{}, set == ByteSet::all() ? 1u : 2u};
    for (int b = 0; b < 256; ++b) p.of[static_cast<size_t>(b)] = set.has(static_cast<uint8_t>(b)) != zero;
    found = keep(p);
  } else if (node.kind == Kind::divided) {
    Classes p{{}, 12};
    for (uint8_t b = '0'; b <= '9'; ++b) p.of[b] = static_cast<uint8_t>(b - '0' + 1);
    p.of['.'] = 11;
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
    found = partition(node.kind == Kind::call ? bodies_[node.a] : node.a);
  }
  return nodes_[e].partition = found;
}

uint32_t Expressions::keep(const Classes& p) {
  Mixed hash;
  for (size_t i = 0; i < p.of.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, p.of.data() + i, sizeof word);
    hash.add(word);
  }
  if (const auto known = known_partitions_.find(hash.value(), [&](uint32_t i) { return partitions_[i].of == p.of; })) return *known;
  if (p.count == 1) return 0;
  partitions_.push_back(p);
  known_partitions_.add(hash.value(), static_cast<uint32_t>(partitions_.size() - 1));
  return static_cast<uint32_t>(partitions_.size() - 1);
}

uint32_t Expressions::meet(uint32_t a, uint32_t b) {
  if (a == 0 || a == b) return b;
  if (b == 0) return a;
  const uint64_t key = uint64_t{std::min(a, b)} << 32 | std::max(a, b);
  if (const auto known = met_.find(key)) return *known;
  constexpr int16_t none = -1;
  const uint32_t columns = partitions_[b].count;
  std::vector<int16_t> numbers(size_t{partitions_[a].count} * columns, none);
  Classes p{{}, 0};
  for (size_t i = 0; i < 256; ++i) {
    int16_t& number = numbers[partitions_[a].of[i] * columns + partitions_[b].of[i]];
    if (number == none) number = static_cast<int16_t>(p.count++);
    p.of[i] = static_cast<uint8_t>(number);
  }
  const uint32_t made = keep(p);
  met_.set(key, made);
  return made;
}

}  // namespace lt::grammar
