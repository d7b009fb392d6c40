#include "tokenize/added_tokens.h"

#include <algorithm>
#include <tuple>

#include "core/error.h"
#include "core/text.h"
#include "tokenize/normal_form.h"
#include "tokenize/unicode.h"

namespace lt::tokenize {
namespace {

bool ends_with_word(std::string_view text) {
  if (text.empty()) return false;
  const Read read = read_before(text, text.size());
  return read.whole && is_word_letter(read.code);
}

bool starts_with_word(std::string_view text) {
  const Read read = read_utf8(text, 0);
  return read.whole && is_word_letter(read.code);
}

// Where the white space that ends at `end` begins, `least` at least.
size_t space_before(std::string_view text, size_t end, size_t least) {
  while (end > least) {
    const Read read = read_before(text, end);
    if (!is_space(read.code)) break;
    end -= read.bytes;
  }
  return end;
}

size_t space_after(std::string_view text, size_t at) {
  while (at < text.size()) {
    const Read read = read_utf8(text, at);
    if (!is_space(read.code)) break;
    at += read.bytes;
  }
  return at;
}

}  // namespace

AddedTokens::AddedTokens(const Vocabulary& vocabulary, const Normalizer& normalizer) : vocabulary_(vocabulary) {
  std::string buffer;
  // Of those spelt alike the first counts, control tokens before others.
  for (const bool marks : {true, false}) {
    for (const AddedToken& token : vocabulary.added) {
      if (vocabulary.is_mark(token.id) != marks) continue;
      const bool normalized = token.flags & AddedToken::normalized;
      const std::string_view text = normalized ? normalizer.apply(token.text, buffer) : token.text;
      if (text.empty())
        throw Error(Code::unsupported, "tokenizer.huggingface.added_tokens: the normalizer leaves nothing of \"" + shown(token.text) +
                                           "\", which would be found everywhere");
      std::vector<Spelt>& list = (normalized ? normalized_ : raw_).sorted;
      list.push_back({std::string(text), &token, list.size()});
    }
  }
  raw_.sort();
  normalized_.sort();
}

void AddedTokens::List::sort() {
  std::sort(sorted.begin(), sorted.end(),
            [](const Spelt& a, const Spelt& b) { return std::tie(a.text, a.turn) < std::tie(b.text, b.turn); });
  const auto end = std::unique(sorted.begin(), sorted.end(), [](const Spelt& a, const Spelt& b) { return a.text == b.text; });
  sorted.erase(end, sorted.end());
  for (const Spelt& s : sorted) first[static_cast<uint8_t>(s.text[0])] = true;
}

const AddedTokens::Spelt* AddedTokens::List::longest_at(std::string_view text, size_t at) const {
  auto low = sorted.begin();
  auto high = sorted.end();
  const Spelt* best = nullptr;
  // Invariant: [low, high) are those that begin with text[at, at + depth).
  for (size_t depth = 0; low != high; ++depth) {
    if (low->text.size() == depth) {
      best = &*low;
      if (++low == high) break;
    }
    if (at + depth == text.size()) break;
    const auto byte = static_cast<uint8_t>(text[at + depth]);
    const auto byte_of = [&](const Spelt& s) { return static_cast<uint8_t>(s.text[depth]); };
    low = std::partition_point(low, high, [&](const Spelt& s) { return byte_of(s) < byte; });
    high = std::partition_point(low, high, [&](const Spelt& s) { return byte_of(s) == byte; });
  }
  return best;
}

bool AddedTokens::is_taken(std::string_view text, size_t begin, size_t end, const AddedToken& token, bool marks) const {
  if (!marks && vocabulary_.is_mark(token.id)) return false;
  if (!(token.flags & AddedToken::single_word)) return true;
  return !ends_with_word(text.substr(0, begin)) && !starts_with_word(text.substr(end));
}

// One that is not taken hides what it covers all the same. White space that a token takes behind it may hold another, which is found too.
std::vector<AddedTokens::Found> AddedTokens::find(const List& list, std::string_view text, bool marks) const {
  std::vector<Found> found;
  size_t taken = 0;              // end of the last, with its white space
  size_t spaces = 0, solid = 0;  // [spaces, solid) is white space, which is not looked through again
  for (size_t at = 0; at < text.size();) {
    const Spelt* spelt = list.first[static_cast<uint8_t>(text[at])] ? list.longest_at(text, at) : nullptr;
    if (!spelt) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + spelt->text.size();
    at = end;
    const AddedToken& token = *spelt->token;
    if (!is_taken(text, begin, end, token, marks)) continue;
    if (token.flags & AddedToken::strips_left) begin = std::max(space_before(text, begin, std::min(begin, taken)), std::min(begin, taken));
    if (token.flags & AddedToken::strips_right) {
      if (end < spaces || end > solid) spaces = end, solid = space_after(text, end);
      end = solid;
    }
    found.push_back({begin, end, token.id});
    taken = end;
  }
  return found;
}

}  // namespace lt::tokenize
