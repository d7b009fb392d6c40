// Importance matrices in files: what is written is read again, the older form means the same, damage is told.
#include <cmath>
#include <cstring>

#include "check/check.h"
#include "check/temporary.h"
#include "quantize/importance.h"

namespace {

using namespace lt;
using quantize::Importance;

Importance example() {
  Importance m;
  m.chunks = 3;
  m.chunk_size = 16;
  m.datasets = {"a.txt", "b.txt"};
  m.entries["blk.0.attn_q.weight"] = {{1, 4, 9}, {2}};
  m.entries["blk.0.ffn_up_exps.weight"] = {{1, 2, 0, 0, 5, 6}, {1, 0, 4}};
  return m;
}

class List {
 public:
  List& whole(int32_t n) { return bytes(&n, sizeof n); }
  List& text(const std::string& s) { return whole(static_cast<int32_t>(s.size())).bytes(s.data(), s.size()); }
  List& values(std::initializer_list<float> v) { return whole(static_cast<int32_t>(v.size())).bytes(v.begin(), v.size() * sizeof(float)); }
  std::vector<uint8_t> all;

 private:
  List& bytes(const void* from, size_t n) {
    const auto* at = static_cast<const uint8_t*>(from);
    all.insert(all.end(), at, at + n);
    return *this;
  }
};

// Two chunks: a plain matrix of 3 columns, 2 experts of 2.
List older() {
  return std::move(List()
                       .whole(2)
                       .text("blk.0.attn_q.weight")
                       .whole(2)
                       .values({2, 4, 6})
                       .text("exps")
                       .whole(2)
                       .values({2, 4, 6, 8})
                       .whole(2)
                       .text("a.txt"));
}

std::vector<uint8_t> bytes_of(const Importance& m) {
  const check::TemporaryPath path;
  write_importance(path.text(), m);
  const std::string text = check::read_file(path.text());
  return {text.begin(), text.end()};
}

bool read_or_error(const std::vector<uint8_t>& bytes) {
  try {
    const Importance m = quantize::parse_importance(bytes);
    for (const auto& [name, e] : m.entries)
      for (const float v : e.sums) CHECK(std::isfinite(v));
    return true;
  } catch (const Error& e) {
    CHECK(e.code() != Code::internal);
    return false;
  }
}

}  // namespace

CHECK_CASE("quantize/importance: what is written is read again") {
  const check::TemporaryPath path;
  quantize::write_importance(path.text(), example());
  const Importance m = quantize::read_importance(path.text());
  CHECK(m.chunks == 3 && m.chunk_size == 16 && m.datasets == example().datasets && m.entries.size() == 2);
  for (const auto& [name, e] : example().entries) CHECK(m.entries.at(name).sums == e.sums && m.entries.at(name).counts == e.counts);
  CHECK((m.means("blk.0.attn_q.weight", 0, 3) == std::vector<float>{0.5f, 2, 4.5f}));
  CHECK((m.means("blk.0.ffn_up_exps.weight", 2, 2) == std::vector<float>{1.25f, 1.5f}));
  CHECK(m.means("blk.0.ffn_up_exps.weight", 1, 2).empty() && m.means("absent", 0, 3).empty());
  CHECK_THROWS(m.means("blk.0.attn_q.weight", 0, 4), Code::format);
  CHECK_THROWS(m.means("blk.0.attn_q.weight", 1, 3), Code::format);
  CHECK_THROWS(m.means("blk.0.ffn_up_exps.weight", 3, 2), Code::format);
  CHECK_THROWS(m.means("blk.0.attn_q.weight", 0, 0), Code::format);
  Importance large = example();
  large.entries["blk.0.attn_q.weight"] = {{1, 3e38f, 9}, {1e-3f}};
  CHECK_THROWS(large.means("blk.0.attn_q.weight", 0, 3), Code::format);
}

CHECK_CASE("quantize/importance: the older form") {
  const Importance m = quantize::parse_importance(older().all);
  CHECK(m.chunks == 2 && m.chunk_size == 0 && m.datasets == std::vector<std::string>{"a.txt"});
  CHECK((m.means("blk.0.attn_q.weight", 0, 3) == std::vector<float>{1, 2, 3}));
  CHECK((m.means("exps", 1, 2) == std::vector<float>{3, 4}));
  CHECK_THROWS(m.means("exps", 2, 2), Code::format);
  CHECK_THROWS(m.means("exps", 0, 3), Code::format);
}

CHECK_CASE("quantize/importance: two are merged as if one run had seen both texts") {
  Importance m = example();
  merge(m, example());
  CHECK(m.chunks == 6 && m.datasets == example().datasets);
  CHECK((m.entries.at("blk.0.attn_q.weight").sums == std::vector<float>{2, 8, 18}));
  CHECK((m.entries.at("blk.0.attn_q.weight").counts == std::vector<float>{4}));
  // the older form counts chunks: 2 of the 16 tokens that the other's have
  merge(m, quantize::parse_importance(List().whole(1).text("blk.0.attn_q.weight").whole(2).values({2, 4, 6}).all));
  CHECK((m.entries.at("blk.0.attn_q.weight").counts == std::vector<float>{36}));
  CHECK((m.entries.at("blk.0.attn_q.weight").sums == std::vector<float>{34, 72, 114}));
  Importance empty;
  merge(empty, example());
  CHECK(empty.chunk_size == 16 && empty.entries.size() == 2);
  Importance wrong = example();
  wrong.entries["blk.0.attn_q.weight"].sums.push_back(1);
  CHECK_THROWS(merge(m, wrong), Code::format);
  CHECK(m.chunks == 6);
}

CHECK_CASE("quantize/importance: wrong contents are told") {
  const auto list = [](const List& l) { return quantize::parse_importance(l.all); };
  CHECK_THROWS(list(List()), Code::format);
  CHECK_THROWS(list(List().whole(0)), Code::format);
  CHECK_THROWS(list(List().whole(2147483647)), Code::format);
  CHECK_THROWS(list(List().whole(1).text("x").whole(-1).values({1})), Code::format);
  CHECK_THROWS(list(List().whole(1).text("x").whole(1).values({NAN})), Code::format);
  CHECK_THROWS(list(List().whole(1).text("x").whole(1).values({-1})), Code::format);
  CHECK_THROWS(list(List().whole(1).text("").whole(1).values({1})), Code::format);
  CHECK_THROWS(list(List().whole(2).text("x").whole(1).values({1}).text("x").whole(1).values({1})), Code::format);
  CHECK_THROWS(quantize::read_importance(check::shared("models/story-Q8_0.gguf")), Code::format);
  CHECK_THROWS(quantize::read_importance("/absent/imatrix.gguf"), Code::file);
}

CHECK_CASE("quantize/importance: cut or changed at random, it is read or refused") {
  std::mt19937 random(7);
  for (const std::vector<uint8_t>& whole : {bytes_of(example()), older().all}) {
    CHECK(read_or_error(whole));
    for (size_t n = 0; n < whole.size(); n++) read_or_error({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)});
    for (int i = 0; i < 20000; i++) {
      std::vector<uint8_t> changed = whole;
      for (int times = 1 + static_cast<int>(random() % 3); times > 0; times--)
        changed[random() % changed.size()] = static_cast<uint8_t>(random());
      read_or_error(changed);
    }
  }
}
