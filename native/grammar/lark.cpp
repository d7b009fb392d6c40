#include "grammar/lark.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/text.h"
#include "grammar/lark_reader.h"
#include "grammar/lark_terminals.h"
#include "grammar/lark_text.h"

namespace lt::grammar {
namespace {

constexpr uint32_t none = std::numeric_limits<uint32_t>::max();

// Rules as expressions. Each is built without the empty text, which whoever calls it adds, so that what a rule may begin with is what it
// calls first. Rules that begin with one another, round in circles, are a system of equations
//   A_i = N_i | A_1 L_1i | A_2 L_2i | ...
// where no N begins with any of them; it is solved as Arden's lemma solves it (Arden 1961, "Delayed logic and finite-state machines"): A_i
// is an N_j, then what leads from j to i, and nothing of it calls one of them first.
class LarkRules {
 public:
  LarkRules(std::string_view text, LarkGrammar& grammar, SchemaOptions schemas, Expressions& e) : text_(text), grammar_(grammar), e_(e) {
    LarkTerminals terminals(text, grammar, schemas, e);
    make_terminals(terminals);
    ignored_ = ignored(terminals);
    settle(&Facts::has_text);
    settle(&Facts::takes_empty);
  }

  Expression start() {
    if (!facts_[0].has_text)
      throw error_in_lark(Code::argument, text_, grammar_.symbols[0].at,
                          "no text of start ends; give it an alternative that does not call itself");
    for (Facts& f : facts_)
      if (f.has_text) f.rule = e_.rule();
    find_circles();
    e_.seal();
    return e_.sequence(ignored_, called(0).whole);
  }

 private:
  static constexpr size_t most_together = 64;  // rules that begin with one another
  static constexpr size_t most_looked = 50'000'000;

  // Of a rule: what is known of it.
  struct Facts {
    bool has_text = false, takes_empty = false;
    uint32_t rule = none;   // of e_, of its texts that are not empty
    uint32_t local = none;  // its number among those that begin with one another, while these are built
  };
  struct Texts {
    Expression whole = Expressions::empty, filled = Expressions::nothing;  // `filled`: but for the empty one
  };
  struct Begun {
    uint32_t local;
    Texts then;
  };
  // What is said in one place: all its texts, and apart, without the empty one, those that begin with a local rule and the rest.
  struct Said {
    Texts all;
    std::vector<Begun> begun = {};
    Expression rest = Expressions::nothing;
  };

  bool is_rule(uint32_t symbol) const { return !grammar_.symbols[symbol].terminal && !grammar_.symbols[symbol].lazy; }

  // Those of terminals that no rule names are made too, so that what is wrong with them is said. %json first: schemas have rules of their
  // own, which are sealed where they are made, before those of the grammar are there.
  void make_terminals(LarkTerminals& terminals) {
    for (uint32_t i = 0; i < grammar_.symbols.size(); ++i) {
      if (is_rule(i))
        terminals.make(grammar_.symbols[i].body);
      else
        terminals.of_symbol(i);
    }
    facts_.resize(grammar_.symbols.size());
    for (uint32_t i = 0; i < facts_.size(); ++i)
      if (is_rule(i)) rules_.push_back(i);
  }
  Expression ignored(LarkTerminals& terminals) {
    std::vector<Expression> ways;
    for (const LarkItem& item : grammar_.ignored) ways.push_back(filled(terminals.of(item)));
    return e_.repeat(e_.either(ways), 0, grammar_.ignored_once ? 1 : Expressions::no_limit);
  }
  Expression filled(Expression e) { return e_.takes_empty(e) ? e_.both(std::array{e, e_.except(Expressions::empty)}) : e; }
  Texts with_empty(Expression filled, bool empty) { return {empty ? e_.either(std::array{filled, Expressions::empty}) : filled, filled}; }

