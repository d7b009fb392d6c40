// Rotation as a file's keys say it: a table of angles and a magnitude, made at load.
#pragma once
#include "core/ops.h"
#include "model/loader.h"

namespace lt::model {

struct RopeOptions {
  bool neighbours = false;                       // pairs (2i, 2i + 1), else (i, i + half)
  std::string_view base_key = "rope.freq_base";  // layers of one model may have different bases
  double base = 10000;                           // where the file has no such key
  bool scaled = true;                            // what the file says about scaling concerns these layers
  bool truncate = true;                          // YaRN's range of pairs is rounded to whole ones
  bool factors = false;                          // divisors in rope_factors_short.weight and, for sequences longer than the original
                                                 // context, rope_factors_long.weight, where the file has them (long-rope)
};

// Plain, linear, YaRN (Peng et al. 2023), or divisors in rope_freqs.weight (Llama 3), of `columns` of a head. `heads` and `start` are left
// to the caller.
Rope read_rope(Loader& loader, int64_t columns, const RopeOptions& options);

}  // namespace lt::model
