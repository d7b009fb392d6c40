#include "tokenize/character_map.h"

#include <string>

#include "core/error.h"

namespace lt::tokenize {
namespace {

constexpr const char* kMapKey = "tokenizer.ggml.precompiled_charsmap";

std::vector<uint8_t> bytes_of(const gguf::File& file) {
  const gguf::Array* array = file.array(kMapKey);
  if (!array) return {};
  if (const auto* bytes = std::get_if<std::span<const uint8_t>>(array)) return {bytes->begin(), bytes->end()};
  std::vector<uint8_t> out;
  if (const auto* numbers = std::get_if<std::vector<int64_t>>(array)) {
    for (const int64_t n : *numbers) out.push_back(static_cast<uint8_t>(n));
  } else if (const auto* unsigneds = std::get_if<std::vector<uint64_t>>(array)) {
    for (const uint64_t n : *unsigneds) out.push_back(static_cast<uint8_t>(n));
  } else {
    throw Error(Code::format, std::string(kMapKey) + ": expected an array of bytes");
  }
  return out;
}

uint32_t word_at(const std::vector<uint8_t>& bytes, size_t at) {
  return static_cast<uint32_t>(bytes[at]) | static_cast<uint32_t>(bytes[at + 1]) << 8 | static_cast<uint32_t>(bytes[at + 2]) << 16 |
         static_cast<uint32_t>(bytes[at + 3]) << 24;
}

}  // namespace

CharacterMap::CharacterMap(const gguf::File& file) {
  const std::vector<uint8_t> bytes = bytes_of(file);
  if (bytes.empty()) return;
  const size_t table = bytes.size() >= 4 ? word_at(bytes, 0) : 0;
  if (table == 0 || table % 4 != 0 || table > bytes.size() - 4)
    throw Error(Code::format,
                std::string(kMapKey) + ": expected the size of its table within its " + std::to_string(bytes.size()) + " bytes");
  for (size_t at = 4; at < 4 + table; at += 4) units_.push_back(word_at(bytes, at));
  texts_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(4 + table), bytes.end());
  texts_.push_back('\0');
}

// A unit: bits 0 to 7 the byte that leads to it (with bit 31: a value), bit 8 whether a value follows, from bit 10 on the offset, which bit
// 9 makes 256 times as large.
CharacterMap::Found CharacterMap::find(std::string_view text, size_t at, bool longest) const {
  const auto offset = [](uint32_t unit) { return static_cast<size_t>((unit >> 10) << ((unit & 0x200) >> 6)); };
  Found found{0, {}};
  size_t node = offset(unit(0));
  for (size_t i = at; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    node ^= byte;
    const uint32_t here = unit(node);
    if (byte == 0 || (here & 0x800000FFu) != byte) break;
    node ^= offset(here);
    if (!(here & 0x100)) continue;
    const size_t begin = unit(node) & 0x7FFFFFFFu;
    if (begin < texts_.size()) found = {i + 1 - at, texts_.data() + begin};
    if (!longest && found.bytes > 0) break;
  }
  return found;
}

}  // namespace lt::tokenize
