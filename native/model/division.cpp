#include "model/division.h"

#include <algorithm>

namespace lt::model {

void Ranges::add(Range more) {
  Range& last = all_.back();
  if (last.first + last.count == more.first)
    last.count += more.count;
  else
    all_.push_back(more);
}

Ranges Ranges::times(int64_t n) const {
  Ranges out = *this;
  for (Range& r : out.all_) r = {r.first * n, r.count * n};
  return out;
}

int64_t Ranges::count() const {
  int64_t sum = 0;
  for (const Range& r : all_) sum += r.count;
  return sum;
}

Boundaries Boundaries::times(int64_t n) const {
  Boundaries out = *this;
  for (int64_t& a : out.at) a *= n;
  return out;
}

bool Boundaries::between(int64_t block) const {
  return std::all_of(at.begin(), at.end(), [&](int64_t a) { return a % block == 0; });
}

std::string Boundaries::text() const {
  std::string out;
  for (size_t r = 0; r + 1 < at.size(); r++) out += (r ? "+" : "") + std::to_string(at[r + 1] - at[r]);
  return out;
}

Boundaries cut(int64_t whole, int64_t unit, int ranks) {
  const int64_t units = whole / unit;
  if (ranks == 1 || whole % unit || units < ranks) return {};
  Boundaries out;
  for (int64_t r = 0; r <= ranks; r++) out.at.push_back(units * r / ranks * unit);
  return out;
}

namespace {

// Rank r takes part in KV head kv_heads * r / ranks; the ranks of a head divide its `group` query heads.
HeadCut share_kv_heads(int64_t group, int64_t kv_heads, int ranks) {
  HeadCut out;
  std::vector<int> holders(static_cast<size_t>(kv_heads), 0), before(holders);
  const auto kv_of = [&](int r) { return static_cast<size_t>(kv_heads * r / ranks); };
  for (int r = 0; r < ranks; r++) holders[kv_of(r)]++;
  if (*std::max_element(holders.begin(), holders.end()) > group) return {};
  for (int r = 0; r < ranks; r++) {
    const size_t kv = kv_of(r);
    out.query.at.push_back(static_cast<int64_t>(kv) * group + group * before[kv]++ / holders[kv]);
    out.kv.push_back({static_cast<int64_t>(kv), 1});
  }
  out.query.at.push_back(kv_heads * group);
  return out;
}

}  // namespace

HeadCut cut_heads(int64_t heads, int64_t kv_heads, int ranks) {
  if (ranks == 1) return {};
  const Boundaries by_kv = cut(kv_heads, 1, ranks);
  if (!by_kv) return share_kv_heads(heads / kv_heads, kv_heads, ranks);
  HeadCut out{by_kv.times(heads / kv_heads), {}};
  for (int r = 0; r < ranks; r++) out.kv.push_back(by_kv.of(r));
  return out;
}

void Division::note(const std::string& what) {
  if (size > 1 && std::find(notes_.begin(), notes_.end(), what) == notes_.end()) notes_.push_back(what);
}

std::string Division::text() const {
  if (size == 1) return "";
  std::string out = std::to_string(size) + " ranks" + (exact ? ", exact" : "");
  for (size_t i = 0; i < notes_.size(); i++) out += (i ? ", " : ": ") + notes_[i];
  return out;
}

uint64_t Division::weights() const {
  uint64_t bytes = packed_bytes;
  for (const auto& r : read) bytes += r.size();
  return bytes;
}

}  // namespace lt::model
