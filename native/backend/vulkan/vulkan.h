// Ops as dispatches of shaders, and the backend around them. Tensors hold device addresses.
#pragma once
#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <string>

#include "backend/vulkan/pipelines.h"
#include "backend/vulkan/stream.h"
#include "core/backend.h"

namespace lt::vulkan {

// "q4_k", as the shaders of a weight type are called.
std::string shader_type(Type type);

inline uint64_t address(const Tensor& t) { return static_cast<uint64_t>(reinterpret_cast<uintptr_t>(t.data)); }
inline uint32_t word_stride(const Tensor& t) { return static_cast<uint32_t>(t.stride / 4); }
constexpr int64_t groups_of(int64_t n, int64_t size) { return (n + size - 1) / size; }
constexpr uint32_t count(int64_t n) { return static_cast<uint32_t>(n); }

// A block of 32 inputs in 8 bits, as round_inputs.comp writes it; and the bytes of the whole where its floats have `floats` bytes.
constexpr uint64_t rounded_words = 10;
constexpr uint64_t rounded_bytes(uint64_t floats) { return (floats + 127) / 128 * rounded_words * 4; }

// Of choice_list.comp: tiles of `rows` results at most, the last of each matrix and of what is not held not full; and the bytes of its
// lists, whose smallest tiles have four.
constexpr int64_t most_tiles(int64_t results, int64_t held, int64_t rows) { return results / rows + std::min(held + 1, results); }
constexpr uint64_t list_bytes(int64_t results, int64_t held) {
  return static_cast<uint64_t>(results + 1 + 3 * most_tiles(results, held, 4)) * 4;
}

class VulkanOps : public Ops {
 public:
  VulkanOps(const Device& device, Stream& stream, Pipelines& pipelines);

  // Makes the pipelines that `pass` and its like with fewer rows ask for, and nothing else.
  void prepare(const std::function<void(Ops&)>& pass);

  Scratch& scratch() override { return scratch_; }
  using Ops::matmul;
  LT_PRIMITIVES(LT_OVERRIDE)

  Scratch scratch_;
  uint64_t books_ = 0;                        // the code books of the IQ types, where books.glsl says
  uint64_t parts_ = 0, parts_bytes_ = 0;      // of attention: the results of listed splits until they are merged
  uint64_t rounded_ = 0, rounded_bytes_ = 0;  // the input of a matmul in 8 bits
  uint64_t lists_ = 0, lists_bytes_ = 0;      // of a matmul: the results in the order of their chosen matrices, then tiles of them

 private:
  // Groups of a shader: across the columns, and down the rows.
  struct Groups {
    int64_t across, down;
  };
  // `given` are the shader's parameters, pointers first, then 32-bit numbers: its push_constant block or, where they are more than fit
  // there, what that points to.
  template <class Given>
  void dispatch(const std::string& shader, const Given& given, Groups groups, bool beside = false) {
    static_assert(sizeof(Given) <= Parameters::most);
    const std::array<uint32_t, 3> whole = grid(shader, groups);
    if (preparing_)
      preparing_->insert(shader);
    else
      stream_.dispatch(pipelines_.get(shader), pipelines_.layout(), &given, sizeof given, whole, beside);
  }
  std::array<uint32_t, 3> grid(const std::string& shader, Groups groups) const;
  // Behind a shader's name: the builds that the variant takes.
  std::string build_of(Type read) const {
    return std::string(uses_.f16 && read == Type::f16 ? "_half" : "") + (uses_.subgroup > 0 ? "_subgroup" : "");
  }
  struct Kernel {
    std::string shader;
    int64_t outs, rows;  // of a group
  };
  Kernel kernel_of(Type type, bool rounded, int64_t rows) const;
  bool rounds(const Product& p) const;
  void round(Tensor x);
  enum : uint32_t { one, in_turn, each, listed };  // of products.glsl
  struct Share {
    uint32_t choice;
    int64_t groups;
  };
  static Share share_of(const Product& p, const Choice& choice, const Kernel& kernel);
  int64_t together(const Product& p, const Choice& choice) const;
  void list(const Product& p, const Choice& choice, int64_t rows);
  uint64_t tiles(int64_t results) const { return lists_ + static_cast<uint64_t>(results) * 4; }
  void multiply(Tensor x, const Product& p, const Choice& choice, const Kernel& kernel, bool beside);
  void prepare_product(const Product& p, const Choice& choice);
  void store(const Kv& kv, const Tensor& cache, const Tensor& x, const Rows& rows, bool beside);
  void merge(Tensor y, const Rows& rows, const Attend& attend);
  static int64_t sequences(const Rows& rows) { return rows.starts.rows - 1; }
  static std::string size_of_state(const char* op, int64_t floats);

  Stream& stream_;
  Pipelines& pipelines_;
  const Features uses_;                         // of the variant
  std::array<int64_t, 3> most_groups_;          // of a dispatch
  std::set<std::string>* preparing_ = nullptr;  // takes the names of shaders in place of their running
};

}  // namespace lt::vulkan
