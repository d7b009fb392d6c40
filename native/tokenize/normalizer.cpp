#include "tokenize/normalizer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "tokenize/normal_form.h"
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

template <bool compatible, bool composed>
void run_form(std::string_view text, std::string_view, std::string_view, std::string& out) {
  append_normal_form(text, {compatible, composed}, out);
}

void run_lower(std::string_view text, std::string_view, std::string_view, std::string& out) { append_lower(text, out); }

void run_strip_accents(std::string_view text, std::string_view, std::string_view, std::string& out) {
  for (size_t at = 0; at < text.size();) {
    const Read read = read_utf8(text, at);
    if (!read.whole || !is_combining_mark(read.code)) out += text.substr(at, read.bytes);
    at += read.bytes;
  }
}

void run_prepend(std::string_view text, std::string_view what, std::string_view, std::string& out) {
  if (!text.empty()) out += what;
  out += text;
}

void run_replace(std::string_view text, std::string_view what, std::string_view by, std::string& out) {
  size_t at = 0;
  for (size_t found = text.find(what); found != std::string_view::npos; found = text.find(what, at)) {
    out += text.substr(at, found - at);
    out += by;
    at = found + what.size();
    check_length(out.size());
  }
  out += text.substr(at);
}

void run_strip_left(std::string_view text, std::string_view, std::string_view, std::string& out) {
  size_t at = 0;
  for (Read read = read_utf8(text, 0); at < text.size() && is_space(read.code); read = read_utf8(text, at)) at += read.bytes;
  out += text.substr(at);
}

void run_strip_right(std::string_view text, std::string_view, std::string_view, std::string& out) {
  size_t end = text.size();
  while (end > 0) {
    const Read read = read_before(text, end);
    if (!is_space(read.code)) break;
    end -= read.bytes;
  }
  out += text.substr(0, end);
}

}  // namespace

struct Normalizer::Kind {
  std::string_view name;
  int takes;
  Run run;
};

const Normalizer::Kind* Normalizer::kind_of(std::string_view name) {
  static constexpr Kind kinds[] = {{"NFC", 0, run_form<false, true>}, {"NFD", 0, run_form<false, false>},
                                   {"NFKC", 0, run_form<true, true>}, {"NFKD", 0, run_form<true, false>},
                                   {"Lowercase", 0, run_lower},       {"StripAccents", 0, run_strip_accents},
                                   {"Prepend", 1, run_prepend},       {"Replace", 2, run_replace},
                                   {"StripLeft", 0, run_strip_left},  {"StripRight", 0, run_strip_right}};
  const Kind* at = std::find_if(std::begin(kinds), std::end(kinds), [&](const Kind& k) { return k.name == name; });
  return at == std::end(kinds) ? nullptr : at;
}

Normalizer::Normalizer(const gguf::File& file) {
  const auto* list = string_array(file, kKey);
  if (!list) return;
  for (size_t i = 0; i < list->size();) {
    const Kind* kind = kind_of((*list)[i]);
    if (!kind) throw Error(Code::unsupported, std::string(kKey) + ": the step \"" + shown((*list)[i]) + "\" is not built");
    const auto takes = static_cast<size_t>(kind->takes);
    if (list->size() - i - 1 < takes)
      throw Error(Code::format, std::string(kKey) + ": " + std::string(kind->name) + ": expected a text behind it");
    Step step{kind->run, takes > 0 ? (*list)[i + 1] : std::string_view(), takes > 1 ? (*list)[i + 2] : std::string_view()};
    if (step.run == run_replace && step.a.empty())
      throw Error(Code::format, std::string(kKey) + ": Replace: expected a text to be replaced");
    steps_.push_back(step);
    i += 1 + takes;
  }
}

std::string_view Normalizer::apply(std::string_view text, std::string& buffer) const {
  if (steps_.empty()) return text;
  std::string made;
  for (size_t i = 0; i < steps_.size(); i++) {
    made.clear();
    const Step& step = steps_[i];
    step.run(i == 0 ? text : std::string_view(buffer), step.a, step.b, made);
    check_length(made.size());
    std::swap(made, buffer);
  }
  return buffer;
}

}  // namespace lt::tokenize
