#include "grammar/lark_reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <unordered_map>

#include "core/text.h"
#include "grammar/characters.h"
#include "grammar/lark_common.h"
#include "grammar/lark_pattern.h"
#include "json/json.h"
#include "tokenize/char_set.h"
#include "tokenize/unicode.h"

namespace lt::grammar {
namespace {

using tokenize::CharSet;
using ItemKind = LarkItem::Kind;

class LarkReader {
 public:
  LarkReader(std::string_view text, const TokenNames& names) : text_(text), names_(names) {}

  LarkGrammar grammar() {
    symbol_of("start", 0);
    for (skip(true); !done(); skip(true)) {
      if (text_[at_] == '%')
        statement();
      else
        definition();
      skip(false);
      if (!done() && !at_line_end()) expected("|, or the end of the line");
    }
    if (!grammar_.symbols[0].defined) refuse(Code::argument, 0, "expected a rule start, found none");
    for (const LarkSymbol& s : grammar_.symbols)
      if (!s.defined) refuse(Code::argument, s.at, (s.terminal ? "the terminal " : "the rule ") + shown(s.name) + " is not defined");
    return std::move(grammar_);
  }

 private:
  static constexpr int most_nesting = 64;

  [[noreturn]] void refuse(Code code, size_t at, const std::string& what) const { throw error_in_lark(code, text_, at, what); }
  [[noreturn]] void expected(const std::string& what) const { refuse(Code::argument, at_, "expected " + what + ", found " + found()); }
  [[noreturn]] void not_built(size_t at, const std::string& what) const { refuse(Code::unsupported, at, what); }
  // What stands here, a word of it.
  std::string found() const {
    if (done()) return "the end of the grammar";
    if (at_line_end()) return "the end of the line";
    size_t end = at_;
    while (end < text_.size() && end - at_ < 20 && in_name(text_[end])) ++end;
    if (end == at_) end += std::max(tokenize::read_utf8(text_, at_).bytes, 1u);
    return shown(text_.substr(at_, end - at_));
  }

