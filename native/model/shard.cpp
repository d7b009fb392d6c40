// What this rank and this side of a placement hold of a weight.
#include <algorithm>
#include <cstring>

#include "model/loader.h"
#include "quant/type.h"

namespace lt::model {
namespace {

constexpr int64_t copied_at_once = 1 << 20;  // bytes

Tensor on_host(const gguf::HostTensor& t, int64_t rows, int64_t cols) {
  return {const_cast<void*>(t.data), t.type, rows, cols, quant::row_bytes(t.type, cols)};
}

}  // namespace

bool Loader::held() const {
  if (!part_) throw Error(Code::internal, architecture_ + ": a weight is read that belongs to no part of the model");
  if (*part_ == embed_part) return section_.embed;
  if (*part_ == head_part) return section_.head;
  if (experts_ && !section_.experts.empty()) return section_.experts[static_cast<size_t>(*part_)];
  return *part_ >= section_.first && *part_ < section_.last;
}

void Loader::count(const void* from, int64_t rows, uint64_t bytes) {
  if (counted_.emplace(from, rows).second) add(bytes);
}

void Loader::add(uint64_t bytes) {
  if (!bytes_) return;
  const auto of_layer = [&](std::vector<uint64_t>& all) -> uint64_t& {
    const auto at = static_cast<size_t>(*part_);
    if (at >= all.size()) all.resize(at + 1);
    return all[at];
  };
  (*part_ == embed_part  ? bytes_->embed
   : *part_ == head_part ? bytes_->head
                         : of_layer(experts_ ? bytes_->experts : bytes_->layers)) += bytes;
}

// Unplaced where another stage of this rank holds it. ahead: read it ahead.
Tensor Loader::place(const Tensor& host, bool ahead) {
  const bool here = held();
  const auto bytes = static_cast<size_t>(host.rows * host.stride);
  count(host.data, host.rows, bytes);
  if (!here) return host;
  if (ahead) division_.read.push_back({static_cast<const char*>(host.data), bytes});
  const auto [at, fresh] = placed_.try_emplace({host.data, host.rows});
  if (fresh) at->second = backend_.place(host);
  return at->second;
}

// A page of the file holds parts of all ranks: the copy lets go of it, so that memory holds this rank's alone.
Tensor Loader::copy(const gguf::HostTensor& t, Tensor part, const std::function<void(char* to, int64_t row)>& fill) {
  const bool here = held();
  const auto bytes = static_cast<uint64_t>(part.rows * part.stride);
  count(t.data, part.rows, bytes);
  if (!here) return part;
  part = backend_.alloc(part.type, part.rows, part.cols);
  const int64_t step = std::max<int64_t>(1, copied_at_once / part.stride);
  std::vector<char> some(static_cast<size_t>(std::min(step, part.rows) * part.stride));
  for (int64_t first = 0; first < part.rows; first += step) {
    const Tensor to = part.slice(first, std::min(step, part.rows - first));
    for (int64_t r = 0; r < to.rows; r++) fill(some.data() + r * part.stride, first + r);
    backend_.write(to, some.data());
  }
  division_.packed_bytes += bytes;
  file_.let_go({static_cast<const char*>(t.data), t.bytes});
  return part;
}

Tensor Loader::rows(const std::string& name, int64_t rows, int64_t cols, const Ranges& mine) {
  const gguf::HostTensor& t = find(name, rows, cols);
  const Tensor host = on_host(t, rows, cols);
  if (mine.whole()) return place(host.slice(mine.first(), mine.count()), true);
  std::vector<int64_t> from;
  for (const Range& r : mine)
    for (int64_t i = 0; i < r.count; i++) from.push_back(r.first + i);
  return copy(t, host.slice(0, mine.count()), [&](char* to, int64_t r) {
    std::memcpy(to, host.row<char>(from[static_cast<size_t>(r)]), static_cast<size_t>(host.stride));
  });
}

Tensor Loader::columns(const std::string& name, int64_t rows, int64_t cols, const Ranges& mine) {
  const gguf::HostTensor& t = find(name, rows, cols);
  const Tensor host = on_host(t, rows, cols);
  const Tensor part{host.data, t.type, rows, mine.count(), quant::row_bytes(t.type, mine.count())};
  return copy(t, part, [&](char* to, int64_t r) {
    for (const Range& c : mine) {
      const auto bytes = static_cast<size_t>(quant::row_bytes(t.type, c.count));
      std::memcpy(to, host.row<char>(r) + quant::row_bytes(t.type, c.first), bytes);
      to += bytes;
    }
  });
}

Tensor Loader::lookup(const std::string& name, int64_t rows, int64_t cols) {
  return place(on_host(find(name, rows, cols), rows, cols), false);
}

Tensor Loader::floats(const std::string& name, int64_t rows, int64_t cols, const Ranges& mine) {
  return floats(find(name, rows, cols), mine.count(), cols, mine.times(cols));
}

Tensor Loader::vector(const std::string& name, int64_t cols, const Ranges& mine) {
  return floats(find(name, 1, cols), 1, mine.count(), mine);
}

// (rows, cols) of parts of all values.
Tensor Loader::floats(const gguf::HostTensor& t, int64_t rows, int64_t cols, const Ranges& values) {
  if (t.type == Type::f32 && values.whole())
    return place({const_cast<float*>(static_cast<const float*>(t.data) + values.first()), t.type, rows, cols, cols * 4}, true);
  return made(rows, cols, [&](std::span<float> to) {
    std::vector<float> all(static_cast<size_t>(t.rows() * t.cols()));
    quant::info(t.type).dequantize(all.data(), t.data, std::ssize(all));
    auto at = to.begin();
    for (const Range& r : values) at = std::copy_n(all.begin() + r.first, r.count, at);
  });
}

Tensor Loader::made(int64_t rows, int64_t cols, const std::function<void(std::span<float>)>& fill) {
  static char elsewhere;
  const Tensor shape{&elsewhere, Type::f32, rows, cols, cols * 4};
  const bool here = held();
  add(static_cast<uint64_t>(rows * cols * 4));
  if (!here) return shape;
  std::vector<float> all(static_cast<size_t>(rows * cols));
  fill(all);
  division_.packed_bytes += all.size() * 4;
  return table(all, rows);
}

Tensor Loader::table(std::span<const float> values, int64_t rows) {
  const Tensor t = backend_.alloc(Type::f32, rows, std::ssize(values) / rows);
  backend_.write(t, values.data());
  return t;
}

Tensor Loader::table(std::span<const int32_t> values) {
  const Tensor t = backend_.alloc(Type::i32, 1, std::ssize(values));
  backend_.write(t, values.data());
  return t;
}

}  // namespace lt::model
