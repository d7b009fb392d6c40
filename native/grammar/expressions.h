// Regular expressions over bytes, with intersection and complement, and their derivatives: what remains of the texts that begin with a byte
// (Brzozowski 1964; Owens, Reppy and Turon 2009, "Regular-expression derivatives re-examined"). Each is stored once, in a form in which
// equal ones meet, so that an expression has a limited number of derivatives.
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "grammar/byte_set.h"

namespace lt::grammar {

using Expression = uint32_t;  // its number among those of one Expressions

class Expressions {
 public:
  static constexpr Expression nothing = 0;   // no text
  static constexpr Expression empty = 1;     // the empty text
  static constexpr Expression anything = 2;  // every text
  static constexpr uint32_t no_limit = std::numeric_limits<uint32_t>::max();

  // most: of expressions that are kept. All that make one throw Code::unsupported beyond it, or beyond most_depth.
  explicit Expressions(size_t most);

  Expression byte_of(const ByteSet& set);
  Expression text(std::string_view bytes);
  Expression sequence(std::span<const Expression> parts);
  Expression sequence(Expression first, Expression then);
  Expression either(std::span<const Expression> parts);
  Expression both(std::span<const Expression> parts);
  Expression except(Expression e);
  Expression repeat(Expression e, uint32_t least, uint32_t most);

  bool takes_empty(Expression e) const { return nodes_[e].takes_empty; }
  // It is made without intersection and complement: then, unless it is `nothing`, it has a text.
  bool plain(Expression e) const { return nodes_[e].plain; }
  Expression derivative(Expression e, uint8_t byte);
  // Bytes of the same number have the same derivative; numbers from 0 on.
  const std::array<uint8_t, 256>& classes(Expression e);
  size_t count() const { return nodes_.size(); }

  static constexpr uint32_t most_depth = 256;  // of what derivatives recur into

 private:
  enum class Kind : uint8_t { nothing, empty, bytes, sequence, either, both, except, repeat };
  struct Node {
    Kind kind;
    bool takes_empty = false, plain = true;
    uint32_t depth = 1;
    uint32_t a = 0, b = 0,
             c = 0;  // bytes: the set; sequence: first, then; either, both: first part, parts; except, repeat: of what, limits
    uint32_t partition = no_limit;
  };
  struct Partition {
    std::array<uint8_t, 256> of;
    uint32_t count;
  };

  Expression add(const Node& node, std::span<const Expression> parts = {});
  uint64_t hash_of(const Node& node, std::span<const Expression> parts) const;
  bool same(const Node& a, const Node& b, std::span<const Expression> parts) const;
  std::span<const Expression> parts_of(const Node& node) const { return std::span(parts_).subspan(node.a, node.b); }
  Expression joined(Kind kind, std::span<const Expression> parts);
  Expression merged_bytes(Kind kind, std::vector<Expression>& parts);
  Expression derivative_of_sequence(Expression e, uint8_t byte);
  uint32_t partition(Expression e);
  uint32_t keep(const Partition& partition);
  uint32_t meet(uint32_t a, uint32_t b);

  const size_t most_;
  std::vector<Node> nodes_;
  std::vector<ByteSet> sets_;
  std::vector<Expression> parts_;
  std::unordered_multimap<uint64_t, Expression> known_;
  std::vector<Partition> partitions_;
  std::unordered_multimap<uint64_t, uint32_t> known_partitions_;
  std::unordered_map<uint64_t, uint32_t> met_;  // of two partitions
  std::unordered_map<uint64_t, Expression> derived_;
};

}  // namespace lt::grammar
