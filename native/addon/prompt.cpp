#include "addon/prompt.h"

namespace lt::addon {

void encode_prompt(const tokenize::Tokenizer& tokenizer, const std::vector<Segment>& segments, bool begin, std::vector<int32_t>& ids) {
  for (const Segment& s : segments) {
    const std::vector<int32_t> more = tokenizer.encode(s.text, s.control);
    ids.insert(ids.end(), more.begin(), more.end());
  }
  const int32_t first = tokenizer.bos();
  if (begin && tokenizer.add_bos() && first >= 0 && (ids.empty() || ids.front() != first)) ids.insert(ids.begin(), first);
}

}  // namespace lt::addon
