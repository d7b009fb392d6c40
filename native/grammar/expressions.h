// Regular expressions over bytes, with intersection and complement, and their derivatives: what remains of the texts that begin with a byte
// (Brzozowski 1964; Owens, Reppy and Turon 2009, "Regular-expression derivatives re-examined"). Each is stored once, in a form in which
// equal ones meet, so that an expression without rules has a limited number of derivatives. A rule is an expression that is called by its
// number, also from within itself: what remains behind a call is a sequence, so texts nest as deep as they like.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "grammar/byte_set.h"
#include "grammar/flat_map.h"

namespace lt::grammar {

using Expression = uint32_t;  // its number among those of one Expressions

class Expressions {
 public:
  static constexpr Expression nothing = 0;   // no text
  static constexpr Expression empty = 1;     // the empty text
  static constexpr Expression anything = 2;  // every text
  static constexpr uint32_t no_limit = std::numeric_limits<uint32_t>::max();

  // most: of expressions that are kept. All that make one throw Code::unsupported beyond it, or beyond most_depth, and Code::memory where
  // all that a process keeps are more than most_of_all.
  explicit Expressions(size_t most);
  ~Expressions();
  Expressions(const Expressions&) = delete;
  Expressions& operator=(const Expressions&) = delete;
  // How many parts of expressions may be looked at from now on, to make others; beyond it Code::unsupported is thrown.
  void allow(size_t parts) { left_ = parts; }
  bool spent() const { return left_ == 0; }  // more were wanted

  Expression byte_of(const ByteSet& set);
  Expression text(std::string_view bytes);
  Expression sequence(std::span<const Expression> parts);
  Expression sequence(Expression first, Expression then);
  Expression either(std::span<const Expression> parts);
  Expression both(std::span<const Expression> parts) { return living(joined(Kind::both, parts)); }
  Expression except(Expression e) { return living(complement(e)); }
  Expression repeat(Expression e, uint32_t least, uint32_t most);
  // Texts of e that are made of these bytes alone.
  Expression only(Expression e, const ByteSet& bytes);
  // e, with `instead` for `tail` where a text may end with it; further in than some levels nothing is replaced.
  Expression with_tail(Expression e, Expression tail, Expression instead);
  // How far a number has been read.
  enum class Reading : uint8_t {
    whole,  // digits before a point, if there is one
    zero,   // a leading zero: a point, if anything, is next
    point,  // a digit must be next
    fraction,
    integer,  // there will be no point
  };
  // What follows in numbers that are multiples of divisor x 10^-places, the digits so far being `before` modulo the divisor. divisor: 1 to
  // 10^18.
  Expression divided(uint64_t divisor, uint64_t before, uint32_t places, Reading reading);

  // Rules are called, then defined, then sealed: before that nothing is derived that calls one. Those that are sealed call none that are
  // not. takes_empty: whether the rule will.
  uint32_t rule();
  Expression call(uint32_t rule, bool takes_empty);
  void define(uint32_t rule, Expression body) { bodies_[rule] = body; }
  // The first of the rules since the last time that has no text, none of whose texts ends, if any. Throws Code::unsupported where one calls
  // itself before anything else.
  std::optional<uint32_t> seal();

  bool takes_empty(Expression e) const { return nodes_[e].takes_empty; }
  // `nothing` where no text begins with the byte. Throws Code::unsupported also where it is too hard to tell whether one does.
  Expression derivative(Expression e, uint8_t byte) { return derivative(e, byte, false); }
  // Bytes of the same number have the same derivative.
  struct Classes {
    std::array<uint8_t, 256> of;
    uint32_t count;  // numbers are below it
  };
  const Classes& classes(Expression e);  // stays where it is
  // What e begins with, up to and with the first part that is not empty, and what follows. The first goes on as e does for `near` bytes:
  // how often something is repeated is left open where it is more than that, so that it is the same for many e; what follows is `nothing`
  // where it is not come to. {e, nothing}: e is not cut.
  std::pair<Expression, Expression> cut(Expression e, uint32_t near);
  size_t count() const { return nodes_.size(); }
  size_t bytes() const;  // of memory

