// What a text becomes before it is cut into words, as a folder's tokenizer.json says.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/file.h"

namespace lt::tokenize {

class Normalizer {
 public:
  // tokenizer.huggingface.normalizer: steps, each its name and what it takes: NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, StripMarks
  // (those that take no room alone), Prepend TEXT, Replace TEXT BY, ReplaceRegex PATTERN BY, StripLeft, StripRight, CleanText and SpaceHan
  // (BertNormalizer's), Nmt, ByteLevel, Precompiled (tokenizer.ggml.precompiled_charsmap). Absent: none. Throws Code::format,
  // Code::unsupported.
  explicit Normalizer(const gguf::File& file);

  // A view of `text`, or of `buffer`, which holds what was made. Throws Code::argument where that is beyond 256 MiB.
  std::string_view apply(std::string_view text, std::string& buffer) const;

 private:
  using Step = std::function<void(std::string_view text, std::string& out)>;

  std::vector<Step> steps_;
};

}  // namespace lt::tokenize
