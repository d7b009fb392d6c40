// tokenizer.ggml.merges: "left right", the earlier the sooner. Looked up by the texts of both, without resolving them to ids.
#pragma once
#include <cstdint>
#include <string>
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

  // each(text) with what every merge makes.
  template <class Each>
  void each_made(const Each& each) const {
    std::string made;
    for (const std::string_view merge : *merges_) {
      const size_t gap = merge.find(' ', 1);
      made.assign(merge.substr(0, gap)).append(merge.substr(gap + 1));
      each(made);
    }
  }

 private:
  const std::vector<std::string_view>* merges_;
  size_t longest_ = 0;  // bytes of both
  TextIndex index_;
};

}  // namespace lt::tokenize
