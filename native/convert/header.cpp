#include "convert/header.h"

#include <cstring>

namespace lt::convert {
namespace {

template <class T>
void put(std::vector<uint8_t>& to, T number) {
  const size_t at = to.size();
  to.resize(at + sizeof number);
  std::memcpy(to.data() + at, &number, sizeof number);
}

void put_text(std::vector<uint8_t>& to, const std::string& text) {
  put(to, uint64_t{text.size()});
  to.insert(to.end(), text.begin(), text.end());
}

constexpr size_t alignment = 32;  // of a file that names none
size_t aligned(size_t n) { return (n + alignment - 1) / alignment * alignment; }

}  // namespace

std::vector<uint8_t> file_of(const std::vector<gguf::Field>& fields, const std::vector<FloatTensor>& tensors) {
  std::vector<uint8_t> out;
  put(out, uint32_t{0x46554747});  // "GGUF"
  put(out, uint32_t{3});
  put(out, uint64_t{tensors.size()});
  put(out, uint64_t{fields.size()});
  for (const gguf::Field& f : fields) {
    put_text(out, f.key);
    out.insert(out.end(), f.value.begin(), f.value.end());
  }
  uint64_t at = 0;
  for (const FloatTensor& t : tensors) {
    put_text(out, t.name);
    put(out, static_cast<uint32_t>(t.dims.size()));
    for (const int64_t d : t.dims) put(out, static_cast<uint64_t>(d));
    put(out, uint32_t{0});  // F32
    put(out, at);
    at += aligned(t.values.size() * sizeof(float));
  }
  for (const FloatTensor& t : tensors) {
    out.resize(aligned(out.size()));
    const auto* bytes = reinterpret_cast<const uint8_t*>(t.values.data());
    out.insert(out.end(), bytes, bytes + t.values.size() * sizeof(float));
  }
  if (!tensors.empty()) out.resize(aligned(out.size()));
  return out;
}

}  // namespace lt::convert
