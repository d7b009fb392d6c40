#include "tokenize/pattern.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace lt::tokenize {
// Named, as a member of Pattern::Builder has a type of it.
namespace pattern_steps {

constexpr size_t kMostEntries = size_t{1} << 22;
constexpr size_t kMostSteps = 20000;
constexpr size_t kMostLooks = 3;
constexpr size_t kMostBefore = 6;
constexpr size_t kLongInVain = 64;  // bytes

struct Step {
  enum class Kind : uint8_t { take, fork, next, previous, look, match };
  Kind kind;
  uint32_t set = 0;            // of take, next; of previous: which; of look: which
  bool edge = false;           // of next: or the end; of look: it does not match
  uint32_t to = 0, or_to = 0;  // or_to, of fork: where `to` leads to nothing
};

// A pattern's tree as steps, and the sets that they name.
class Steps {
 public:
  explicit Steps(std::string_view pattern) : pattern_(pattern) {}

  struct Beside {
    CharSet set;
    bool edge;
    bool operator==(const Beside&) const = default;
  };

  std::vector<Step> all;
  std::vector<CharSet> sets;
  std::vector<Beside> before;
  std::vector<const Node*> looks;

  // Built from behind: returns where the node begins that is followed by step `then`.
  uint32_t add(const Node& n, uint32_t then) {
    switch (n.kind) {
      case Node::Kind::set:
        return put({Step::Kind::take, set_of(n.set), false, then, 0});
      case Node::Kind::next:
        return put({Step::Kind::next, set_of(n.set), n.edge, then, 0});
      case Node::Kind::previous:
        return put({Step::Kind::previous, index_of(before, {n.set, n.edge}, kMostBefore), false, then, 0});
      case Node::Kind::look:
        return put({Step::Kind::look, index_of(looks, &n.parts[0], kMostLooks), n.inverted, then, 0});
      case Node::Kind::sequence:
        for (size_t i = n.parts.size(); i-- > 0;) then = add(n.parts[i], then);
        return then;
      case Node::Kind::choice: {
        uint32_t way = add(n.parts.back(), then);
        for (size_t i = n.parts.size() - 1; i-- > 0;) {
          const uint32_t first = add(n.parts[i], then);
          way = put({Step::Kind::fork, 0, false, first, way});
        }
        return way;
      }
      case Node::Kind::repeat:
        break;
    }
    if (n.most == Node::kNoLimit) {
      const uint32_t again = put({Step::Kind::fork, 0, false, 0, 0});
      const uint32_t part = add(n.parts[0], again);
      all[again].to = n.lazy ? then : part;
      all[again].or_to = n.lazy ? part : then;
      then = again;
    } else {
      // The times above n, each within the one before.
      const uint32_t after = then;
      for (int i = n.least; i < n.most; ++i) {
        const uint32_t part = add(n.parts[0], then);
        then = put({Step::Kind::fork, 0, false, n.lazy ? after : part, n.lazy ? part : after});
      }
    }
    for (int i = 0; i < n.least; ++i) then = add(n.parts[0], then);
    return then;
  }

  uint32_t put(Step step) {
    if (all.size() >= kMostSteps) fail("is too long once its repetitions are written out");
    all.push_back(step);
    return static_cast<uint32_t>(all.size() - 1);
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Code::unsupported, "the split pattern " + shown(pattern_) + ": " + what);
  }

 private:
  uint32_t set_of(const CharSet& set) {
    const auto at = std::find(sets.begin(), sets.end(), set);
    if (at == sets.end()) return sets.push_back(set), static_cast<uint32_t>(sets.size() - 1);
    return static_cast<uint32_t>(at - sets.begin());
  }
  template <class T>
  uint32_t index_of(std::vector<T>& list, const T& item, size_t most) {
    const auto at = std::find(list.begin(), list.end(), item);
    if (at != list.end()) return static_cast<uint32_t>(at - list.begin());
    if (list.size() >= most) fail("looks around at more things than can be built");
    list.push_back(item);
    return static_cast<uint32_t>(list.size() - 1);
  }

  std::string_view pattern_;
};

}  // namespace pattern_steps

using namespace pattern_steps;

class Pattern::Builder {
 public:
  Builder(Pattern& to, const Node& tree, std::string_view pattern) : to_(to), steps_(pattern) {
    const uint32_t match = steps_.put({Step::Kind::match});
    first_ = steps_.add(tree, match);
    for (const Node* look : steps_.looks) to_.looks_.emplace_back(new Pattern(*look, pattern));
    sort_classes();
    to_.symbols_ = (to_.class_count_ + 1) << steps_.looks.size();
    to_.looks_back_ = !steps_.before.empty();
    make_states();
  }

 private:
  struct State {
    std::vector<uint32_t> steps;  // the most wanted first
    uint32_t before = 0;          // a bit of each of steps_.before that holds
    bool operator<(const State& other) const { return std::tie(before, steps) < std::tie(other.before, other.steps); }
  };

