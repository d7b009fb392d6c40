#include "grammar/choices.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"

namespace lt::grammar {

namespace {

// Sorted texts are built from the last on: what is open is the path of bytes from the first to where the next text leaves it.
class Branches {
 public:
  explicit Branches(Expressions& e) : e_(e) {}

  void add(std::string_view text, size_t shared) {
    close(shared);
    path_.resize(text.size() + 1);
    path_.back().push_back(Expressions::empty);
    text_ = text;
  }
  Expression whole() {
    close(0);
    return path_.empty() ? Expressions::nothing : e_.either(path_[0]);
  }

 private:
  void close(size_t depth) {
    while (path_.size() > depth + 1) {
      const Expression below = e_.either(path_.back());
      path_.pop_back();
      const auto byte = static_cast<uint8_t>(text_[path_.size() - 1]);
      path_.back().push_back(e_.sequence(e_.byte_of(ByteSet::range(byte, byte)), below));
    }
  }

  Expressions& e_;
  std::vector<std::vector<Expression>> path_;  // by how many bytes were read: what may come
  std::string_view text_;                      // whose bytes lead there
};

}  // namespace

Expression either_of(Expressions& expressions, std::vector<std::string_view> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  Branches branches(expressions);
  std::string_view before;
  for (const std::string_view text : texts) {
    const auto shared = std::mismatch(text.begin(), text.end(), before.begin(), before.end()).first - text.begin();
    branches.add(text, static_cast<size_t>(shared));
    before = text;
  }
  return branches.whole();
}

Expression one_of(Expressions& expressions, std::span<const std::string> texts) {
  if (texts.empty()) throw Error(Code::argument, "choices: expected at least one");
  for (const std::string_view text : texts)
    if (!valid_utf8(text)) throw Error(Code::argument, "choices: expected UTF-8, found " + shown(text));
  return either_of(expressions, {texts.begin(), texts.end()});
}

}  // namespace lt::grammar
