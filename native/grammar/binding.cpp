#include "grammar/binding.h"

#include <algorithm>

namespace lt::grammar {
namespace {

struct KeptVocabulary {
  std::shared_ptr<const tokenize::Tokenizer> tokenizer;
  Vocabulary vocabulary;
};

}  // namespace

std::shared_ptr<const Vocabulary> LazyVocabulary::get() {
  const std::lock_guard lock(mutex_);
  if (!made_) {
    const auto kept = std::make_shared<KeptVocabulary>(KeptVocabulary{tokenizer_, Vocabulary(*tokenizer_)});
    made_ = {kept, &kept->vocabulary};
  }
  return made_;
}

std::shared_ptr<Masks> LazyVocabulary::known(const std::shared_ptr<const Binding>& of) {
  std::erase_if(kept_, [](const Kept& k) { return k.of.expired(); });
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) { return k.of.lock() == of; });
  return found == kept_.end() ? nullptr : found->masks;
}

std::shared_ptr<Masks> LazyVocabulary::masks(const std::shared_ptr<const Binding>& of) {
  const std::shared_ptr<const Vocabulary> over = get();
  {
    const std::lock_guard lock(mutex_);
    if (auto masks = known(of)) return masks;
  }
  auto made = std::make_shared<Masks>(of->grammar, over);  // may wait for whoever has the grammar: others need not
  const std::lock_guard lock(mutex_);
  if (auto masks = known(of)) return masks;
  kept_.push_back({of, made});
  return made;
}

}  // namespace lt::grammar
