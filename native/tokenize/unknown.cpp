#include "tokenize/unknown.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace lt::tokenize {

Unknown::Unknown(const Vocabulary& vocabulary, const gguf::File& file) {
  constexpr const char* key = "tokenizer.huggingface.unk_token_id";
  if (const auto id = file.u64(key)) {
    if (*id >= static_cast<uint64_t>(vocabulary.size()))
      throw Error(Code::format,
                  std::string(key) + ": expected an id below " + std::to_string(vocabulary.size()) + ", found " + std::to_string(*id));
    id_ = static_cast<int32_t>(*id);
  }
  fused_ = file.boolean("tokenizer.huggingface.fuse_unk").value_or(false);
  to_bytes_ = file.boolean("tokenizer.huggingface.byte_fallback").value_or(false);
  for (size_t byte = 0; byte < bytes_.size(); ++byte) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    bytes_[byte] = vocabulary.find(std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">");
  }
}

bool Unknown::bytes_of(std::string_view symbol, std::vector<int32_t>& ids) const {
  const auto token = [&](char c) { return bytes_[static_cast<uint8_t>(c)]; };
  if (!to_bytes_ || !std::all_of(symbol.begin(), symbol.end(), [&](char c) { return token(c) >= 0; })) return false;
  for (const char c : symbol) ids.push_back(token(c));
  return true;
}

void Unknown::Word::put(std::string_view symbol, int32_t id) {
  if (id >= 0) {
    finish();
    ids_.push_back(id);
  } else if (!unknown_.bytes_of(symbol, ids_) && unknown_.id_ >= 0) {
    if (!unknown_.fused_) finish();
    pending_ = true;
  }
}

void Unknown::Word::finish() {
  if (pending_) ids_.push_back(unknown_.id_);
  pending_ = false;
}

}  // namespace lt::tokenize
