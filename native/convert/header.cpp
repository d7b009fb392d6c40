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

}  // namespace

std::vector<uint8_t> header_of(const std::vector<gguf::Field>& fields) {
  std::vector<uint8_t> out;
  put(out, uint32_t{0x46554747});  // "GGUF"
  put(out, uint32_t{3});
  put(out, uint64_t{0});
  put(out, uint64_t{fields.size()});
  for (const gguf::Field& f : fields) {
    put(out, uint64_t{f.key.size()});
    out.insert(out.end(), f.key.begin(), f.key.end());
    out.insert(out.end(), f.value.begin(), f.value.end());
  }
  return out;
}

}  // namespace lt::convert