  bool done() const { return at_ >= text_.size(); }
  bool at_line_end() const { return text_[at_] == '\n' || text_.substr(at_).starts_with("\r\n"); }
  bool sees(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool take(std::string_view what) {
    if (!sees(what)) return false;
    at_ += what.size();
    return true;
  }
  void want(std::string_view what) {
    if (!take(what)) expected(std::string(what));
  }
  // Blanks, comments, ends of lines behind a backslash, and, if `lines`, other ends of lines.
  void skip(bool lines) {
    while (!done()) {
      const char c = text_[at_];
      if (c == '#' || sees("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == ' ' || c == '\t') {
        ++at_;
      } else if (c == '\\') {
        const size_t end = text_.find_first_not_of(" \r", at_ + 1);
        if (end == std::string_view::npos || text_[end] != '\n') return;
        at_ = end + 1;
      } else if (lines && at_line_end()) {
        at_ += c == '\r' ? 2 : 1;
      } else {
        return;
      }
    }
  }

  static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
  static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool in_name(char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_'; }
  bool digit_at(size_t at) const { return at < text_.size() && is_digit(text_[at]); }
  // A hyphen is part of a name where more of the name follows.
  std::string_view name(const char* what) {
    const size_t from = at_;
    while (!done() && (in_name(text_[at_]) || (at_ > from && text_[at_] == '-' && at_ + 1 < text_.size() && in_name(text_[at_ + 1]))))
      ++at_;
    const std::string_view read = text_.substr(from, at_ - from);
    const size_t first = read.find_first_not_of('_');
    at_ = from;
    if (first == std::string_view::npos || is_digit(read[first])) expected(what);
    const bool lower = std::any_of(read.begin(), read.end(), is_lower), upper = std::any_of(read.begin(), read.end(), is_upper);
    if (lower && upper) expected(std::string(what) + ", of lower-case letters for a rule or upper-case ones for a terminal");
    at_ = from + read.size();
    return read;
  }
  static bool is_terminal(std::string_view name) { return std::any_of(name.begin(), name.end(), is_upper); }

  uint32_t symbol_of(std::string_view name, size_t at) {
    const auto [it, made] = numbers_.try_emplace(std::string(name), static_cast<uint32_t>(grammar_.symbols.size()));
    if (made) grammar_.symbols.push_back({.name = std::string(name), .terminal = is_terminal(name), .at = at});
    return it->second;
  }
  LarkSymbol& defined(std::string_view name, size_t at) {
    LarkSymbol& s = grammar_.symbols[symbol_of(name, at)];
    if (s.defined) refuse(Code::argument, at, shown(name) + " is defined twice");
    s.defined = true;
    s.at = at;
    return s;
  }

  LarkItem item_of(ItemKind kind, size_t at) const {
    LarkItem item{.kind = kind};
    item.at = at;
    return item;
  }
  static LarkItem wrapped(LarkItem item, LarkItem in) {
    in.parts.push_back(std::move(item));
    return in;
  }

  void definition() {
    while (take("?") || take("!")) {
    }
    const size_t at = at_;
    const std::string_view named = name("a rule, a terminal or a statement with %");
    skip(false);
    if (sees("{")) not_built(at, "the template " + shown(named) + " is not supported: write a rule for each of its uses");
    if (sees("::")) not_built(at, "the parameters of " + shown(named) + " are not supported: write a rule for each of their values");
    bool lazy = false;
    std::vector<LarkItem> suffix;
    for (bool more = true; more; skip(false)) {
      more = false;
      if (take(".")) {
        if (!take("-")) take("+");
        if (!digit_at(at_)) expected("a priority, a number");
        number();
        more = true;
      } else if (take("[")) {
        attributes(lazy, suffix);
        more = true;
      }
    }
    want(":");
    LarkSymbol& symbol = defined(named, at);
    const uint32_t own = symbol_of(named, at);
    symbol.lazy = lazy || !suffix.empty();
    symbol.suffix = std::move(suffix);
    LarkItem body = choice(false);
    grammar_.symbols[own].body = std::move(body);
  }

  // Behind the opening bracket.
  void attributes(bool& lazy, std::vector<LarkItem>& suffix) {
    for (skip(true); !take("]"); skip(true)) {
      const size_t at = at_;
      const std::string_view key = name("the name of an attribute, or ]");
      skip(true);
      const bool valued = take("=");
      skip(true);
      if (key == "lazy" && !valued) {
        lazy = true;
      } else if (key == "suffix" && valued) {
        suffix.clear();
        suffix.push_back(atom());
      } else if ((key == "capture" || key == "capture_name" || key == "stop_capture") && (valued || key == "capture")) {
        if (!valued) {
          // its name is that of the rule
        } else if (take("\"")) {
          characters();
        } else {
          expected("the name of the capture, in quotes");
        }
      } else if (key == "stop" || key == "max_tokens" || key == "temperature") {
        not_built(at, "the attribute " + shown(key) + " is not supported" + (key == "stop" ? ": use suffix or lazy" : ": leave it out"));
      } else {
        at_ = at;
        expected("one of the attributes capture, lazy and suffix=...");
      }
      skip(true);
      if (!take(",") && !sees("]")) expected(", or ]");
    }
  }

  void statement() {
    const size_t at = at_;
    const auto is = [&](std::string_view word) {
      const bool here = sees(word) && (at_ + word.size() >= text_.size() || !in_name(text_[at_ + word.size()]));
      if (here) at_ += word.size();
      return here;
    };
    if (is("%ignore")) {
      LarkItem texts = choice(false);
      grammar_.ignored.push_back(std::move(texts));
    } else if (is("%import")) {
      imports();
    } else if (is("%llguidance")) {
      options();
    } else {
      for (const char* word : {"%declare", "%override", "%extend", "%lark", "%if"})
        if (is(word)) not_built(at, std::string(word) + " is not supported");
      expected("%ignore, %import, %llguidance, or a definition");
    }
  }

  void imports() {
    skip(false);
    const size_t at = at_;
    if (take(".")) not_built(at, "imports of other grammars are not supported: only of common");
    const std::string_view from = name("the name of a grammar");
    std::vector<std::pair<std::string_view, size_t>> names;
    skip(false);
    if (take(".")) {
      skip(false);
      const size_t here = at_;
      names.emplace_back(name("the name of a terminal"), here);
    } else {
      want("(");
      do {
        skip(true);
        const size_t here = at_;
        names.emplace_back(name("the name of a terminal"), here);
        skip(true);
      } while (take(","));
      want(")");
    }
    if (from != "common") not_built(at, "imports from " + shown(from) + " are not supported: only from common");
    skip(false);
    std::string_view as = names[0].first;
    size_t as_at = names[0].second;
    if (names.size() == 1 && take("->")) {
      skip(false);
      as_at = at_;
      as = name("a name for what is imported");
    }
    for (const auto& [name, here] : names) {
      const std::optional<std::string_view> pattern = common_terminal(name);
      if (!pattern) refuse(Code::argument, here, "common has no terminal " + shown(name));
      LarkSymbol& symbol = names.size() == 1 ? defined(as, as_at) : defined(name, here);
      if (!symbol.terminal) refuse(Code::argument, as_at, "a terminal has a name of upper-case letters");
      symbol.body = item_of(ItemKind::pattern, here);
      symbol.body.text = std::string(*pattern);
    }
  }

  void options() {
    skip(true);
    const size_t at = at_;
    const std::string_view written = object();
    with_json(at, written, [&](const json::Value& root) {
      for (const json::Member& m : root) {
        const bool on = m.value.boolean().value_or(true);
        if (m.key == "no_forcing" || (m.key == "allow_invalid_utf8" && !on)) continue;
        if (m.key == "skip_repetition" && m.value.string() == "once")
          grammar_.ignored_once = true;
        else
          not_built(at, "the option " + shown(m.key) + " of %llguidance, with this value, is not supported");
      }
    });
  }

  // Of a JSON object its text; only where it ends is looked for.
  std::string_view object() {
    const size_t from = at_;
    if (!sees("{")) expected("a JSON object, with {");
    size_t depth = 0;
    for (bool quoted = false; !done(); ++at_) {
      const char c = text_[at_];
      if (quoted && c == '\\') ++at_;
      if (c == '"') quoted = !quoted;
      if (quoted) continue;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return text_.substr(from, ++at_ - from);
    }
    at_ = from;
    refuse(Code::argument, from, "expected a } that ends this JSON object, found the end of the grammar");
  }
  template <class Use>
  void with_json(size_t at, std::string_view written, const Use& use) {
    std::optional<json::Document> parsed;
    try {
      parsed.emplace(written);
    } catch (const Error& e) {
      if (e.code() != Code::format) throw;
      refuse(Code::argument, at, e.what());
    }
    use(parsed->root());
  }

  // Alternatives. `nested`: in brackets, where lines may end anywhere.
  LarkItem choice(bool nested) {
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
  bool bar(bool nested) {
    const size_t before = at_;
    skip(true);
    if (take("|")) return true;
    if (!nested) at_ = before;
    return false;
  }

  LarkItem way(bool nested) {
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

  LarkItem sequence(bool nested) {
    skip(nested);
    LarkItem all = item_of(ItemKind::sequence, at_);
    constexpr std::string_view ends = "|)]&";
    for (; !done() && !at_line_end() && ends.find(text_[at_]) == std::string_view::npos && !sees("->"); skip(nested))
      all.parts.push_back(repeated(atom()));
    if (all.parts.size() != 1) return all;
    LarkItem one = std::move(all.parts[0]);
    return one;
  }

  LarkItem repeated(LarkItem item) {
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
  // Behind the opening brace.
  void limits(LarkItem& all) {
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
  void upper_limit(LarkItem& all) {
    const size_t at = at_;
    all.most = number();
    if (all.most < all.least)
      refuse(Code::argument, at, "expected at least " + std::to_string(all.least) + ", found " + std::to_string(all.most));
  }
  uint32_t number() {
    if (!digit_at(at_)) expected("a number");
    uint64_t n = 0;
    for (; digit_at(at_); ++at_) n = std::min<uint64_t>(n * 10 + static_cast<uint64_t>(text_[at_] - '0'), Expressions::no_limit - 1);
    return static_cast<uint32_t>(n);
  }

  LarkItem atom() {
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
  bool limits_at(size_t at) const {
    at = text_.find_first_not_of(" \t\r\n", at);
    return at != std::string_view::npos && (is_digit(text_[at]) || text_[at] == ',');
  }
  LarkItem group(std::string_view end) {
    LarkItem inner = choice(true);
    want(end);
    return inner;
  }

  // Behind the opening quote.
  LarkItem literal(size_t at) {
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
  char32_t single(std::string_view text, size_t at) const {
    const tokenize::Read read = tokenize::read_utf8(text, 0);
    if (!read.whole || read.bytes != text.size()) refuse(Code::argument, at, "expected one character on this side of a range");
    return read.code;
  }

  // Up to the closing quote, with what escapes stand for: those that Python and JSON read alike.
  std::string characters() {
    std::string out;
    while (!take("\"")) {
      if (done() || at_line_end()) expected("a closing quote");
      const size_t from = at_;
      if (take("\\")) {
        append_utf8(out, escaped());
        continue;
      }
      const tokenize::Read read = tokenize::read_utf8(text_, at_);
      if (!read.whole) expected("UTF-8");
      at_ += read.bytes;
      out += text_.substr(from, read.bytes);
    }
    return out;
  }
  char32_t escaped() {
    constexpr std::string_view names = "nrtf\"\\", codes = "\n\r\t\f\"\\";
    const size_t at = at_ - 1;
    const char c = done() ? ' ' : text_[at_];
    if (const auto i = names.find(c); i != std::string_view::npos) return ++at_, static_cast<char32_t>(codes[i]);
    const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0) refuse(Code::argument, at, "expected one of the escapes \\n \\r \\t \\f \\\" \\\\ \\x \\u and \\U");
    ++at_;
    char32_t code = hexadecimal(digits);
    if (code >= 0xd800 && code <= 0xdbff && take("\\u")) {
      const char32_t second = hexadecimal(4);
      if (second >= 0xdc00 && second <= 0xdfff) code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
    }
    if (code >= CharSet::kEnd || (code >= 0xd800 && code <= 0xdfff)) refuse(Code::argument, at, "expected an escape that is a character");
    return code;
  }
  char32_t hexadecimal(size_t digits) {
    char32_t code = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
      const char c = done() ? ' ' : text_[at_];
      const int value = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (value < 0) expected("a hexadecimal digit");
      code = code << 4 | static_cast<char32_t>(value);
    }
    return code;
  }

  // Behind the opening slash.
  LarkItem pattern(size_t at) {
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

  // Behind the opening bracket: a token by its name, or by numbers.
  LarkItem token(size_t at) {
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
  std::pair<uint32_t, uint32_t> numbers() {
    const size_t at = at_;
    const uint32_t first = number(), last = take("-") ? number() : first;
    if (last > static_cast<uint32_t>(std::numeric_limits<int32_t>::max()))
      refuse(Code::argument, at, "expected the number of a token, found a larger one");
    if (last < first) refuse(Code::argument, at, "expected tokens from the lower number to the higher");
    return {first, last};
  }

  // %regex, behind the word.
  LarkItem structured() {
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
  // Words, spaces and what is neither are pieces.
  int kind_of(char32_t code) const { return tokenize::is_space(code) ? 0 : letters_.has(code) ? 1 : 2; }
  template <class Alike, class Add>
  static void each_piece(std::string_view text, const Alike& alike, const Add& add) {
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

  const std::string_view text_;
  const TokenNames& names_;
  const CharSet letters_ = word_letters();
  size_t at_ = 0;
  int nesting_ = 0;
  LarkGrammar grammar_;
  std::unordered_map<std::string, uint32_t> numbers_;
};

}  // namespace

LarkGrammar read_lark(std::string_view text, const TokenNames& names) { return LarkReader(text, names).grammar(); }

Error error_in_lark(Code code, std::string_view text, size_t at, const std::string& what) {
  const std::string_view before = text.substr(0, at);
  const size_t line = static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  const std::string_view in_line = before.substr(before.rfind('\n') + 1);  // npos + 1 is 0
  const auto letters = std::count_if(in_line.begin(), in_line.end(), [](char c) { return (c & 0xc0) != 0x80; });
  return Error(code, "grammar: " + what + ", in line " + std::to_string(line) + ", column " + std::to_string(letters + 1));
}

}  // namespace lt::grammar
