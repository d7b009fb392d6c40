// Weights of a mapped file go into huge pages while the model is in use, where the machine has room for both: a decode reads all of them
// for each token, and over pages of 4 KB one thread reads a quarter less a second (docs/performance.md).
#pragma once
#include <atomic>
#include <memory>
#include <thread>

#include "gguf/file.h"

namespace lt::engine {

class Settling {
 public:
  explicit Settling(std::shared_ptr<const gguf::File> file) : file_(std::move(file)) {}  // null: there is nothing to do
  ~Settling();
  Settling(const Settling&) = delete;
  Settling& operator=(const Settling&) = delete;

  void begin() noexcept;  // on a thread of low priority, once; where there is none, the file's pages serve

 private:
  static constexpr uint64_t worth_while = 64 << 20;  // bytes: caches hold much of what is smaller

  bool has_room(uint64_t times) const;  // for the weights, so many times
  void run() noexcept;

  std::shared_ptr<const gguf::File> file_;
  bool begun_ = false;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace lt::engine
