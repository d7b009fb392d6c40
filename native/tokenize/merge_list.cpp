#include "tokenize/merge_list.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/text.h"
#include "tokenize/merge.h"
#include "tokenize/vocabulary.h"

namespace lt::tokenize {

static_assert(kNoMerge == TextIndex::kNone);

namespace {
// Not symmetric: a list has hundreds of merges of a text with itself.
uint64_t hash_pair(std::string_view left, std::string_view right) { return finish(hash_text(left) * 3 + hash_text(right)); }
}  // namespace

MergeList::MergeList(const gguf::File& file) : merges_(string_array(file, "tokenizer.ggml.merges")) {
  if (!merges_) throw Error(Code::format, "tokenizer.ggml.merges: expected the list of merges, found none");
  if (merges_->size() >= kNoMerge) throw Error(Code::format, "tokenizer.ggml.merges: more merges than a 32-bit rank can name");
  index_ = TextIndex(merges_->size());
  for (uint32_t i = 0; i < merges_->size(); ++i) {
    const std::string_view merge = (*merges_)[i];
    const size_t gap = merge.find(' ', 1);  // a left part may begin with a space where a vocabulary does not spell spaces
    if (gap == std::string_view::npos || gap + 1 == merge.size())
      throw Error(Code::format,
                  "tokenizer.ggml.merges: expected two texts with a space between, found \"" + shown(merge) + "\" at " + std::to_string(i));
    longest_ = std::max(longest_, merge.size() - 1);
    index_.insert(hash_pair(merge.substr(0, gap), merge.substr(gap + 1)), i, false,
                  [&](uint32_t other) { return (*merges_)[other] == merge; });
  }
}

uint32_t MergeList::rank(std::string_view both, size_t left) const {
  if (both.size() > longest_) return kNoMerge;
  const std::string_view first = both.substr(0, left);
  const std::string_view second = both.substr(left);
  return index_.find(hash_pair(first, second), [&](uint32_t i) {
    const std::string_view merge = (*merges_)[i];
    return merge.size() == both.size() + 1 && merge[left] == ' ' && merge.substr(0, left) == first && merge.substr(left + 1) == second;
  });
}

}  // namespace lt::tokenize