  static constexpr size_t most_of_all = 5'000'000;  // up to 200 bytes each, with what is derived of them
  static constexpr uint32_t most_depth = 256;       // of what derivatives recur into
  static constexpr uint32_t most_chain = 5000;      // the same through rules that begin with calls

 private:
  enum class Kind : uint8_t { nothing, empty, bytes, sequence, either, both, except, repeat, call, divided };
  struct Node {
    Kind kind;
    bool takes_empty = false;
    bool plain = true;  // made without intersection and complement: then, unless it is `nothing`, it has a text
    uint32_t depth = 1;
    uint32_t a = 0, b = 0,
             c = 0;  // bytes: the set; sequence: first, then; either, both: first part, parts; except, repeat: of what, limits; call: the
                     // rule; divided: of divided_
    uint32_t partition = no_limit;
  };
  struct Divided {
    uint64_t divisor, before;
    uint32_t places;
    Reading reading;
    bool operator==(const Divided&) const = default;
  };

  void spend(size_t parts);
  Expression add(const Node& node, std::span<const Expression> parts = {});
  uint64_t hash_of(const Node& node, std::span<const Expression> parts) const;
  bool same(const Node& a, const Node& b, std::span<const Expression> parts) const;
  std::span<const Expression> parts_of(const Node& node) const { return std::span(parts_).subspan(node.a, node.b); }
  Expression joined(Kind kind, std::span<const Expression> parts);
  Expression merged_bytes(Kind kind, std::vector<Expression>& parts);
  Expression complement(Expression e);
  Expression living(Expression e) { return has_text(e) ? e : nothing; }
  bool has_text(Expression e, size_t most_met = 30'000);  // derivatives to look at; more are Code::unsupported
  bool surely_has_text(Expression e) const;
  // raw: what has no text is not told from what has.
  Expression derivative(Expression e, uint8_t byte, bool raw);
  Expression derivative_of_sequence(Expression e, uint8_t byte, bool raw);
  Expression derivative_of_divided(const Divided& d, uint8_t byte);
  std::vector<uint32_t> called_first(Expression e) const;
  enum class Answer : uint8_t { open, yes, no };
  uint32_t seal_chains();
  bool may_end(Expression e, std::vector<Expression>& denied);
  uint32_t partition(Expression e);
  uint32_t keep(const Classes& partition);
  uint32_t meet(uint32_t a, uint32_t b);

  std::vector<Expression> in_sequence(Expression e) const;  // its parts
  // How long the shortest text is, and how much is enough to end a text, whatever it began with.
  struct Ends {
    uint32_t shortest, enough;
  };
  Ends ends_of(Expression e);
  Ends ends_of_part(Expression e);
  Expression open(Expression e, uint32_t near);
  Expression open_both(Expression e, uint32_t near);
  bool made_of(Expression e, Expression unit);
  Expression only(Expression e, const ByteSet& bytes, FlatMap& known);
  Expression with_tail(Expression e, Expression tail, Expression instead, FlatMap& known, uint32_t depth);

  void count_more();

  const size_t most_;
  size_t counted_ = 0;                                // among those of the process
  size_t left_ = std::numeric_limits<size_t>::max();  // parts
  std::vector<Node> nodes_;
  std::vector<ByteSet> sets_;
  std::vector<Divided> divided_;
  std::vector<Expression> parts_;
  HashIndex known_;
  std::deque<Classes> partitions_;
  HashIndex known_partitions_;
  FlatMap met_;  // of two partitions
  FlatMap derived_;
  FlatMap has_text_;
  std::vector<Ends> ends_;
  FlatMap ends_at_;  // of expressions, in ends_
  FlatMap opened_;
  FlatMap made_of_;
  std::vector<Expression> bodies_;   // of rules
  std::vector<uint32_t> chains_;     // of rules: the longest chain of calls from there on, one more; 0: not known
  std::vector<bool> ends_of_rules_;  // whether they have a text
  std::vector<Answer> may_end_;      // of expressions, given those
};

}  // namespace lt::grammar