  // Numbers the sets of code points that belong to the same sets of the pattern.
  void sort_classes() {
    std::vector<const CharSet*> sets;
    for (const CharSet& s : steps_.sets) sets.push_back(&s);
    for (const auto& b : steps_.before) sets.push_back(&b.set);
    std::vector<std::pair<char32_t, size_t>> turns;  // at a code point a set begins or ends
    for (size_t i = 0; i < sets.size(); ++i)
      for (const char32_t bound : sets[i]->bounds()) turns.emplace_back(bound, i);
    std::sort(turns.begin(), turns.end());
    std::vector<uint8_t> class_at(CharSet::kEnd);
    std::map<std::vector<bool>, uint8_t> classes;
    std::vector<bool> in(sets.size());
    size_t turn = 0;
    for (char32_t code = 0; code < CharSet::kEnd;) {
      for (; turn < turns.size() && turns[turn].first == code; ++turn) in[turns[turn].second] = !in[turns[turn].second];
      const char32_t end = turn < turns.size() ? turns[turn].first : CharSet::kEnd;
      if (classes.size() == 255 && !classes.contains(in)) steps_.fail("tells more than 255 kinds of characters apart");
      const uint8_t number = classes.emplace(in, static_cast<uint8_t>(classes.size())).first->second;
      std::fill(class_at.begin() + code, class_at.begin() + end, number);
      code = end;
    }
    to_.class_count_ = static_cast<uint32_t>(classes.size());
    has_.resize(classes.size());
    for (const auto& [of, number] : classes) has_[number] = of;
    put_pages(class_at);
    for (uint32_t c = 0; c <= to_.class_count_; ++c) {
      uint32_t bits = 0;
      for (size_t i = 0; i < steps_.before.size(); ++i)
        if (c == to_.class_count_ ? steps_.before[i].edge : has_[c][steps_.sets.size() + i]) bits |= 1u << i;
      to_.before_.push_back(static_cast<uint8_t>(bits));
    }
  }

  void put_pages(const std::vector<uint8_t>& class_at) {
    std::map<std::vector<uint8_t>, uint16_t> pages;
    for (auto at = class_at.begin(); at != class_at.end(); at += 256) {
      const auto [page, made] = pages.emplace(std::vector<uint8_t>(at, at + 256), static_cast<uint16_t>(pages.size()));
      if (made) to_.classes_.insert(to_.classes_.end(), at, at + 256);
      to_.pages_.push_back(page->second);
    }
    std::copy_n(class_at.begin(), to_.ascii_.size(), to_.ascii_.begin());
  }

  void make_states() {
    number_of(State{});  // the dead one
    for (uint32_t before = 0; before < 1u << steps_.before.size(); ++before) to_.starts_.push_back(number_of(State{{first_}, before}));
    for (size_t i = 0; i < states_.size(); ++i) {
      if ((i + 1) * to_.symbols_ > kMostEntries) steps_.fail("its tables would be too large");
      const State state = *states_[i];
      const uint32_t asked = asked_by(state);
      to_.asks_.push_back(static_cast<uint8_t>(asked));
      for (uint32_t symbol = 0; symbol < to_.symbols_; ++symbol) {
        const uint32_t answers = symbol / (to_.class_count_ + 1), c = symbol % (to_.class_count_ + 1);
        to_.next_.push_back((answers & ~asked) ? 0 : after(state, c, answers));
      }
    }
  }

  uint32_t number_of(State state) {
    const auto [at, made] = numbers_.emplace(std::move(state), static_cast<uint32_t>(states_.size()));
    if (made) states_.push_back(&at->first);
    return at->second;
  }

  // Goes from each step to those that take a character or match, in order; through(step): may it be passed? Ends where f says so.
  template <class Through, class Each>
  void walk(const State& state, const Through& through, const Each& each) {
    std::vector<bool> seen(steps_.all.size());
    std::vector<uint32_t> open;
    for (const uint32_t first : state.steps) {
      open.push_back(first);
      while (!open.empty()) {
        const uint32_t i = open.back();
        open.pop_back();
        if (seen[i]) continue;
        seen[i] = true;
        const Step& step = steps_.all[i];
        if (step.kind == Step::Kind::take || step.kind == Step::Kind::match) {
          if (!each(step)) return;
        } else if (step.kind == Step::Kind::fork) {
          open.push_back(step.or_to);
          open.push_back(step.to);
        } else if (through(step)) {
          open.push_back(step.to);
        }
      }
    }
  }

  uint32_t asked_by(const State& state) {
    uint32_t asked = 0;
    const auto through = [&](const Step& step) {
      if (step.kind == Step::Kind::look) asked |= 1u << step.set;
      return true;
    };
    walk(state, through, [](const Step&) { return true; });
    return asked;
  }

