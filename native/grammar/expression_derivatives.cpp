#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>
#include <utility>

#include "core/error.h"
#include "grammar/expressions.h"

namespace lt::grammar {

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
bool Expressions::has_text(Expression e, size_t most_met) {
  struct Met {
    Expression e;
    size_t from;
  };
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

// Given the rules that have a text. What is intersected or complemented was found to have one. An answer `no` holds until another rule is
// found to have one: those that are given are added to `denied`.
bool Expressions::may_end(Expression e, std::vector<Expression>& denied) {
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
    if (first && may_end_[at.e] != Answer::open) {
      answer = may_end_[at.e] == Answer::yes;
    } else if (n.takes_empty || n.kind == Kind::bytes || n.kind == Kind::both || n.kind == Kind::except || n.kind == Kind::divided) {
      answer = true;
    } else if (n.kind == Kind::call) {
      answer = ends_of_rules_[n.a];
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
    if (!answer && may_end_[at.e] == Answer::open) denied.push_back(at.e);
    may_end_[at.e] = answer ? Answer::yes : Answer::no;
    asked.pop_back();
  }
  return answer;
}

// The first rule that was not sealed before.
uint32_t Expressions::seal_chains() {
  struct Walk {
    uint32_t rule;
    std::vector<uint32_t> calls;
    size_t next = 0;
  };
  const auto begin = static_cast<uint32_t>(chains_.size()), end = static_cast<uint32_t>(bodies_.size());
  std::vector<bool> inside(end - begin, false);  // of rules from `begin` on
  chains_.resize(end, 0);
  for (uint32_t r = begin; r < end; ++r) {
    std::vector<Walk> path;
    const auto enter = [&](uint32_t rule) {
      inside[rule - begin] = true;
      path.push_back({rule, called_first(bodies_[rule])});
    };
    if (chains_[r] == 0) enter(r);
    while (!path.empty()) {
      Walk& w = path.back();
      if (w.next < w.calls.size()) {
        const uint32_t to = w.calls[w.next++];
        if (to >= begin && inside[to - begin])
          throw Error(Code::unsupported, "grammar: a rule calls itself before anything else; write it without left recursion");
        if (chains_[to] == 0) enter(to);
        continue;
      }
      const uint32_t own = nodes_[bodies_[w.rule]].depth;
      uint32_t longest = own + 1;
      for (const uint32_t to : w.calls) longest = std::max(longest, chains_[to] + own);
      if (longest > most_chain)
        throw Error(Code::unsupported, "grammar: rules that begin with one another are nested too deep; simplify it");
      chains_[w.rule] = longest;
      inside[w.rule - begin] = false;
      path.pop_back();
    }
  }
  return begin;
}

std::optional<uint32_t> Expressions::seal() {
  const uint32_t begin = seal_chains();
  const auto end = static_cast<uint32_t>(bodies_.size());
  ends_of_rules_.resize(end, false);
  may_end_.resize(nodes_.size(), Answer::open);
  for (bool more = true; more;) {
    more = false;
    std::vector<Expression> denied;
    for (uint32_t r = begin; r < end; ++r)
      if (!ends_of_rules_[r] && may_end(bodies_[r], denied)) ends_of_rules_[r] = more = true;
    for (const Expression e : denied) may_end_[e] = Answer::open;
  }
  const auto found = std::find(ends_of_rules_.begin() + begin, ends_of_rules_.end(), false);
  return found == ends_of_rules_.end() ? std::nullopt : std::optional(static_cast<uint32_t>(found - ends_of_rules_.begin()));
}

}  // namespace lt::grammar
