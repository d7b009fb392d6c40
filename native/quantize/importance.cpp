#include "quantize/importance.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "core/error.h"
#include "gguf/cursor.h"
#include "gguf/file.h"
#include "gguf/mapping.h"
#include "gguf/writer.h"

namespace lt::quantize {
namespace {

constexpr std::string_view sums_end = ".in_sum2", counts_end = ".counts";

[[noreturn]] void fail(const std::string& tensor, const std::string& what) {
  throw Error(Code::format, "importance matrix, tensor " + shown(tensor) + ": " + what);
}

void check_values(const std::string& tensor, std::span<const float> values) {
  for (const float v : values)
    if (!(std::isfinite(v) && v >= 0)) fail(tensor, "expected sums of squares and counts, found " + std::to_string(v));
}

void check(const std::string& tensor, const Importance::Entry& e) {
  if (e.sums.empty() || e.counts.empty() || e.sums.size() % e.counts.size() != 0)
    fail(tensor, "expected as many columns for each expert, found " + std::to_string(e.sums.size()) + " sums and " +
                     std::to_string(e.counts.size()) + " counts");
  check_values(tensor, e.sums);
  check_values(tensor, e.counts);
}

// ---- the GGUF form

std::vector<float> floats(const gguf::HostTensor& t) {
  if (t.type != Type::f32) throw Error(Code::format, "importance matrix, tensor " + shown(t.name) + ": expected F32");
  std::vector<float> out(t.bytes / sizeof(float));
  if (!out.empty()) std::memcpy(out.data(), t.data, t.bytes);
  return out;
}

uint32_t number(const gguf::File& file, std::string_view key) {
  return static_cast<uint32_t>(std::min<uint64_t>(file.u64(key).value_or(0), UINT32_MAX));
}

Importance from_gguf(std::span<const uint8_t> bytes) {
  const auto file = gguf::File::view(bytes);
  const auto kind = file->string("general.type");
  if (kind != "imatrix")
    throw Error(Code::format,
                "expected an importance matrix, found a GGUF file of " + (kind ? "type " + shown(*kind) : std::string("another kind")));
  Importance out;
  out.chunks = number(*file, "imatrix.chunk_count");
  out.chunk_size = number(*file, "imatrix.chunk_size");
  if (const gguf::Array* a = file->array("imatrix.datasets"))
    if (const auto* names = std::get_if<std::vector<std::string_view>>(a)) out.datasets.assign(names->begin(), names->end());
  for (const gguf::HostTensor& t : file->tensors()) {
    if (!t.name.ends_with(sums_end)) continue;
    const std::string name(t.name.substr(0, t.name.size() - sums_end.size()));
    const gguf::HostTensor* counts = file->tensor(name + std::string(counts_end));
    if (!counts) fail(name, "expected counts beside the sums");
    Importance::Entry entry{floats(t), floats(*counts)};
    check(name, entry);
    out.entries.emplace(name, std::move(entry));
  }
  return out;
}

// ---- the older form: i32 entries; of each i32 length, name, i32 calls, i32 values, values that divided by the calls are means;
// then, if anything, i32 chunks, i32 length, name of the text.

int32_t whole(gguf::Cursor& cursor, const gguf::Owner& owner, std::string_view field, int32_t least) {
  const auto n = cursor.number<int32_t>(owner, field);
  if (n < least) owner.fail(std::string(field) + ": expected at least " + std::to_string(least) + ", found " + std::to_string(n));
  return n;
}

std::string text(gguf::Cursor& cursor, const gguf::Owner& owner, std::string_view field, int32_t least) {
  const auto length = static_cast<size_t>(whole(cursor, owner, field, least));
  const std::string_view found(reinterpret_cast<const char*>(cursor.take(length, 1, owner, field)), length);
  if (length > 65535 || !valid_utf8(found)) owner.fail(std::string(field) + ": expected up to 65535 bytes of UTF-8");
  return std::string(found);
}

Importance from_list(std::span<const uint8_t> bytes) {
  gguf::Cursor cursor(bytes);
  Importance out;
  const gguf::Owner head{"importance matrix", "header"};
  const int32_t entries = whole(cursor, head, "entries", 1);
  for (int32_t i = 0; i < entries; i++) {
    const gguf::Owner owner{"importance matrix entry", {}, static_cast<uint64_t>(i)};
    const std::string name = text(cursor, owner, "name", 1);
    const int32_t calls = whole(cursor, owner, "calls", 0), values = whole(cursor, owner, "values", 1);
    const uint8_t* at = cursor.take(static_cast<uint64_t>(values), sizeof(float), owner, "values");
    Importance::Entry entry{std::vector<float>(static_cast<size_t>(values)), {static_cast<float>(std::max(calls, 1))}};
    std::memcpy(entry.sums.data(), at, entry.sums.size() * sizeof(float));
    check(name, entry);
    if (!out.entries.emplace(name, std::move(entry)).second) fail(name, "is there twice");
  }
  if (cursor.remaining() == 0) return out;
  out.chunks = static_cast<uint32_t>(whole(cursor, head, "chunks", 0));
  if (cursor.remaining() > 0) out.datasets = {text(cursor, head, "name of the text", 0)};
  return out;
}

// Counts of chunks become counts of tokens.
void in_tokens(Importance& importance, uint32_t chunk_size) {
  if (importance.chunk_size != 0 || chunk_size == 0) return;
  importance.chunk_size = chunk_size;
  for (auto& [name, e] : importance.entries)
    for (std::vector<float>* values : {&e.sums, &e.counts})
      for (float& v : *values) v *= static_cast<float>(chunk_size);
}

void add(std::vector<float>& into, const std::vector<float>& other) {
  for (size_t i = 0; i < into.size(); i++) into[i] += other[i];
}

std::span<const uint8_t> bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float)};
}

}  // namespace

