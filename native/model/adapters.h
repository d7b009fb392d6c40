// Adapters: what requests may ask to have added to a model's products (LoRA, Hu et al. 2021) or to the results of its layers (control
// vectors). They are files beside the model's, numbered in their order; which rows have which is in core's AdaptedRows.
#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"
#include "gguf/file.h"

namespace lt::model {

struct AdapterFile {
  std::shared_ptr<const gguf::File> file;
  std::string name;                         // for people
  bool steers = false;                      // a control vector, else a LoRA
  int64_t first = 1, last = INT32_MAX - 1;  // a control vector's layers, of 0 to the model's last
};

// What all adapters add to a product with weights (out, in): B A. None where no adapter does.
struct LowRank {
  Tensor a = {}, b = {};  // f32 (adapters * rank, in) and (adapters * out, rank), scales and all; of smaller ranks, zeros
  explicit operator bool() const { return bool(b); }
};

// The tensors of adapter files by what they change, each asked for by what reads the model's weights.
class AdapterTensors {
 public:
  // Throws Code::format, Code::unsupported: a file that is no such adapter, or another architecture's.
  AdapterTensors(const std::vector<AdapterFile>& files, std::string_view architecture);

  int64_t count() const { return static_cast<int64_t>(files_.size()); }

  // The factors of one adapter's change of a weight, as floats, with all that scales it in b.
  struct Factors {
    int64_t rank;
    std::vector<float> a, b;  // (matrices * rank, in), (matrices * out, rank); of a token table a is (rows, rank)
  };
  // Of matrices (out, in) below one another. Throws Code::format for other shapes.
  std::optional<Factors> of(int64_t adapter, const std::string& weight, int64_t matrices, int64_t out, int64_t in);
  std::optional<Factors> of_table(int64_t adapter, const std::string& weight, int64_t rows, int64_t cols);
  // What a control vector adds to the results of a layer: `width` values, or none.
  std::span<const float> direction(int64_t adapter, int64_t layer, int64_t width);
  bool steers() const;

  // Throws Code::unsupported, naming it, where a file has a tensor that nothing asked for.
  void finish(int64_t layers) const;

 private:
  const gguf::HostTensor* find(int64_t adapter, const std::string& name);
  std::optional<Factors> factors(int64_t adapter, const std::string& weight, bool table, int64_t matrices, int64_t out, int64_t in);

  const std::vector<AdapterFile>& files_;
  std::vector<float> alphas_;  // of each file; 0: its scale is 1
  std::set<const gguf::HostTensor*> used_;
};

class Loader;

// The model with its control vectors' directions added to its layers' results; the model itself where there are none.
std::unique_ptr<Model> steered(std::unique_ptr<Model> model, Loader& loader);

}  // namespace lt::model
