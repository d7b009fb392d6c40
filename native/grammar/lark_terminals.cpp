#include "grammar/lark_terminals.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "core/text.h"
#include "grammar/characters.h"
#include "grammar/choices.h"
#include "grammar/lark_pattern.h"
#include "grammar/lark_text.h"
#include "grammar/pattern.h"
#include "grammar/schema.h"
#include "grammar/token_numbers.h"
#include "tokenize/unicode.h"

namespace lt::grammar {
namespace {

using Numbers = std::pair<uint32_t, uint32_t>;

bool is_plain(const LarkItem& item) { return item.kind == LarkItem::Kind::literal && !item.any_case; }

// The last `bytes` bytes of numbers from the first to the second, the highest first.
Expression tail_of_numbers(Expressions& e, Numbers range, int bytes) {
  if (bytes == 0) return Expressions::empty;
  const int shift = 8 * (bytes - 1);
  const uint32_t mask = (uint32_t{1} << shift) - 1, from = range.first >> shift, to = range.second >> shift;
  const auto one = [&](uint32_t byte, Numbers rest) {
    return e.sequence(e.byte_of(ByteSet::range(static_cast<uint8_t>(byte), static_cast<uint8_t>(byte))),
                      tail_of_numbers(e, rest, bytes - 1));
  };
  if (from == to) return one(from, {range.first & mask, range.second & mask});
  std::vector<Expression> ways{one(from, {range.first & mask, mask}), one(to, {0, range.second & mask})};
  if (to - from > 1) {
    const ByteSet between = ByteSet::range(static_cast<uint8_t>(from + 1), static_cast<uint8_t>(to - 1));
    ways.push_back(e.sequence(e.byte_of(between), tail_of_numbers(e, {0, mask}, bytes - 1)));
  }
  return e.either(ways);
}

// Sorted, none of them touching another.
std::vector<Numbers> apart(std::vector<Numbers> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<Numbers> out;
  for (const Numbers& r : ranges) {
    if (!out.empty() && r.first <= out.back().second + 1)
      out.back().second = std::max(out.back().second, r.second);
    else
      out.push_back(r);
  }
  return out;
}

}  // namespace

LarkTerminals::LarkTerminals(std::string_view text, const LarkGrammar& grammar, SchemaOptions schemas, Expressions& expressions)
    : text_(text),
      grammar_(grammar),
      schemas_(schemas),
      e_(expressions),
      known_(grammar.symbols.size()),
      inside_(grammar.symbols.size(), false) {}

Expression LarkTerminals::of(const LarkItem& item) {
  if (++depth_ > most_depth) throw error_in_lark(Code::unsupported, text_, item.at, "terminals are put together of one another too deep");
  const Expression e = made(item);
  --depth_;
  return e;
}

Expression LarkTerminals::of_symbol(uint32_t number) {
  if (known_[number]) return *known_[number];
  const LarkSymbol& symbol = grammar_.symbols[number];
  if (inside_[number])
    throw error_in_lark(Code::argument, text_, symbol.at, "the terminal " + shown(symbol.name) + " names itself; only rules may");
  inside_[number] = true;
  Expression e = of(symbol.body);
  if (!symbol.suffix.empty()) e = e_.sequence(e, of(symbol.suffix[0]));
  if (symbol.lazy) e = shortest(e);
  inside_[number] = false;
  known_[number] = e;
  return e;
}

void LarkTerminals::make(LarkItem& item) {
  const auto settle = [&item](Expression e) {
    LarkItem to{.kind = LarkItem::Kind::made};
    to.symbol = e;
    to.at = item.at;
    item = std::move(to);
  };
  switch (item.kind) {
    case LarkItem::Kind::name: {
      const LarkSymbol& symbol = grammar_.symbols[item.symbol];
      if (symbol.terminal || symbol.lazy) settle(of_symbol(item.symbol));
      return;
    }
    case LarkItem::Kind::token:
      return settle(token(item));
    case LarkItem::Kind::json:
      return settle(json(item));
    case LarkItem::Kind::choice: {
      // Words that are alternatives are one terminal: what they begin with alike is there once.
      std::vector<LarkItem> others;
      LarkItem words{.kind = LarkItem::Kind::choice};
      words.at = item.at;
      for (LarkItem& part : item.parts) (is_plain(part) ? words.parts : others).push_back(std::move(part));
      if (!words.parts.empty()) {
        others.push_back(LarkItem{.kind = LarkItem::Kind::made});
        others.back().symbol = choice(words);
      }
      item.parts = std::move(others);
      break;
    }
    case LarkItem::Kind::sequence:
    case LarkItem::Kind::repeat:
      break;
    case LarkItem::Kind::made:
      return;
    default:
      return settle(of(item));
  }
  for (LarkItem& part : item.parts) make(part);
}

Expression LarkTerminals::made(const LarkItem& item) {
  const auto parts = [&] {
    std::vector<Expression> all;
    for (const LarkItem& part : item.parts) all.push_back(of(part));
    return all;
  };
  switch (item.kind) {
    case LarkItem::Kind::literal:
      return literal(item);
    case LarkItem::Kind::range:
      return one_of(e_, tokenize::CharSet::range(item.first, item.last));
    case LarkItem::Kind::pattern:
      return pattern(item);
    case LarkItem::Kind::name:
      if (const LarkSymbol& symbol = grammar_.symbols[item.symbol]; !symbol.terminal)
        throw error_in_lark(Code::argument, text_, item.at, "a terminal cannot name a rule, as it does " + shown(symbol.name));
      return of_symbol(item.symbol);
    case LarkItem::Kind::token:
    case LarkItem::Kind::json:
      throw error_in_lark(Code::argument, text_, item.at, "a terminal cannot have tokens or %json in it; use it in a rule");
    case LarkItem::Kind::pieces:
      return pieces(item);
    case LarkItem::Kind::sequence:
      return e_.sequence(parts());
    case LarkItem::Kind::choice:
      return choice(item);
    case LarkItem::Kind::both:
      return e_.both(parts());
    case LarkItem::Kind::except:
      return e_.both(std::array{any_text(e_), e_.except(of(item.parts[0]))});
    case LarkItem::Kind::repeat:
      return e_.repeat(of(item.parts[0]), item.least, item.most);
    case LarkItem::Kind::made:
      return item.symbol;
  }
  return Expressions::nothing;
}

Expression LarkTerminals::choice(const LarkItem& item) {
  std::vector<Expression> parts;
  std::vector<std::string_view> texts;
  for (const LarkItem& part : item.parts) {
    if (is_plain(part))
      texts.push_back(part.text);
    else
      parts.push_back(of(part));
  }
  if (!texts.empty()) parts.push_back(either_of(e_, std::move(texts)));
  return e_.either(parts);
}

Expression LarkTerminals::literal(const LarkItem& item) {
  if (!item.any_case) return e_.text(item.text);
  std::vector<Expression> parts;
  for (size_t at = 0; at < item.text.size();) {
    const tokenize::Read read = tokenize::read_utf8(item.text, at);
    at += std::max(read.bytes, 1u);
    const auto [found, made] = any_case_.try_emplace(read.code, Expressions::nothing);
    if (made) found->second = one_of(e_, any_case_of(read.code));
    parts.push_back(found->second);
  }
  return e_.sequence(parts);
}

Expression LarkTerminals::pattern(const LarkItem& item) {
  try {
    return texts_of(parse_terminal(item.text, {item.any_case, item.dot_all}), plain_alphabet(e_), false);
  } catch (const Error& e) {
    if (!std::string_view(e.what()).starts_with("regular expression")) throw;
    throw error_in_lark(e.code(), text_, item.at, e.what());
  }
}

Expression LarkTerminals::token(const LarkItem& item) {
  constexpr uint32_t last = std::numeric_limits<uint32_t>::max();
  std::vector<Numbers> ranges = apart(item.ids);
  if (item.inverted) {
    std::vector<Numbers> others;
    uint32_t from = 0;
    for (const auto& [first, to] : ranges) {
      if (first > from) others.emplace_back(from, first - 1);
      from = to + 1;  // those of tokens end below the last number
    }
    others.emplace_back(from, last);
    ranges = std::move(others);
  }
  std::vector<Expression> numbers;
  for (const Numbers& r : ranges) numbers.push_back(tail_of_numbers(e_, r, 4));
  const uint8_t mark = item.inverted ? other_mark : named_mark;
  return e_.sequence(e_.byte_of(ByteSet::range(mark, mark)), e_.either(numbers));
}

Expression LarkTerminals::json(const LarkItem& item) {
  try {
    return texts_of_schema(item.text, schemas_, e_);
  } catch (const SchemaError& e) {
    throw SchemaError(e.keyword(), e.pointer(), error_in_lark(Code::schema, text_, item.at, std::string("%json: ") + e.what()).what());
  }
}

// From each piece on: nothing more, or it and what there is from the next one on.
Expression LarkTerminals::pieces(const LarkItem& item) {
  std::vector<Expression> from{Expressions::empty};
  for (size_t i = item.parts.size(); i > 0; --i)
    from.push_back(e_.either(std::array{Expressions::empty, e_.sequence(e_.text(item.parts[i - 1].text), from.back())}));
  return e_.either(from);
}

Expression LarkTerminals::shortest(Expression e) {
  const Expression longer = e_.sequence(e, e_.repeat(one_of(e_, tokenize::CharSet::all()), 1, Expressions::no_limit));
  return e_.both(std::array{e, e_.except(longer)});
}

}  // namespace lt::grammar
