#include "grammar/token_numbers.h"

namespace lt::grammar {
namespace {

Expression only(Expressions& e, uint8_t byte) { return e.byte_of(ByteSet::range(byte, byte)); }

}  // namespace

Expression token_of(Expressions& e, uint32_t id) {
  const auto bytes = number_bytes(id);
  return e.sequence(std::array{only(e, named_mark), only(e, bytes[0]), only(e, bytes[1]), only(e, bytes[2]), only(e, bytes[3])});
}

// Its first i bytes, another one, then any.
Expression token_but(Expressions& e, uint32_t id) {
  const auto bytes = number_bytes(id);
  Expression all = Expressions::nothing, any = Expressions::empty;
  for (size_t i = bytes.size(); i > 0; --i) {
    const uint8_t own = bytes[i - 1];
    ByteSet others;
    for (int b = 0; b < 256; ++b)
      if (b != own) others.add(static_cast<uint8_t>(b));
    all = e.either(std::array{e.sequence(e.byte_of(others), any), e.sequence(only(e, own), all)});
    any = e.sequence(e.byte_of(ByteSet::all()), any);
  }
  return e.sequence(only(e, other_mark), all);
}

}  // namespace lt::grammar
