#include "addon/prompt.h"

namespace lt::addon {

void encode_prompt(const tokenize::Tokenizer& tokenizer, const std::vector<Segment>& segments, bool begin, bool end,
                   std::vector<int32_t>& ids) {
  for (const Segment& s : segments) {
    const std::vector<int32_t> more = tokenizer.encode(s.text, s.control);
    ids.insert(ids.end(), more.begin(), more.end());
  }
  const int32_t first = tokenizer.bos();
  if (begin && tokenizer.add_bos() && first >= 0 && (ids.empty() || ids.front() != first)) ids.insert(ids.begin(), first);
  const int32_t last = tokenizer.eos();
  if (end && tokenizer.add_eos() && last >= 0 && (ids.empty() || ids.back() != last)) ids.push_back(last);
}

}  // namespace lt::addon
