#include "safetensors/reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <tuple>

#include "core/error.h"
#include "core/text.h"

namespace lt::safetensors {
namespace {

constexpr uint64_t longest_header = 100'000'000;
constexpr size_t most_dimensions = 8;

struct Named {
  const char* name;
  int64_t bytes;
};
// In the order of Dtype.
constexpr Named dtypes[] = {{"BOOL", 1}, {"U8", 1},   {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"F8_E8M0", 1}, {"I16", 2}, {"U16", 2},
                            {"F16", 2},  {"BF16", 2}, {"I32", 4}, {"U32", 4},     {"F32", 4},     {"F64", 8},     {"I64", 8}, {"U64", 8}};

[[noreturn]] void fail(std::string_view tensor, const std::string& what) {
  throw Error(Code::format, "tensor " + shown(tensor) + ": " + what);
}

Dtype dtype_of(std::string_view tensor, const json::Value& entry) {
  const auto name = entry["dtype"].string();
  if (!name) fail(tensor, "dtype: expected a name such as \"BF16\"");
  const auto at = std::find_if(std::begin(dtypes), std::end(dtypes), [&](const Named& n) { return *name == n.name; });
  if (at == std::end(dtypes)) fail(tensor, "dtype: found \"" + shown(*name) + "\", which is no known type");
  return static_cast<Dtype>(at - std::begin(dtypes));
}

std::vector<int64_t> shape_of(std::string_view tensor, const json::Value& entry) {
  const json::Value list = entry["shape"];
  if (!list.is(json::Kind::array) || list.size() > most_dimensions)
    fail(tensor, "shape: expected a list of at most " + std::to_string(most_dimensions) + " sizes");
  std::vector<int64_t> shape;
  for (const json::Member m : list) {
    const auto size = m.value.integer();
    if (!size || *size < 0) fail(tensor, "shape: expected sizes of at least 0");
    shape.push_back(*size);
  }
  return shape;
}

// Of all values; the product is checked.
uint64_t size_of(std::string_view tensor, Dtype dtype, const std::vector<int64_t>& shape) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  uint64_t bytes = static_cast<uint64_t>(bytes_of(dtype));
  for (const int64_t size : shape) {
    if (static_cast<uint64_t>(size) > uint64_t{INT64_MAX} / bytes) fail(tensor, "shape: its bytes are beyond 2^63");
    bytes *= static_cast<uint64_t>(size);
  }
  return bytes;
}

struct AtOffsets {
  Tensor tensor;
  uint64_t begin, end;
};

AtOffsets read_tensor(std::string_view name, const json::Value& entry, std::span<const uint8_t> data) {
  if (!entry.is(json::Kind::object)) fail(name, "expected an object with dtype, shape and data_offsets");
  if (name.empty() || name.size() > 65535) fail(name, "expected a name of 1 to 65535 bytes");
  const Dtype dtype = dtype_of(name, entry);
  std::vector<int64_t> shape = shape_of(name, entry);
  std::vector<uint64_t> offsets;
  for (const json::Member m : entry["data_offsets"]) {
    const auto offset = m.value.integer();
    if (!offset || *offset < 0) fail(name, "data_offsets: expected two offsets of at least 0");
    offsets.push_back(static_cast<uint64_t>(*offset));
  }
  if (offsets.size() != 2) fail(name, "data_offsets: expected two offsets, found " + std::to_string(offsets.size()));
  const auto [begin, end] = std::pair(offsets[0], offsets[1]);
  if (begin > end || end > data.size())
    fail(name, "data_offsets: " + std::to_string(begin) + " to " + std::to_string(end) + " are not within the " +
                   std::to_string(data.size()) + " bytes of data; the file is damaged or was not copied whole");
  const uint64_t expected = size_of(name, dtype, shape);
  if (end - begin != expected)
    fail(name,
         "data_offsets: expected " + std::to_string(expected) + " bytes, as its shape and type have, found " + std::to_string(end - begin));
  return {{name, dtype, std::move(shape), data.subspan(static_cast<size_t>(begin), static_cast<size_t>(expected))}, begin, end};
}

// The data are the tensors, one behind the other.
void check_places(const std::vector<AtOffsets>& tensors, uint64_t bytes) {
  uint64_t at = 0;
  std::string_view before;
  for (const AtOffsets& p : tensors) {
    if (p.begin < at)
      fail(p.tensor.name, "data_offsets: its data at " + std::to_string(p.begin) + " overlap those of tensor " + shown(before));
    if (p.begin > at) fail(p.tensor.name, "data_offsets: nothing is in the " + std::to_string(p.begin - at) + " bytes before its data");
    at = p.end;
    before = p.tensor.name;
  }
  if (at != bytes) {
    throw Error(Code::format, "expected " + std::to_string(at) + " bytes of data, as the tensors have, found " + std::to_string(bytes));
  }
}

void check_notes(const json::Value& notes) {
  if (!notes.is(json::Kind::object)) throw Error(Code::format, "__metadata__: expected an object");
  for (const json::Member m : notes)
    if (!m.value.string()) throw Error(Code::format, "__metadata__: expected strings alone");
}

}  // namespace

const char* name_of(Dtype dtype) { return dtypes[static_cast<size_t>(dtype)].name; }
int64_t bytes_of(Dtype dtype) { return dtypes[static_cast<size_t>(dtype)].bytes; }

int64_t Tensor::values() const { return static_cast<int64_t>(bytes.size()) / bytes_of(dtype); }

Contents read(std::span<const uint8_t> bytes) {
  uint64_t length = 0;
  if (bytes.size() < sizeof length)
    throw Error(Code::format, "expected a safetensors file, found " + std::to_string(bytes.size()) + " bytes");
  std::memcpy(&length, bytes.data(), sizeof length);
  const std::span<const uint8_t> rest = bytes.subspan(sizeof length);
  if (length > longest_header)
    throw Error(Code::format, "header length: expected at most " + std::to_string(longest_header) + ", found " + std::to_string(length) +
                                  "; this is not a safetensors file");
  if (length > rest.size())
    throw Error(Code::format,
                "header length: found " + std::to_string(length) + ", more than the " + std::to_string(rest.size()) + " bytes that follow");
  const std::string_view text(reinterpret_cast<const char*>(rest.data()), static_cast<size_t>(length));
  if (!text.starts_with('{')) throw Error(Code::format, "header: expected \"{\" first; this is not a safetensors file");

  Contents contents;
  contents.header = std::make_unique<json::Document>(text);
  const std::span<const uint8_t> data = rest.subspan(static_cast<size_t>(length));
  std::vector<AtOffsets> placed;
  for (const json::Member m : contents.header->root()) {
    if (m.key == "__metadata__") {
      check_notes(m.value);
    } else {
      placed.push_back(read_tensor(m.key, m.value, data));
    }
  }
  const auto place = [](const AtOffsets& p) { return std::tuple(p.begin, p.end, p.tensor.name); };
  std::sort(placed.begin(), placed.end(), [&](const AtOffsets& a, const AtOffsets& b) { return place(a) < place(b); });
  check_places(placed, data.size());
  for (AtOffsets& p : placed) contents.tensors.push_back(std::move(p.tensor));
  return contents;
}

}  // namespace lt::safetensors
