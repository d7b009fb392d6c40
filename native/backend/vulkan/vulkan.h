// Ops as dispatches of shaders, and the backend around them. Tensors hold device addresses.
#pragma once
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

 private:
  // Groups of a shader: across the columns, and down the rows.
  struct Groups {
    int64_t across, down;
  };
  // `push` is the shader's push_constant block: pointers first, then 32-bit numbers.
  template <class Push>
  void dispatch(const std::string& shader, const Push& push, Groups groups, bool beside = false) {
    static_assert(sizeof(Push) <= Pipelines::push_bytes);
    const std::array<uint32_t, 3> whole = grid(shader, groups);
    if (preparing_)
      preparing_->insert(shader);
    else
      stream_.dispatch(pipelines_.get(shader), pipelines_.layout(), &push, sizeof push, whole, beside);
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
  void multiply(Tensor x, const Product& p, bool beside);
  void store(const Tensor& cache, const Tensor& x, int64_t heads, const Rows& rows, bool beside);

  Stream& stream_;
  Pipelines& pipelines_;
  const Features uses_;                         // of the variant
  std::array<int64_t, 3> most_groups_;          // of a dispatch
  std::set<std::string>* preparing_ = nullptr;  // takes the names of shaders in place of their running
};

}  // namespace lt::vulkan
