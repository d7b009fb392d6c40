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

std::shared_ptr<Masks> Binding::over(const std::shared_ptr<const Vocabulary>& vocabulary) {
  const std::lock_guard lock(mutex_);
  const auto known = std::find_if(kept_.begin(), kept_.end(), [&](const auto& m) { return &m->vocabulary() == vocabulary.get(); });
  if (known != kept_.end()) {
    std::rotate(known, known + 1, kept_.end());
    return kept_.back();
  }
  auto made = std::make_shared<Masks>(grammar_, vocabulary);
  if (kept_.size() == most_kept) kept_.erase(kept_.begin());
  kept_.push_back(made);
  return made;
}

}  // namespace lt::grammar
