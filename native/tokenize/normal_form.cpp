#include "tokenize/normal_form.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <tuple>
#include <vector>

#include "core/text.h"
#include "tokenize/unicode.h"

namespace lt::tokenize {
namespace {

struct Mapping {
  char32_t code;
  uint16_t begin, length;  // in kPool
};
struct Pair {
  char32_t first, second, both;
};
#include "tokenize/normal_form_table.inc"

constexpr char32_t kFirstMark = 0x300;        // no mark comes before it, and nothing before it is composed anew
constexpr char32_t kFirstRawByte = 0x110000;  // a byte that is not UTF-8, as a character of its own

template <size_t N>
std::span<const char32_t> mapped(const Mapping (&table)[N], char32_t code) {
  const Mapping* at = std::lower_bound(std::begin(table), std::end(table), code, [](const Mapping& m, char32_t c) { return m.code < c; });
  if (at == std::end(table) || at->code != code) return {};
  return {kPool + at->begin, at->length};
}

// What a table of runs, first code point << bits | value, says of one.
template <size_t N>
uint32_t in_runs(const uint32_t (&runs)[N], char32_t code, int bits) {
  const uint32_t mask = (1u << bits) - 1;
  if (code >= kFirstRawByte) return 0;
  return std::upper_bound(std::begin(runs), std::end(runs), static_cast<uint32_t>(code) << bits | mask)[-1] & mask;
}

uint32_t order_of(char32_t code) { return code < kFirstMark ? 0 : in_runs(kOrders, code, 8); }

// Hangul syllables are composed by arithmetic (Unicode, section 3.12).
constexpr char32_t kLead = 0x1100, kVowel = 0x1161, kTrail = 0x11A7, kSyllable = 0xAC00;
constexpr char32_t kLeads = 19, kVowels = 21, kTrails = 28, kSyllables = kLeads * kVowels * kTrails;

char32_t composed(char32_t a, char32_t b) {  // 0: they are not
  if (a - kLead < kLeads && b - kVowel < kVowels) return kSyllable + ((a - kLead) * kVowels + (b - kVowel)) * kTrails;
  if (a - kSyllable < kSyllables && (a - kSyllable) % kTrails == 0 && b - kTrail - 1 < kTrails - 1) return a + (b - kTrail);
  const auto before = [](const Pair& p, const Pair& q) { return p.first != q.first ? p.first < q.first : p.second < q.second; };
  const Pair wanted{a, b, 0};
  const Pair* at = std::lower_bound(std::begin(kPairs), std::end(kPairs), wanted, before);
  return at != std::end(kPairs) && at->first == a && at->second == b ? at->both : 0;
}

void append(std::string& out, char32_t c) {
  if (c >= kFirstRawByte) return out.push_back(static_cast<char>(c - kFirstRawByte));
  append_utf8(out, c);
}

struct Mark {
  char32_t code;
  uint32_t order;
  size_t at;  // marks of one order stay in theirs
};

// Takes characters in canonical order and puts them out, each starter joined with what composes with it.
class Composer {
 public:
  explicit Composer(std::string& out) : out_(out) {}

  void put(char32_t code, uint32_t order) {
    if (!has_starter_) {
      if (order != 0) return append(out_, code);
      starter_ = code, has_starter_ = true;
      return;
    }
    // A character is blocked from the starter by one between them that is a starter too or of no lower order.
    if (behind_.empty() || last_ < order) {
      if (const char32_t both = composed(starter_, code)) {
        starter_ = both;
        return;
      }
    }
    if (order != 0) {
      behind_.push_back(code), last_ = order;
    } else {
      finish();
      starter_ = code, has_starter_ = true;
    }
  }

  void finish() {
    if (has_starter_) append(out_, starter_);
    for (const char32_t c : behind_) append(out_, c);
    behind_.clear();
    has_starter_ = false, last_ = 0;
  }

 private:
  std::string& out_;
  char32_t starter_ = 0;
  bool has_starter_ = false;
  std::vector<char32_t> behind_;  // the starter, not composed with it
  uint32_t last_ = 0;             // order of the last of them
};

class Normalizing {
 public:
  Normalizing(NormalForm form, std::string& out) : form_(form), out_(out), composer_(out) {}

  void run(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
      const Read read = read_utf8(text, at);
      if (read.whole) {
        decompose(read.code);
      } else {
        for (uint32_t i = 0; i < read.bytes; i++) put(kFirstRawByte + static_cast<uint8_t>(text[at + i]), 0);
      }
      at += read.bytes;
    }
    flush_marks();
    composer_.finish();
  }

 private:
  void decompose(char32_t code) {
    if (code < 0xA0) return put(code, 0);
    if (code - kSyllable < kSyllables) {
      const char32_t index = code - kSyllable;
      put(kLead + index / (kVowels * kTrails), 0);
      put(kVowel + index / kTrails % kVowels, 0);
      if (index % kTrails) put(kTrail + index % kTrails, 0);
      return;
    }
    std::span<const char32_t> parts;
    if (form_.compatible) parts = mapped(kCompatible, code);
    if (parts.empty()) parts = mapped(kCanonical, code);
    if (parts.empty()) return put(code, order_of(code));
    for (const char32_t part : parts) put(part, order_of(part));
  }

  void put(char32_t code, uint32_t order) {
    if (order != 0) return marks_.push_back({code, order, marks_.size()});
    flush_marks();
    put_ordered(code, 0);
  }

  void flush_marks() {
    std::sort(marks_.begin(), marks_.end(), [](const Mark& a, const Mark& b) { return std::tie(a.order, a.at) < std::tie(b.order, b.at); });
    for (const Mark& m : marks_) put_ordered(m.code, m.order);
    marks_.clear();
  }

  void put_ordered(char32_t code, uint32_t order) {
    if (form_.composed) {
      composer_.put(code, order);
    } else {
      append(out_, code);
    }
  }

  const NormalForm form_;
  std::string& out_;
  Composer composer_;
  std::vector<Mark> marks_;  // since the last starter
};

// Nothing in it decomposes, or all that does composes again.
bool is_normal(std::string_view text, NormalForm form) {
  // Latin-1 and Extended A and B, two bytes from C3 to CB, in NFC; else ASCII.
  const uint8_t most = form.composed && !form.compatible ? 0xCB : 0x7F;
  return std::all_of(text.begin(), text.end(), [&](char c) { return static_cast<uint8_t>(c) <= most; });
}

}  // namespace

void append_normal_form(std::string_view text, NormalForm form, std::string& out) {
  if (is_normal(text, form)) {
    out += text;
  } else {
    Normalizing(form, out).run(text);
  }
}

void append_lower(std::string_view text, std::string& out) {
  for (size_t at = 0; at < text.size();) {
    const Read read = read_utf8(text, at);
    const std::span<const char32_t> lower = read.whole ? mapped(kLower, read.code) : std::span<const char32_t>();
    if (lower.empty()) out += text.substr(at, read.bytes);
    for (const char32_t c : lower) append(out, c);
    at += read.bytes;
  }
}

bool is_combining_mark(char32_t code) { return in_runs(kMarks, code, 1) != 0; }
bool is_word_letter(char32_t code) { return in_runs(kWords, code, 1) != 0; }

}  // namespace lt::tokenize