  uint32_t after(const State& state, uint32_t c, uint32_t answers) {
    const bool at_end = c == to_.class_count_;
    bool matched = false;
    State next;
    const auto through = [&](const Step& step) {
      if (step.kind == Step::Kind::next) return at_end ? step.edge : static_cast<bool>(has_[c][step.set]);
      if (step.kind == Step::Kind::previous) return (state.before >> step.set & 1) != 0;
      return (answers >> step.set & 1) != static_cast<uint32_t>(step.edge);
    };
    walk(state, through, [&](const Step& step) {
      if (step.kind == Step::Kind::match) {
        matched = true;
        return false;  // what is wanted less does not count any more
      }
      const bool there = std::find(next.steps.begin(), next.steps.end(), step.to) != next.steps.end();
      if (!at_end && has_[c][step.set] && !there) next.steps.push_back(step.to);
      return true;
    });
    if (!next.steps.empty()) next.before = to_.before_[c];
    return number_of(std::move(next)) << 1 | static_cast<uint32_t>(matched);
  }

  Pattern& to_;
  Steps steps_;
  uint32_t first_ = 0;
  std::vector<std::vector<bool>> has_;  // class -> which sets it belongs to
  std::map<State, uint32_t> numbers_;
  std::vector<const State*> states_;
};

Pattern::Pattern(const Node& tree, std::string_view pattern) { Builder(*this, tree, pattern); }

Scan::Symbol Scan::read(size_t end, size_t at) const {
  if (at == end) return {pattern_.class_count_, end};
  const auto byte = static_cast<uint8_t>(text_[at]);
  if (byte < 0x80) return {pattern_.ascii_[byte], at + 1};
  const Read read = read_utf8(text_.substr(0, end), at);
  return {pattern_.class_of(read.code), at + read.bytes};
}

uint32_t Scan::start(size_t begin, size_t at) const {
  if (!pattern_.looks_back_) return pattern_.starts_[0];
  const uint32_t before = at == begin ? pattern_.class_count_ : pattern_.class_of(read_before(text_.substr(begin), at - begin).code);
  return pattern_.starts_[pattern_.before_[before]];
}

uint32_t Scan::answers(uint32_t asked, size_t begin, size_t end, size_t at) {
  if (looks_.empty())
    for (const auto& look : pattern_.looks_) looks_.push_back(std::make_unique<Scan>(*look, text_));
  uint32_t bits = 0;
  for (size_t i = 0; i < looks_.size(); ++i)
    if ((asked >> i & 1) && looks_[i]->matches(begin, end, at)) bits |= 1u << i;
  return bits;
}

uint32_t Scan::step(uint32_t state, const Symbol& symbol, size_t begin, size_t end, size_t at) {
  size_t entry = size_t{state} * pattern_.symbols_ + symbol.number;
  if (const uint32_t asked = pattern_.asks_[state]) entry += size_t{pattern_.class_count_ + 1} * answers(asked, begin, end, at);
  return pattern_.next_[entry];
}

size_t Scan::match(size_t begin, size_t end, size_t at) {
  uint32_t state = start(begin, at), state_at_last = state;
  size_t last = kNone;
  for (size_t here = at;;) {
    if (state == Pattern::kDead || (!vain_.empty() && vain_.has(state, here))) {
      const size_t from = last == kNone ? at : last;
      if (here - from > kLongInVain) note_vain(state_at_last, begin, end, from, here);
      return last;
    }
    const Symbol symbol = read(end, here);
    const uint32_t next = step(state, symbol, begin, end, here);
    if (next & 1) last = here, state_at_last = state;
    state = next >> 1;
    here = symbol.next;
  }
}

// Between `from`, where the last match ended, and `to`, where it turned out that there is no longer one.
void Scan::note_vain(uint32_t state, size_t begin, size_t end, size_t from, size_t to) {
  for (size_t here = from; here < to;) {
    const Symbol symbol = read(end, here);
    if (here > from) vain_.put(state, here, text_.size());
    state = step(state, symbol, begin, end, here) >> 1;
    if (symbol.next == here || state == Pattern::kDead) return;
    here = symbol.next;
  }
}

bool Scan::matches(size_t begin, size_t end, size_t at) {
  path_.clear();
  bool found = false;
  uint32_t state = start(begin, at);
  for (size_t here = at; state != Pattern::kDead;) {
    if (vain_.has(state, here)) break;
    if ((found = good_.has(state, here))) break;
    path_.emplace_back(state, here);
    const Symbol symbol = read(end, here);
    const uint32_t next = step(state, symbol, begin, end, here);
    if ((found = next & 1)) break;
    state = next >> 1;
    here = symbol.next;
  }
  for (const auto& [passed, place] : path_) (found ? good_ : vain_).put(passed, place, text_.size() + 1);
  return found;
}

}  // namespace lt::tokenize