  // Whether something holds of all rules. Most call those that stand behind them, so the last ones are asked first.
  void settle(bool Facts::* fact) {
    size_t looked = 0;
    for (bool more = true; more;) {
      more = false;
      for (size_t i = rules_.size(); i > 0; --i) {
        Facts& f = facts_[rules_[i - 1]];
        if (!(f.*fact) && holds(grammar_.symbols[rules_[i - 1]].body, fact, looked)) f.*fact = more = true;
      }
    }
  }
  bool holds(const LarkItem& item, bool Facts::* fact, size_t& looked) const {
    if (++looked > most_looked) throw Error(Code::unsupported, "grammar: its rules call one another in too many ways; simplify it");
    const auto part = [&](const LarkItem& i) { return holds(i, fact, looked); };
    switch (item.kind) {
      case LarkItem::Kind::made:
        return fact == &Facts::has_text ? item.symbol != Expressions::nothing : e_.takes_empty(item.symbol);
      case LarkItem::Kind::name:
        return facts_[item.symbol].*fact;
      case LarkItem::Kind::choice:
        return std::any_of(item.parts.begin(), item.parts.end(), part);
      case LarkItem::Kind::repeat:
        return item.least == 0 || item.most == 0 || part(item.parts[0]);
      default:
        return std::all_of(item.parts.begin(), item.parts.end(), part);
    }
  }

  // The rules that texts of an item may begin with.
  void begins(const LarkItem& item, std::vector<uint32_t>& with) const {
    size_t looked = 0;
    switch (item.kind) {
      case LarkItem::Kind::name:
        if (facts_[item.symbol].has_text) with.push_back(item.symbol);
        return;
      case LarkItem::Kind::choice:
        for (const LarkItem& part : item.parts) begins(part, with);
        return;
      case LarkItem::Kind::repeat:
        return begins(item.parts[0], with);
      case LarkItem::Kind::sequence:
        for (const LarkItem& part : item.parts) {
          begins(part, with);
          if (!holds(part, &Facts::takes_empty, looked)) return;
        }
        return;
      default:
        return;
    }
  }

  // Strongly connected ones together (Tarjan 1972), each lot defined once it is found.
  void find_circles() {
    struct Visit {
      uint32_t symbol;
      std::vector<uint32_t> with;
      size_t next = 0;
    };
    const size_t n = facts_.size();
    std::vector<uint32_t> index(n, none), low(n, 0), open;
    std::vector<bool> is_open(n, false);
    uint32_t count = 0;
    for (const uint32_t root : rules_) {
      if (index[root] != none || !facts_[root].has_text) continue;
      std::vector<Visit> path;
      const auto enter = [&](uint32_t symbol) {
        index[symbol] = low[symbol] = count++;
        open.push_back(symbol);
        is_open[symbol] = true;
        Visit& visit = path.emplace_back(Visit{symbol, {}});
        begins(grammar_.symbols[symbol].body, visit.with);
      };
      enter(root);
      while (!path.empty()) {
        Visit& at = path.back();
        const uint32_t symbol = at.symbol;
        if (at.next < at.with.size()) {
          const uint32_t to = at.with[at.next++];
          if (index[to] == none)
            enter(to);
          else if (is_open[to])
            low[symbol] = std::min(low[symbol], index[to]);
          continue;
        }
        const bool itself = std::find(at.with.begin(), at.with.end(), symbol) != at.with.end();
        path.pop_back();
        if (!path.empty()) low[path.back().symbol] = std::min(low[path.back().symbol], low[symbol]);
        if (low[symbol] != index[symbol]) continue;
        std::vector<uint32_t> circle;
        do {
          circle.push_back(open.back());
          is_open[open.back()] = false;
          open.pop_back();
        } while (circle.back() != symbol);
        if (circle.size() == 1 && !itself)
          e_.define(facts_[symbol].rule, said(grammar_.symbols[symbol].body).all.filled);
        else
          define_circle(circle);
      }
    }
  }

  Texts called(uint32_t symbol) {
    const Facts& f = facts_[symbol];
    if (!f.has_text) return {Expressions::nothing, Expressions::nothing};
    return with_empty(e_.call(f.rule, false), f.takes_empty);
  }

