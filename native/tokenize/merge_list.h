// tokenizer.ggml.merges: "left right", the earlier the sooner. Looked up by the texts of both, without resolving them to ids.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "gguf/file.h"
#include "tokenize/text_index.h"

namespace lt::tokenize {

class MergeList {
 public:
  explicit MergeList(const gguf::File& file);

  // `both` without a gap, of which the first `left` bytes are the left one. kNoMerge: they are not joined.
  uint32_t rank(std::string_view both, size_t left) const;

 private:
  const std::vector<std::string_view>* merges_;
  size_t longest_ = 0;  // bytes of both
  TextIndex index_;
};

}  // namespace lt::tokenize
