// Tokens by their numbers in expressions: a mark, which is no byte of UTF-8, then the number in four bytes, the highest first.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "grammar/expressions.h"

namespace lt::grammar {

constexpr uint8_t named_mark = 0xff;  // before a token that is meant, be it text or control
constexpr uint8_t other_mark = 0xfe;  // before any token of text
constexpr std::string_view number_marks = "\xfe\xff";

constexpr std::array<uint8_t, 4> number_bytes(uint32_t id) {
  return {static_cast<uint8_t>(id >> 24), static_cast<uint8_t>(id >> 16), static_cast<uint8_t>(id >> 8), static_cast<uint8_t>(id)};
}

Expression token_of(Expressions& expressions, uint32_t id);
Expression token_but(Expressions& expressions, uint32_t id);  // one token of text that is not this

}  // namespace lt::grammar