  Said said(const LarkItem& item) {
    switch (item.kind) {
      case LarkItem::Kind::made: {
        // What is ignored may follow a terminal; where that is empty, the one before it is followed by it.
        const Expression all = item.symbol, some = e_.sequence(filled(all), ignored_);
        return {with_empty(some, e_.takes_empty(all)), {}, some};
      }
      case LarkItem::Kind::name: {
        const Texts all = called(item.symbol);
        if (const uint32_t local = facts_[item.symbol].local; local != none) return {all, {{local, {}}}};
        return {all, {}, all.filled};
      }
      case LarkItem::Kind::choice:
        return choice(item);
      case LarkItem::Kind::repeat:
        return repeat(item);
      default:
        return sequence(item);
    }
  }

  Texts behind(const Texts& first, const Texts& then) {
    const Expression filled = e_.sequence(first.filled, then.whole);
    if (!e_.takes_empty(first.whole)) return {filled, filled};
    return {e_.sequence(first.whole, then.whole), e_.either(std::array{filled, then.filled})};
  }
  // What begins with `first`, then has `then`; what of it is behind the empty text is added by whoever asks.
  Said behind(Said first, const Texts& then) {
    for (Begun& b : first.begun) b.then = behind(b.then, then);
    if (first.rest != Expressions::nothing) first.rest = e_.sequence(first.rest, then.whole);
    first.all = behind(first.all, then);
    return first;
  }
  static void add_begun(std::vector<Begun>& to, const std::vector<Begun>& more) { to.insert(to.end(), more.begin(), more.end()); }

  Said sequence(const LarkItem& item) {
    Said all;
    for (size_t i = item.parts.size(); i > 0; --i) {
      Said first = said(item.parts[i - 1]);
      const bool passed = e_.takes_empty(first.all.whole);
      Said both = behind(std::move(first), all.all);
      if (passed) {
        both.begun.swap(all.begun);  // the longer list, of all that is behind, takes in the other
        add_begun(both.begun, all.begun);
        both.rest = e_.either(std::array{both.rest, all.rest});
      }
      all = std::move(both);
    }
    return all;
  }

  Said choice(const LarkItem& item) {
    Said all;
    std::vector<Expression> wholes, filled, rests;
    for (const LarkItem& part : item.parts) {
      const Said one = said(part);
      wholes.push_back(one.all.whole);
      filled.push_back(one.all.filled);
      rests.push_back(one.rest);
      add_begun(all.begun, one.begun);
    }
    all.all = {e_.either(wholes), e_.either(filled)};
    all.rest = e_.either(rests);
    return all;
  }

  Said repeat(const LarkItem& item) {
    if (item.most == 0) return {};
    Said one = said(item.parts[0]);
    const bool passed = e_.takes_empty(one.all.whole);
    const Expression of = one.all.filled;
    const uint32_t least = passed ? 0 : item.least, most = item.most, more = most == Expressions::no_limit ? most : most - 1;
    const uint32_t at_least = least > 0 ? least - 1 : 0;
    const Texts then{e_.repeat(of, at_least, more), more == 0 ? Expressions::nothing : e_.repeat(of, std::max(at_least, 1u), more)};
    const Texts all{e_.repeat(of, least, most), e_.repeat(of, std::max(least, 1u), most)};
    Said whole = behind(std::move(one), then);
    whole.all = all;
    return whole;
  }

