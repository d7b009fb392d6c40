// Reading UTF-8 that may be broken, and the properties of code points that tokenizers ask for.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace lt::tokenize {

// General categories (Unicode, table 4-4). What is no character, a surrogate too, is unassigned.
// clang-format off
enum class Category : uint8_t { Lu, Ll, Lt, Lm, Lo, Mn, Mc, Me, Nd, Nl, No, Pc, Pd, Ps, Pe, Pi, Pf, Po, Sm, Sc, Sk, So, Zs, Zl, Zp, Cc, Cf, Co, Cn };
// clang-format on
constexpr int kCategoryCount = 29;
constexpr std::string_view kCategoryNames = "LuLlLtLmLoMnMcMeNdNlNoPcPdPsPePiPfPoSmScSkSoZsZlZpCcCfCoCn";  // two letters each

Category category_of(char32_t code);
bool is_space(char32_t code);  // the property White_Space

// {first code point << 5 | category} of each run, in order.
std::span<const uint32_t> category_runs();
// Where a property (a script, white_space, word, alphabetic, ...) begins and ends, in turn; empty: none is called so.
std::span<const char32_t> property_bounds(std::string_view lower_case_name);
// Sets of letters that differ by case alone, each ended by 0.
std::span<const char32_t> case_sets();

constexpr char32_t kReplacement = 0xFFFD;

// One character of a text. What is not UTF-8 is taken by maximal subparts (Unicode 15.0, section 3.9; the WHATWG decoder does the
// same): code is then U+FFFD, and whole is false.
struct Read {
  char32_t code;
  uint32_t bytes;  // 0 at the end of the text, else 1 to 4
  bool whole;
  bool cut;  // not whole, but more bytes after the text's end could complete it
};

Read read_beyond_ascii(std::string_view text, size_t at);
inline Read read_utf8(std::string_view text, size_t at) {
  if (at < text.size() && static_cast<uint8_t>(text[at]) < 0x80) return {static_cast<uint8_t>(text[at]), 1, true, false};
  if (at + 3 <= text.size()) {  // three bytes, as most of the world's text has: E0 and ED are not followed by any
    const auto a = static_cast<uint8_t>(text[at]), b = static_cast<uint8_t>(text[at + 1]), c = static_cast<uint8_t>(text[at + 2]);
    const bool whole = (a & 0xF0) == 0xE0 && a != 0xE0 && a != 0xED && (b & 0xC0) == 0x80 && (c & 0xC0) == 0x80;
    if (whole) return {static_cast<char32_t>((a & 0x0F) << 12 | (b & 0x3F) << 6 | (c & 0x3F)), 3, true, false};
  }
  return read_beyond_ascii(text, at);
}
// The character that ends at `end`, which is above 0; not whole where what is there is none.
Read read_before(std::string_view text, size_t end);

}  // namespace lt::tokenize