std::vector<float> Importance::means(const std::string& tensor, int64_t expert, int64_t cols) const {
  const auto found = entries.find(tensor);
  if (found == entries.end()) return {};
  const Entry& e = found->second;
  const auto all = std::ssize(e.sums), counts = std::ssize(e.counts);
  const int64_t experts = cols > 0 && all % cols == 0 ? all / cols : 0;
  if (experts == 0 || (counts != 1 && counts != experts) || expert < 0 || expert >= experts)
    fail(tensor, "expected " + std::to_string(cols) + " columns for each of more than " + std::to_string(expert) + " experts, found " +
                     std::to_string(all) + " for " + std::to_string(counts) + ": it was made for another model");
  const float count = e.counts[static_cast<size_t>(counts == 1 ? 0 : expert)];
  if (count <= 0) return {};
  std::vector<float> out(e.sums.begin() + expert * cols, e.sums.begin() + (expert + 1) * cols);
  for (float& v : out) v /= count;
  if (!std::all_of(out.begin(), out.end(), [](float v) { return std::isfinite(v); }))
    fail(tensor, "expected means of squares, found some that are no numbers: its sums are too large, or its counts too small");
  return out;
}

Importance parse_importance(std::span<const uint8_t> bytes) {
  const bool gguf = bytes.size() >= 4 && std::memcmp(bytes.data(), "GGUF", 4) == 0;
  return gguf ? from_gguf(bytes) : from_list(bytes);
}

Importance read_importance(const std::string& path) {
  try {
    const gguf::Mapping mapping(path);
    return parse_importance(mapping.bytes());
  } catch (const Error& e) {
    throw Error(e.code(), path + ": " + e.what());
  } catch (const std::bad_alloc&) {
    throw Error(Code::memory, path + ": not enough memory to read it");
  }
}

void write_importance(const std::string& path, const Importance& importance) {
  std::vector<gguf::Planned> tensors;
  for (const auto& [name, e] : importance.entries) {
    check(name, e);
    const auto experts = std::ssize(e.counts);
    tensors.push_back({name + std::string(sums_end), Type::f32, {std::ssize(e.sums) / experts, experts}});
    tensors.push_back({name + std::string(counts_end), Type::f32, {1, experts}});
  }
  gguf::Writer writer(path,
                      {gguf::field("general.type", "imatrix"), gguf::field("imatrix.datasets", std::span(importance.datasets)),
                       gguf::field("imatrix.chunk_count", importance.chunks), gguf::field("imatrix.chunk_size", importance.chunk_size)},
                      std::move(tensors));
  size_t next = 0;
  for (const auto& [name, e] : importance.entries) {
    writer.append(next++, bytes_of(e.sums));
    writer.append(next++, bytes_of(e.counts));
  }
  writer.finish();
}

void merge(Importance& into, const Importance& other) {
  Importance sum = into, more = other;
  if (sum.entries.empty()) sum.chunk_size = more.chunk_size;
  in_tokens(sum, more.chunk_size);
  in_tokens(more, sum.chunk_size);
  for (auto& [name, e] : more.entries) {
    const auto [at, added] = sum.entries.emplace(name, e);
    if (added) continue;
    Importance::Entry& mine = at->second;
    if (mine.sums.size() != e.sums.size() || mine.counts.size() != e.counts.size())
      fail(name, "the two importance matrices have " + std::to_string(mine.sums.size()) + " and " + std::to_string(e.sums.size()) +
                     " columns: they were made for different models");
    add(mine.sums, e.sums);
    add(mine.counts, e.counts);
  }
  sum.chunks = static_cast<uint32_t>(std::min<uint64_t>(uint64_t{sum.chunks} + more.chunks, UINT32_MAX));
  for (std::string& d : more.datasets)
    if (std::find(sum.datasets.begin(), sum.datasets.end(), d) == sum.datasets.end()) sum.datasets.push_back(std::move(d));
  into = std::move(sum);
}

}  // namespace lt::quantize