  void define_circle(const std::vector<uint32_t>& circle) {
    if (circle.size() > most_together)
      throw error_in_lark(
          Code::unsupported, text_, grammar_.symbols[circle[0]].at,
          "more than " + std::to_string(most_together) + " rules begin with one another: write some without left recursion");
    const auto n = static_cast<uint32_t>(circle.size());
    for (uint32_t i = 0; i < n; ++i) facts_[circle[i]].local = i;
    std::vector<Expression> first(n);
    // leads[j][i]: what makes a text of i from one of j that it begins with; `empty`: it is one.
    std::vector<std::vector<Expression>> leads(n, std::vector<Expression>(n, Expressions::nothing));
    std::vector<std::vector<bool>> empty(n, std::vector<bool>(n, false));
    for (uint32_t i = 0; i < n; ++i) {
      const Said body = said(grammar_.symbols[circle[i]].body);
      first[i] = body.rest;
      std::vector<std::vector<Expression>> ways(n);
      for (const Begun& b : body.begun) {
        ways[b.local].push_back(b.then.filled);
        if (e_.takes_empty(b.then.whole)) empty[b.local][i] = true;
      }
      for (uint32_t j = 0; j < n; ++j) leads[j][i] = e_.either(ways[j]);
    }
    for (uint32_t i = 0; i < n; ++i) facts_[circle[i]].local = none;
    if (n == 1) {
      const Expression more = e_.repeat(leads[0][0], 0, Expressions::no_limit);
      return e_.define(facts_[circle[0]].rule, e_.sequence(first[0], more));
    }
    define_ways(circle, first, leads, empty);
  }

  using Table = std::vector<std::vector<bool>>;
  static void close(Table& table) {
    for (size_t k = 0; k < table.size(); ++k)
      for (size_t i = 0; i < table.size(); ++i)
        for (size_t j = 0; table[i][k] && j < table.size(); ++j)
          if (table[k][j]) table[i][j] = true;
  }

  // From each rule to each: a rule for the texts that lead there, but for the empty one.
  void define_ways(const std::vector<uint32_t>& circle, const std::vector<Expression>& first,
                   const std::vector<std::vector<Expression>>& leads, Table& empty) {
    const auto n = static_cast<uint32_t>(circle.size());
    for (uint32_t i = 0; i < n; ++i) empty[i][i] = true;
    close(empty);
    // steps[j][q]: a text leads from j to q, at its beginning without a letter to wherever that goes.
    std::vector<std::vector<Expression>> steps(n, std::vector<Expression>(n));
    Table reached = empty, led(n, std::vector<bool>(n, false));
    for (uint32_t j = 0; j < n; ++j) {
      for (uint32_t q = 0; q < n; ++q) {
        std::vector<Expression> ways;
        for (uint32_t p = 0; p < n; ++p)
          if (empty[j][p]) ways.push_back(leads[p][q]);
        steps[j][q] = e_.either(ways);
        if (steps[j][q] != Expressions::nothing) reached[j][q] = true;
      }
    }
    close(reached);
    std::vector<std::vector<uint32_t>> rules(n, std::vector<uint32_t>(n, none));
    for (uint32_t j = 0; j < n; ++j)
      for (uint32_t i = 0; i < n; ++i)
        for (uint32_t q = 0; q < n && !led[j][i]; ++q)
          if (steps[j][q] != Expressions::nothing && reached[q][i]) {
            led[j][i] = true;
            rules[j][i] = e_.rule();
          }
    const auto way = [&](uint32_t j, uint32_t i) {
      return with_empty(led[j][i] ? e_.call(rules[j][i], false) : Expressions::nothing, empty[j][i]).whole;
    };
    for (uint32_t i = 0; i < n; ++i) {
      std::vector<Expression> ways;
      for (uint32_t j = 0; j < n; ++j) {
        if (reached[j][i]) ways.push_back(e_.sequence(first[j], way(j, i)));
        if (!led[j][i]) continue;
        std::vector<Expression> on;
        for (uint32_t q = 0; q < n; ++q)
          if (reached[q][i]) on.push_back(e_.sequence(steps[j][q], way(q, i)));
        e_.define(rules[j][i], e_.either(on));
      }
      e_.define(facts_[circle[i]].rule, e_.either(ways));
    }
  }

  const std::string_view text_;
  LarkGrammar& grammar_;
  Expressions& e_;
  std::vector<Facts> facts_;  // by symbol
  std::vector<uint32_t> rules_;
  Expression ignored_ = Expressions::empty;
};

}  // namespace

Expression texts_of_lark(std::string_view grammar, const TokenNames& names, SchemaOptions schemas, Expressions& expressions) {
  LarkGrammar read = read_lark(grammar, names);
  return LarkRules(grammar, read, schemas, expressions).start();
}

}  // namespace lt::grammar
