#include <algorithm>
#include <limits>

#include "gguf/reader.h"
#include "quant/type.h"

namespace lt::gguf {
namespace {

constexpr uint64_t largest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

const quant::TypeInfo& read_type(Cursor& cursor, const Owner& owner) {
  const uint32_t id = cursor.number<uint32_t>(owner, "type");
  if (const char* retired = quant::retired_name(id)) {
    owner.fail("type: " + std::string(retired) + " (" + std::to_string(id) + ") is retired and not supported; convert the model again");
  }
  const quant::TypeInfo* info = id < 256 ? quant::find(static_cast<Type>(id)) : nullptr;
  if (!info) owner.fail("type: found " + std::to_string(id) + ", which is no known type");
  return *info;
}

// Bytes of the whole tensor; every product is checked.
uint64_t bytes_of(const HostTensor& t, const quant::TypeInfo& info, const Owner& owner) {
  const uint64_t block = static_cast<uint64_t>(info.values);
  if (static_cast<uint64_t>(t.dims[0]) % block) {
    owner.fail("dims[0]: expected a multiple of " + std::to_string(block) + " for type " + info.name + ", found " +
               std::to_string(t.dims[0]));
  }
  uint64_t values = 1;
  for (const int64_t dim : t.dims) {
    if (static_cast<uint64_t>(dim) > largest / values) owner.fail("dims: their product is beyond 2^63");
    values *= static_cast<uint64_t>(dim);
  }
  const uint64_t blocks = values / block;
  if (blocks > largest / static_cast<uint64_t>(info.bytes)) owner.fail("dims: their bytes are beyond 2^63");
  return blocks * static_cast<uint64_t>(info.bytes);
}

void read_dims(Cursor& cursor, HostTensor& t, const Owner& owner) {
  const uint32_t n = cursor.number<uint32_t>(owner, "n_dims");
  if (n < 1 || n > 4) owner.fail("n_dims: expected 1 to 4, found " + std::to_string(n));
  t.n_dims = static_cast<int>(n);
  t.dims = {1, 1, 1, 1};
  for (uint32_t i = 0; i < n; i++) {
    const uint64_t dim = cursor.number<uint64_t>(owner, "dims");
    if (dim < 1 || dim > largest) owner.fail("dims[" + std::to_string(i) + "]: expected 1 to 2^63 - 1, found " + std::to_string(dim));
    t.dims[i] = static_cast<int64_t>(dim);
  }
}

struct AtOffset {
  HostTensor tensor;
  uint64_t offset;  // from the start of the data section
};

AtOffset read_tensor(Cursor& cursor, uint64_t number, uint64_t alignment) {
  Owner owner{"tensor", {}, number};
  HostTensor t{};
  t.name = owner.name = cursor.name(owner, "name");
  read_dims(cursor, t, owner);
  const quant::TypeInfo& info = read_type(cursor, owner);
  t.type = info.id;
  t.bytes = static_cast<size_t>(bytes_of(t, info, owner));
  const uint64_t offset = cursor.number<uint64_t>(owner, "offset");
  if (offset % alignment) owner.fail("offset: expected a multiple of " + std::to_string(alignment) + ", found " + std::to_string(offset));
  return {t, offset};
}

void check_overlaps(const std::vector<AtOffset>& tensors) {
  std::vector<const AtOffset*> order;
  for (const AtOffset& p : tensors) order.push_back(&p);
  std::sort(order.begin(), order.end(), [](const AtOffset* a, const AtOffset* b) { return a->offset < b->offset; });
  for (size_t i = 1; i < order.size(); i++) {
    const AtOffset &before = *order[i - 1], &after = *order[i];
    if (before.tensor.bytes > after.offset - before.offset) {
      Owner{"tensor", after.tensor.name}.fail("offset: its data at " + std::to_string(after.offset) + " overlaps that of tensor " +
                                              shown(before.tensor.name) + " at " + std::to_string(before.offset));
    }
  }
}

void check_inside(const AtOffset& p, uint64_t section) {
  if (p.offset <= section && p.tensor.bytes <= section - p.offset) return;
  Owner{"tensor", p.tensor.name}.fail("offset " + std::to_string(p.offset) + ": its " + std::to_string(p.tensor.bytes) +
                                      " bytes pass the end of the data section, which has " + std::to_string(section) +
                                      " bytes; the file is damaged or was not copied whole");
}

}  // namespace

void read_tensors(Cursor& cursor, std::span<const uint8_t> bytes, uint64_t count, uint64_t alignment, Contents& contents) {
  std::vector<AtOffset> tensors;
  for (uint64_t i = 0; i < count; i++) tensors.push_back(read_tensor(cursor, i, alignment));
  const uint64_t start = (cursor.position() + alignment - 1) / alignment * alignment;
  const uint64_t section = bytes.size() > start ? bytes.size() - start : 0;
  for (const AtOffset& p : tensors) check_inside(p, section);
  check_overlaps(tensors);
  contents.data_begin = contents.data_end = start;
  for (AtOffset& p : tensors) {
    p.tensor.data = bytes.data() + start + p.offset;
    contents.data_end = std::max(contents.data_end, start + p.offset + p.tensor.bytes);
    contents.tensor_bytes += p.tensor.bytes;
    contents.tensors.push_back(p.tensor);
  }
}

}  // namespace lt::gguf
