// A tensor's rows in slabs: one is encoded on all threads while the one before it is written.
#pragma once
#include <functional>
#include <future>
#include <span>
#include <vector>

#include "quantize/row_encoder.h"

namespace lt::quantize {

class Slabs {
 public:
  using Write = std::function<void(std::span<const uint8_t>)>;  // the next bytes of the tensor
  using Tell = std::function<void(int64_t weights)>;            // so many more are encoded; may throw to stop

  explicit Slabs(int threads) : threads_(threads) {}
  ~Slabs() { wait_quietly(); }

  // What was lost, of about an eighth of the rows. `write` runs on another thread and may still run when this returns.
  Loss encode(const gguf::File& file, const RowEncoder& weights, Type to, const Write& write, const Tell& tell);
  // The bytes as they are.
  void copy(const gguf::File& file, const gguf::HostTensor& tensor, const Write& write, const Tell& tell);
  void wait();  // until all is written; throws what a write threw

 private:
  void hand_over(std::vector<uint8_t>& slab, const Write& write);
  void wait_quietly() noexcept;

  int threads_;
  std::vector<uint8_t> filling_, writing_;
  std::future<void> written_;
};

}  // namespace lt::quantize
