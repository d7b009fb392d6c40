#include "quantize/coverage.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/text.h"
#include "encode/encode.h"
#include "quant/type.h"

namespace lt::quantize {
namespace {

int64_t experts_of(const gguf::HostTensor& t) { return t.dims[2] * t.dims[3]; }

bool fits(const Importance::Entry& e, const gguf::HostTensor& t) {
  const int64_t experts = experts_of(t), counts = std::ssize(e.counts), sums = std::ssize(e.sums);
  return sums % experts == 0 && sums / experts == t.cols() && (counts == 1 || counts == experts);
}

// Experts of the tensor of which the matrix says something.
int64_t spoken_of(const Importance& matrix, const Choice& c) {
  const auto found = matrix.entries.find(c.source);
  if (found == matrix.entries.end()) return 0;
  const std::vector<float>& counts = found->second.counts;
  const auto reached = std::count_if(counts.begin(), counts.end(), [](float n) { return n > 0; });
  return counts.size() == 1 ? reached * experts_of(*c.from) : reached;
}

bool is_table(const Choice& c) { return c.source == "token_embd.weight" || c.source == "per_layer_token_embd.weight"; }
bool is_head(const Choice& c, bool tied) { return c.source == "output.weight" || (tied && c.source == "token_embd.weight"); }

bool wants(const Choice& c, const Plan& plan, bool tied) {
  if (encode::wants_importance(c.to)) return true;
  constexpr Type q2_k{10};
  return plan.type == "Q2_K_S" && c.to == q2_k && !c.fixed && !is_table(c) && !is_head(c, tied);
}

// Tensors by what is to be said of them.
struct Found {
  std::vector<std::string> lost, alike, tables, part;
  std::set<std::string> types;  // of the lost
  int64_t encoded = 0;          // in blocks
};

Found look(const Plan& plan, const Importance* matrix) {
  const bool tied = std::none_of(plan.choices.begin(), plan.choices.end(), [](const Choice& c) { return c.source == "output.weight"; });
  Found f;
  for (const Choice& c : plan.choices) {
    if (c.to == c.from->type || !quant::info(c.to).block) continue;
    f.encoded++;
    const int64_t known = matrix ? spoken_of(*matrix, c) : 0;
    if (known == experts_of(*c.from)) continue;
    const bool looked_up = is_table(c) && !is_head(c, tied);
    if (known > 0) {
      f.part.push_back(c.source);
    } else if (!wants(c, plan, tied)) {
      if (!looked_up && !is_head(c, tied)) f.alike.push_back(c.source);
    } else if (looked_up && c.fixed) {
      f.tables.push_back(c.source + " as " + quant::info(c.to).name);
    } else {
      f.lost.push_back(c.source);
      f.types.insert(quant::info(c.to).name);
    }
  }
  return f;
}

[[noreturn]] void refuse(const Found& f, bool matrix) {
  const auto among = [&](const char* name) { return std::find(f.lost.begin(), f.lost.end(), name) != f.lost.end(); };
  std::string types;
  for (const std::string& t : f.types) types += (types.empty() ? "" : ", ") + t;
  std::string why = types + ", which " + listed(f.lost) + " would get, " + (f.types.size() == 1 ? "is" : "are") +
                    " hardly usable without an importance matrix";
  if (!matrix) throw Error(Code::argument, why + ": make one with llama-ts imatrix");
  why += ", and the one given says nothing of " + std::string(f.lost.size() == 1 ? "it" : "them") +
         ": make one of this model from a longer text, or choose another type";
  if (among("output.weight") || among("token_embd.weight"))
    why += "; llama-ts imatrix --process-output adds the head, and a token table that is not the head too is in none";
  throw Error(Code::argument, why);
}

}  // namespace

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t most = 5;
  const size_t shown = names.size() > most + 1 ? most : names.size();
  std::string out;
  for (size_t i = 0; i < shown; i++) out += (i == 0 ? "" : ", ") + lt::shown(names[i]);
  return shown < names.size() ? out + " and " + std::to_string(names.size() - shown) + " more" : out;
}

void check_matrix(const gguf::File& file, const Importance& matrix) {
  std::vector<std::string> other;
  bool named = false;
  for (const gguf::HostTensor& t : file.tensors()) {
    const auto found = matrix.entries.find(std::string(t.name));
    if (found == matrix.entries.end()) continue;
    named = true;
    if (!fits(found->second, t)) other.emplace_back(t.name);
  }
  if (!named) {
    std::vector<std::string> names;
    for (const auto& [name, entry] : matrix.entries) names.push_back(name);
    throw Error(Code::argument, "the importance matrix names no tensor of this model" +
                                    (names.empty() ? std::string(", nor any other") : ", but " + listed(names)) +
                                    ": make one of this model with llama-ts imatrix");
  }
  if (!other.empty())
    throw Error(Code::argument, "the importance matrix has other columns or experts than this model for " + listed(other) +
                                    ": it was made for another model");
}

std::vector<std::string> check_coverage(const Plan& plan, const Options& options) {
  const Importance* matrix = options.importance.get();
  const Found f = look(plan, matrix);
  if (!f.lost.empty()) refuse(f, matrix != nullptr);
  std::vector<std::string> notes;
  if (!f.tables.empty())
    notes.push_back(listed(f.tables) + ": no importance matrix can speak of a table that is looked up, so all its columns count alike");
  if (!matrix) return notes;
  if (f.encoded == 0) notes.emplace_back("the importance matrix is without effect: no tensor is encoded in blocks");
  if (!f.alike.empty())
    notes.push_back("the importance matrix says nothing of " + std::to_string(f.alike.size()) + " of " + std::to_string(f.encoded) +
                    " encoded tensors, whose columns count alike: " + listed(f.alike));
  if (!f.part.empty()) notes.push_back("the calibration text never reached some experts, whose columns count alike: " + listed(f.part));
  return notes;
}

}  // namespace lt::quantize
