#include "tokenize/normalizer.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "tokenize/character_map.h"
#include "tokenize/normal_form.h"
#include "tokenize/normalizer_steps.h"
#include "tokenize/pattern.h"
#include "tokenize/unicode.h"
#include "tokenize/vocabulary.h"

namespace lt::tokenize {
namespace {

constexpr const char* kKey = "tokenizer.huggingface.normalizer";
constexpr size_t kLongestMade = size_t{256} << 20;

void check_length(size_t bytes) {
  if (bytes > kLongestMade)
    throw Error(Code::argument, "the vocabulary's normalizer makes more than 256 MiB of the text: encode it in parts");
}

void append_prefixed(std::string_view text, std::string_view what, std::string& out) {
  if (!text.empty()) out += what;
  out += text;
}

void append_replaced(std::string_view text, std::string_view what, std::string_view by, std::string& out) {
  size_t at = 0;
  for (size_t found = text.find(what); found != std::string_view::npos; found = text.find(what, at)) {
    out += text.substr(at, found - at);
    out += by;
    at = found + what.size();
    check_length(out.size());
  }
  out += text.substr(at);
}

void append_without_left(std::string_view text, std::string& out) {
  size_t at = 0;
  for (Read read = read_utf8(text, 0); at < text.size() && is_space(read.code); read = read_utf8(text, at)) at += read.bytes;
  out += text.substr(at);
}

void append_without_right(std::string_view text, std::string& out) {
  size_t end = text.size();
  while (end > 0) {
    const Read read = read_before(text, end);
    if (!is_space(read.code)) break;
    end -= read.bytes;
  }
  out += text.substr(0, end);
}

// Matches, which are never empty, from left to right.
void append_replaced(std::string_view text, const Pattern& pattern, std::string_view by, std::string& out) {
  Scan scan(pattern, text);
  size_t from = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t to = scan.match(0, text.size(), at);
    if (to == Scan::kNone || to == at) {
      at += read_utf8(text, at).bytes;
      continue;
    }
    out += text.substr(from, at - from);
    out += by;
    from = at = to;
    check_length(out.size());
  }
  out += text.substr(from);
}

struct Taken {
  const gguf::File& file;
  std::string_view a, b;
};

using Making = std::function<void(std::string_view text, std::string& out)>;
using Append = void (*)(std::string_view text, std::string& out);

template <bool compatible, bool composed>
Making form(const Taken&) {
  return [](std::string_view text, std::string& out) { append_normal_form(text, {compatible, composed}, out); };
}

template <Append append>
Making plain(const Taken&) {
  return append;
}

Making prepend(const Taken& taken) {
  return [what = taken.a](std::string_view text, std::string& out) { append_prefixed(text, what, out); };
}

Making replace(const Taken& taken) {
  if (taken.a.empty()) throw Error(Code::format, std::string(kKey) + ": Replace: expected a text to be replaced");
  return [what = taken.a, by = taken.b](std::string_view text, std::string& out) { append_replaced(text, what, by, out); };
}

Making replace_pattern(const Taken& taken) {
  auto pattern = std::make_shared<const Pattern>(taken.a);
  if (Scan(*pattern, {}).match(0, 0, 0) != Scan::kNone)
    throw Error(Code::unsupported, std::string(kKey) + ": Replace: the pattern matches nothing at all: " + shown(taken.a));
  return [pattern, by = taken.b](std::string_view text, std::string& out) { append_replaced(text, *pattern, by, out); };
}

Making precompiled(const Taken& taken) {
  return
      [map = std::make_shared<const CharacterMap>(taken.file)](std::string_view text, std::string& out) { append_mapped(text, *map, out); };
}

struct StepKind {
  std::string_view name;
  size_t takes;
  Making (*made)(const Taken& taken);
};

}  // namespace

Normalizer::Normalizer(const gguf::File& file) {
  static constexpr StepKind kinds[] = {{"NFC", 0, form<false, true>},
                                       {"NFD", 0, form<false, false>},
                                       {"NFKC", 0, form<true, true>},
                                       {"NFKD", 0, form<true, false>},
                                       {"Lowercase", 0, plain<append_lower>},
                                       {"StripAccents", 0, plain<append_without_accents>},
                                       {"StripMarks", 0, plain<append_without_plain_marks>},
                                       {"Prepend", 1, prepend},
                                       {"Replace", 2, replace},
                                       {"ReplaceRegex", 2, replace_pattern},
                                       {"StripLeft", 0, plain<append_without_left>},
                                       {"StripRight", 0, plain<append_without_right>},
                                       {"CleanText", 0, plain<append_clean>},
                                       {"SpaceHan", 0, plain<append_spaced_han>},
                                       {"Nmt", 0, plain<append_nmt>},
                                       {"ByteLevel", 0, plain<append_byte_letters>},
                                       {"Precompiled", 0, precompiled}};
  const auto* list = string_array(file, kKey);
  if (!list) return;
  for (size_t i = 0; i < list->size();) {
    const StepKind* kind = std::find_if(std::begin(kinds), std::end(kinds), [&](const StepKind& k) { return k.name == (*list)[i]; });
    if (kind == std::end(kinds))
      throw Error(Code::unsupported, std::string(kKey) + ": the step \"" + shown((*list)[i]) + "\" is not built");
    if (list->size() - i - 1 < kind->takes)
      throw Error(Code::format, std::string(kKey) + ": " + std::string(kind->name) + ": expected a text behind it");
    steps_.push_back(kind->made({file, kind->takes > 0 ? (*list)[i + 1] : "", kind->takes > 1 ? (*list)[i + 2] : ""}));
    i += 1 + kind->takes;
  }
}

std::string_view Normalizer::apply(std::string_view text, std::string& buffer) const {
  if (steps_.empty()) return text;
  std::string made;
  for (size_t i = 0; i < steps_.size(); i++) {
    made.clear();
    steps_[i](i == 0 ? text : std::string_view(buffer), made);
    check_length(made.size());
    std::swap(made, buffer);
  }
  return buffer;
}

}  // namespace lt::tokenize
