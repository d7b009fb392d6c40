#include "grammar/lark_items.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "core/text.h"
#include "json/json.h"
#include "tokenize/unicode.h"

namespace lt::grammar {
namespace {

LarkItem wrapped(LarkItem item, LarkItem in) {
  in.parts.push_back(std::move(item));
  return in;
}

template <class Alike, class Add>
void each_piece(std::string_view text, const Alike& alike, const Add& add) {
  size_t from = 0;
  char32_t before = 0;
  for (size_t at = 0; at < text.size();) {
    const tokenize::Read read = tokenize::read_utf8(text, at);
    if (at > from && !alike(before, read.code)) {
      add(text.substr(from, at - from));
      from = at;
    }
    before = read.code;
    at += std::max(read.bytes, 1u);
  }
  if (from < text.size()) add(text.substr(from));
}

}  // namespace

uint32_t LarkItems::symbol_of(std::string_view name, size_t at) {
  const auto [it, made] = numbers_.try_emplace(std::string(name), static_cast<uint32_t>(grammar_.symbols.size()));
  if (made) grammar_.symbols.push_back({.name = std::string(name), .terminal = is_terminal(name), .at = at});
  return it->second;
}

LarkItem LarkItems::choice(bool nested) {
  if (++nesting_ > most_nesting)
    not_built(at_, "groups are nested more than " + std::to_string(most_nesting) + " deep: give some of them names");
  skip(false);
  LarkItem all = item_of(ItemKind::choice, at_);
  do all.parts.push_back(way(nested));
  while (bar(nested));
  --nesting_;
  if (all.parts.size() > 1) return all;
  LarkItem one = std::move(all.parts[0]);
  return one;
}

bool LarkItems::bar(bool nested) {
  const size_t before = at_;
  skip(true);
  if (take("|")) return true;
  if (!nested) at_ = before;
  return false;
}

LarkItem LarkItems::way(bool nested) {
  LarkItem all = item_of(ItemKind::both, at_);
  do all.parts.push_back(sequence(nested));
  while (take("&"));
  if (take("->")) {
    skip(nested);
    name("the name of an alias");
    skip(false);
  }
  if (all.parts.size() > 1) return all;
  LarkItem one = std::move(all.parts[0]);
  return one;
}

LarkItem LarkItems::sequence(bool nested) {
  skip(nested);
  LarkItem all = item_of(ItemKind::sequence, at_);
  constexpr std::string_view ends = "|)]&";
  for (; !done() && !at_line_end() && ends.find(text_[at_]) == std::string_view::npos && !sees("->"); skip(nested))
    all.parts.push_back(repeated(atom()));
  if (all.parts.size() != 1) return all;
  LarkItem one = std::move(all.parts[0]);
  return one;
}

LarkItem LarkItems::repeated(LarkItem item) {
  skip(false);
  LarkItem all = item_of(ItemKind::repeat, item.at);
  if (take("*")) return wrapped(std::move(item), std::move(all));
  if (take("+")) return all.least = 1, wrapped(std::move(item), std::move(all));
  if (take("?")) return all.most = 1, wrapped(std::move(item), std::move(all));
  if (take("{")) {
    limits(all);
    return wrapped(std::move(item), std::move(all));
  }
  if (sees("~")) {
    const size_t before = at_++;
    skip(false);
    if (digit_at(at_)) {
      all.least = all.most = number();
      const size_t behind = at_;
      skip(false);
      if (take("..")) {
        skip(false);
        upper_limit(all);
      } else {
        at_ = behind;
      }
      return wrapped(std::move(item), std::move(all));
    }
    at_ = before;  // what follows is complemented
  }
  return item;
}

void LarkItems::limits(LarkItem& all) {
  skip(true);
  const bool open = sees(",");
  if (!open) all.least = all.most = number();
  skip(true);
  if (take(",")) {
    all.most = Expressions::no_limit;
    skip(true);
    if (!sees("}")) upper_limit(all);
    skip(true);
  }
  want("}");
}

void LarkItems::upper_limit(LarkItem& all) {
  const size_t at = at_;
  all.most = number();
  if (all.most < all.least)
    refuse(Code::argument, at, "expected at least " + std::to_string(all.least) + ", found " + std::to_string(all.most));
}

LarkItem LarkItems::atom() {
  const size_t at = at_;
  if (take("(")) return group(")");
  if (take("[")) {
    LarkItem maybe = item_of(ItemKind::repeat, at);
    maybe.most = 1;
    return wrapped(group("]"), std::move(maybe));
  }
  if (take("\"")) return literal(at);
  if (take("/")) return pattern(at);
  if (take("<")) return token(at);
  if (take("~")) {
    if (++nesting_ > most_nesting) not_built(at, "complements are nested more than " + std::to_string(most_nesting) + " deep");
    skip(false);
    LarkItem of = atom();
    --nesting_;
    return wrapped(std::move(of), item_of(ItemKind::except, at));
  }
  if (sees("@")) not_built(at, "references to other grammars are not supported: write their rules into this one");
  if (take("%json")) {
    skip(true);
    LarkItem json = item_of(ItemKind::json, at_);
    json.text = std::string(object());
    return json;
  }
  if (take("%regex")) return structured();
  const std::string_view named = name("a string, a /pattern/, a name, a group, or another part of a rule");
  if (sees("{") && !limits_at(at_ + 1))
    not_built(at, "the template " + shown(named) + " is not supported: write a rule for each of its uses");
  if (sees("::")) not_built(at, "the parameters of " + shown(named) + " are not supported: write a rule for each of their values");
  LarkItem item = item_of(ItemKind::name, at);
  item.symbol = symbol_of(named, at);
  return item;
}

bool LarkItems::limits_at(size_t at) const {
  at = text_.find_first_not_of(" \t\r\n", at);
  return at != std::string_view::npos && (is_digit(text_[at]) || text_[at] == ',');
}

LarkItem LarkItems::group(std::string_view end) {
  LarkItem inner = choice(true);
  want(end);
  return inner;
}

LarkItem LarkItems::literal(size_t at) {
  LarkItem item = item_of(ItemKind::literal, at);
  item.text = characters();
  item.any_case = take("i");
  const size_t before = at_;
  skip(false);
  if (!take("..")) return at_ = before, item;
  if (item.any_case) refuse(Code::argument, at, "expected a range without flags");
  skip(false);
  const size_t other = at_;
  want("\"");
  const std::string last = characters();
  item.kind = ItemKind::range;
  item.first = single(item.text, at);
  item.last = single(last, other);
  if (item.last < item.first) refuse(Code::argument, at, "expected a range from the lower character to the higher");
  return item;
}

char32_t LarkItems::single(std::string_view text, size_t at) const {
  const tokenize::Read read = tokenize::read_utf8(text, 0);
  if (!read.whole || read.bytes != text.size()) refuse(Code::argument, at, "expected one character on this side of a range");
  return read.code;
}

LarkItem LarkItems::pattern(size_t at) {
  LarkItem item = item_of(ItemKind::pattern, at);
  const size_t from = at_;
  while (!done() && !at_line_end() && text_[at_] != '/')
    at_ += text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n' ? 2 : 1;
  item.text = std::string(text_.substr(from, at_ - from));
  if (!take("/")) expected("a / that ends the pattern");
  for (constexpr std::string_view flags = "imslux"; !done() && flags.find(text_[at_]) != std::string_view::npos; ++at_) {
    if (text_[at_] == 'x') not_built(at_, "the flag x of patterns is not supported: write the pattern without blanks");
    item.any_case = item.any_case || text_[at_] == 'i';
    item.dot_all = item.dot_all || text_[at_] == 's';
  }
  return item;
}

LarkItem LarkItems::token(size_t at) {
  LarkItem item = item_of(ItemKind::token, at);
  if (take("[")) {
    item.inverted = take("^");
    if (take("*")) {
      if (item.inverted) refuse(Code::argument, at, "expected a number, found all of them");
      item.inverted = true;  // of none
    } else {
      do item.ids.push_back(numbers());
      while (take(","));
    }
    want("]>");
    return item;
  }
  const size_t end = text_.find_first_of("<> \t\r\n", at_);
  if (end == std::string_view::npos || text_[end] != '>' || end == at_) expected("the name of a token, and >");
  const std::string_view name = text_.substr(at, end + 1 - at);
  if (!names_) not_built(at, shown(name) + ", a token by its name, needs a vocabulary; give its number, as in <[5]>");
  const std::optional<int32_t> id = names_(name);
  if (!id) refuse(Code::argument, at, shown(name) + " is no token of the vocabulary");
  at_ = end + 1;
  item.ids.emplace_back(static_cast<uint32_t>(*id), static_cast<uint32_t>(*id));
  return item;
}

std::pair<uint32_t, uint32_t> LarkItems::numbers() {
  const size_t at = at_;
  const uint32_t first = number(), last = take("-") ? number() : first;
  if (last > static_cast<uint32_t>(std::numeric_limits<int32_t>::max()))
    refuse(Code::argument, at, "expected the number of a token, found a larger one");
  if (last < first) refuse(Code::argument, at, "expected tokens from the lower number to the higher");
  return {first, last};
}

// Words, spaces and what is neither are pieces.
int LarkItems::kind_of(char32_t code) const { return tokenize::is_space(code) ? 0 : letters_.has(code) ? 1 : 2; }

LarkItem LarkItems::structured() {
  skip(true);
  LarkItem item = item_of(ItemKind::pieces, at_);
  const auto add = [&](std::string_view text) {
    item.parts.push_back(item_of(ItemKind::literal, item.at));
    item.parts.back().text = std::string(text);
  };
  with_json(item.at, object(), [&](const json::Value& root) {
    const json::Value chunks = root["substring_chunks"];
    const std::optional<std::string_view> words = root["substring_words"].string(), letters = root["substring_chars"].string();
    if (root.size() != 1 || (!words && !letters && !chunks.is(json::Kind::array)))
      refuse(Code::argument, item.at, "expected one of substring_chunks, substring_words and substring_chars");
    for (const json::Member& m : chunks) {
      if (!m.value.string()) refuse(Code::argument, item.at, "expected chunks that are strings");
      add(*m.value.string());
    }
    if (letters) each_piece(*letters, [](char32_t, char32_t) { return false; }, add);
    if (words) each_piece(*words, [this](char32_t a, char32_t b) { return kind_of(a) == kind_of(b); }, add);
  });
  return item;
}

}  // namespace lt::grammar
