// What a text becomes before it is cut into words, as a folder's tokenizer.json says.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gguf/file.h"

namespace lt::tokenize {

class Normalizer {
 public:
  // tokenizer.huggingface.normalizer: steps, each its name and what it takes: NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Prepend
  // TEXT, Replace TEXT BY, StripLeft, StripRight. Absent: none. Throws Code::format, Code::unsupported.
  explicit Normalizer(const gguf::File& file);

  // A view of `text`, or of `buffer`, which holds what was made. Throws Code::argument where that is beyond 256 MiB.
  std::string_view apply(std::string_view text, std::string& buffer) const;

 private:
  using Run = void (*)(std::string_view text, std::string_view a, std::string_view b, std::string& out);
  struct Step {
    Run run;
    std::string_view a, b;
  };
  struct Kind;
  static const Kind* kind_of(std::string_view name);

  std::vector<Step> steps_;
};

}  // namespace lt::tokenize
