// Any bytes are a safetensors file whose tensors can be read whole, or an lt::Error; the same bytes as JSON, or an lt::Error.
#include "core/error.h"
#include "safetensors/reader.h"

namespace {

uint64_t walk(const lt::json::Value& value) {
  uint64_t sum = value.string().value_or("").size() + static_cast<uint64_t>(value.integer().value_or(0));
  for (const lt::json::Member m : value) sum += m.key.size() + walk(m.value);
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint64_t sum = 0;
  try {
    for (const lt::safetensors::Tensor& t : lt::safetensors::read({data, size}).tensors)
      for (const uint8_t byte : t.bytes) sum += byte;
  } catch (const lt::Error&) {
  }
  try {
    sum += walk(lt::json::Document({reinterpret_cast<const char*>(data), size}).root());
  } catch (const lt::Error&) {
  }
  return sum == 0xfeedfacecafebeef ? 1 : 0;  // what was read is used
}
