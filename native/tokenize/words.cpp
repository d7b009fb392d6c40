#include "tokenize/words.h"

#include <string>

#include "core/error.h"
#include "core/text.h"
#include "tokenize/scripts.h"
#include "tokenize/vocabulary.h"

namespace lt::tokenize {

std::optional<Words> Words::of(const gguf::File& file) {
  constexpr const char* key = "tokenizer.huggingface.pre_tokenizer";
  const auto* told = string_array(file, key);
  if (!told) return std::nullopt;
  if (told->size() % 3 != 0) throw Error(Code::format, std::string(key) + ": expected three texts a step");
  Words words;
  std::vector<std::string_view> splits;  // that follow one another
  const auto put_splits = [&] {
    if (!splits.empty()) words.steps_.emplace_back(Splitter(splits_of(splits)));
    splits.clear();
  };
  for (size_t i = 0; i < told->size(); i += 3) {
    const std::string_view step = (*told)[i], how = (*told)[i + 1], what = (*told)[i + 2];
    if (step == "split") {
      splits.insert(splits.end(), {how, what});
      continue;
    }
    put_splits();
    if (step == "metaspace") {
      words.steps_.emplace_back(Metaspace(how, what != "whole"));
    } else if (step == "prefix") {
      words.steps_.emplace_back(PrefixSpace{});
    } else if (step == "scripts") {
      words.steps_.emplace_back(Scripts{});
    } else {
      throw Error(Code::unsupported, std::string(key) + ": the step \"" + shown(step) + "\" is not built");
    }
  }
  put_splits();
  return words;
}

void Words::run(size_t step, std::string_view text, bool first, const Each& each) const {
  if (text.empty()) return;
  if (step == steps_.size()) return each(text);
  if (const auto* splitter = std::get_if<Splitter>(&steps_[step])) {
    splitter->words(text, [&](std::string_view word) { run(step + 1, word, first && word.data() == text.data(), each); });
  } else if (const auto* metaspace = std::get_if<Metaspace>(&steps_[step])) {
    const std::string spelt = metaspace->spelt(text, first);
    for (size_t at = 0; at < spelt.size();) {
      const size_t end = metaspace->word_end(spelt, at);
      run(step + 1, std::string_view(spelt).substr(at, end - at), first && at == 0, each);
      at = end;
    }
  } else if (std::holds_alternative<Scripts>(steps_[step])) {
    for (size_t at = script_begin(text, 0); at < text.size();) {
      const size_t end = script_end(text, at);
      run(step + 1, text.substr(at, end - at), first && at == 0, each);
      at = end;
    }
  } else {
    run(step + 1, text.starts_with(' ') ? text : " " + std::string(text), first, each);
  }
}

}  // namespace lt::tokenize
