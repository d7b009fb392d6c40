// What an importance matrix says of a model's tensors, and which of them would be lost because it says nothing.
#pragma once
#include <string>
#include <vector>

#include "gguf/file.h"
#include "quantize/importance.h"
#include "quantize/plan.h"

namespace lt::quantize {

// Throws Code::argument where the matrix is another model's: it names no tensor of the file, or has other columns or experts for one.
void check_matrix(const gguf::File& file, const Importance& matrix);

// Throws Code::argument for tensors of types that are hardly usable without a matrix (those of encode::wants_importance, and Q2_K in the
// mix Q2_K_S) of which there is none, or none that says anything. Returns sentences about others that the matrix does not speak of.
//   - Experts that the calibration text never reached are told, not refused: a longer text may not reach them either.
//   - A token table that is not the head too is looked up, never multiplied: no matrix speaks of it, none is missed where the user chose
//     its type, and a warning says that all columns count alike.
//   - The head is in a matrix only where it was asked for: it is missed in types that want one, else not spoken of.
std::vector<std::string> check_coverage(const Plan& plan, const Options& options);

// "a, b, c and 5 more".
std::string listed(const std::vector<std::string>& names);

}  // namespace lt::quantize
