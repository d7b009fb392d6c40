#include "measure/chunks.h"

#include <algorithm>

#include "core/error.h"

namespace lt::measuring {

Chunks cut(const tokenize::Tokenizer& tokenizer, const std::string& text, int64_t context, int64_t most) {
  Chunks out{context, 0, tokenizer.encode(text, false)};
  const bool begins = tokenizer.add_bos() && tokenizer.bos() >= 0;
  if (begins) out.tokens.insert(out.tokens.begin(), tokenizer.bos());
  out.count = std::ssize(out.tokens) / context;
  if (out.count == 0)
    throw Error(Code::argument, "text: expected at least one chunk of " + std::to_string(context) + " tokens, found " +
                                    std::to_string(out.tokens.size()) + ": use a longer text or a smaller context");
  if (most >= 0) out.count = std::min(out.count, most);
  out.tokens.resize(static_cast<size_t>(out.count * context));
  for (int64_t i = 0; begins && i < out.count; i++) out.tokens[static_cast<size_t>(i * context)] = tokenizer.bos();
  return out;
}

}  // namespace lt::measuring
