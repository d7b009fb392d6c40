#include <cstring>

#include "grammar/expressions.h"

namespace lt::grammar {

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
    // That of what is behind is kept too: others ask for it, of parts that may be empty each of them.
    std::vector<Expression> path;
    Expression at = e;
    bool more = true;
    for (; more && nodes_[at].kind == Kind::sequence && nodes_[at].partition == no_limit; at = nodes_[at].b) {
      path.push_back(at);
      more = nodes_[nodes_[at].a].takes_empty;
    }
    if (more) found = partition(at);
    for (size_t i = path.size(); i > 0; --i) {
      found = meet(partition(nodes_[path[i - 1]].a), found);
      nodes_[path[i - 1]].partition = found;
    }
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
