// What a folder's tokenizer.json does to normalized text before its model sees it: steps that cut it, mark its spaces or put one before it.
#pragma once
#include <functional>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "gguf/file.h"
#include "tokenize/metaspace.h"
#include "tokenize/pretokenize.h"

namespace lt::tokenize {

class Words {
 public:
  // tokenizer.huggingface.pre_tokenizer: of each step three texts: "split", what becomes of a match, and the pattern; "metaspace", where a
  // space is put (always, first, never), and "split" or "whole"; "prefix", "space", and nothing; "scripts". Null where the file does not
  // have it. Throws Code::format, Code::unsupported.
  static std::optional<Words> of(const gguf::File& file);
  explicit Words(Metaspace metaspace) { steps_.emplace_back(metaspace); }

  // each(word) for every word, in order; a word is gone after its call. first: nothing stands before `text`.
  using Each = std::function<void(std::string_view word)>;
  void cut(std::string_view text, bool first, const Each& each) const { run(0, text, first, each); }

 private:
  struct PrefixSpace {};
  struct Scripts {};

  Words() = default;
  void run(size_t step, std::string_view text, bool first, const Each& each) const;

  std::vector<std::variant<Splitter, Metaspace, PrefixSpace, Scripts>> steps_;
};

}  // namespace lt::tokenize
