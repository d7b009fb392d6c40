// What a type of blocks of 32 values, or of several times as many, may say of itself (blocks32.h): `parts` of 32 values in a block, and
// `halved`, where sixteen values have a scale of their own.
#pragma once

namespace lt::cpu::LT_ISA {

template <class W>
constexpr int parts_of = [] {
  if constexpr (requires { W::parts; }) return W::parts;
  return 1;
}();
template <class W>
constexpr bool halved = requires { W::halved; };

}  // namespace lt::cpu::LT_ISA
