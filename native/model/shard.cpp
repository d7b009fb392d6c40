// What a rank holds of a weight.
#include <cstring>

#include "model/loader.h"
#include "quant/type.h"

namespace lt::model {

// Unplaced where another stage of this rank holds it.
Tensor Loader::place(std::string_view name, const Tensor& host) {
  if (!holds(name)) return host;
  division_.read.push_back({static_cast<const char*>(host.data), static_cast<size_t>(host.rows * host.stride)});
  return backend_.place(host);
}

Tensor Loader::rows(const std::string& name, int64_t rows, int64_t cols, const Range& mine) {
  const gguf::HostTensor& t = find(name, rows, cols);
  const Tensor host{const_cast<void*>(t.data), t.type, rows, cols, quant::row_bytes(t.type, cols)};
  return place(name, host.slice(mine.first, mine.count));
}

// A page of the file holds columns of all ranks: the copy lets go of it, so that memory holds this rank's alone.
Tensor Loader::columns(const std::string& name, int64_t rows, int64_t cols, const Range& mine) {
  const gguf::HostTensor& t = find(name, rows, cols);
  const int64_t whole = quant::row_bytes(t.type, cols), own = quant::row_bytes(t.type, mine.count);
  Tensor part{const_cast<void*>(t.data), t.type, rows, mine.count, own};
  if (!holds(name)) return part;
  const auto bytes = static_cast<size_t>(rows * own);
  division_.packed.push_back(std::make_unique_for_overwrite<char[]>(bytes));
  division_.packed_bytes += bytes;
  char* to = division_.packed.back().get();
  const char* from = static_cast<const char*>(t.data) + quant::row_bytes(t.type, mine.first);
  for (int64_t r = 0; r < rows; r++) std::memcpy(to + r * own, from + r * whole, static_cast<size_t>(own));
  file_.let_go({static_cast<const char*>(t.data), t.bytes});
  part.data = to;
  return backend_.place(part);
}

Tensor Loader::optional_vector(const std::string& name, int64_t cols, const Range& mine) {
  const Tensor whole = optional_vector(name, cols);
  return whole ? whole.columns(mine.first, mine.count) : whole;
}

Tensor Loader::lookup(const std::string& name, int64_t rows, int64_t cols) {
  const gguf::HostTensor& t = find(name, rows, cols);
  const Tensor host{const_cast<void*>(t.data), t.type, rows, cols, quant::row_bytes(t.type, cols)};
  return holds(name) ? backend_.place(host) : host;
}

int64_t Loader::block_of(const std::string& name) const {
  const gguf::HostTensor* t = file_.tensor(name);
  return t ? quant::info(t->type).values : 1;
}

}  // namespace lt::model
