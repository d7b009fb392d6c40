// A GGUF model opened for reading: typed metadata and tensors that point into the mapped file(s). Every size and offset is
// checked before it is used; a bad file throws Code::format naming the field, within bounded memory and time.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/tensor.h"
#include "gguf/access.h"

namespace lt::gguf {

// Strings point into the mapping and live as long as the File. Arrays of u8 and of booleans are spans of bytes there; those of
// other numbers are widened to the 64-bit type of their kind.
using Array =
    std::variant<std::span<const uint8_t>, std::vector<uint64_t>, std::vector<int64_t>, std::vector<double>, std::vector<std::string_view>>;
using Value = std::variant<bool, uint64_t, int64_t, double, std::string_view, Array>;

struct HostTensor {
  std::string_view name;
  Type type;
  std::array<int64_t, 4> dims;  // dims[0] contiguous; unused ones are 1
  int n_dims;
  const void* data;  // null: made when it is read (File::read), in a File that was opened for streaming
  size_t bytes;
  int64_t cols() const { return dims[0]; }
  int64_t rows() const { return dims[1] * dims[2] * dims[3]; }
};

struct OpenOptions {
  bool vocabulary_only = false;  // metadata alone: no tensors, no further parts, and neither need be there
  Access access{};
};

class File {
 public:
  // Opens all parts of a split model given its first. Throws Code::file, Code::format, Code::unsupported.
  static std::shared_ptr<const File> open(const std::string& path, const OpenOptions& options = {});
  // One file's bytes, at an address that is a multiple of 8; they outlive the File. Throws as open does.
  static std::shared_ptr<const File> view(std::span<const uint8_t> bytes, const OpenOptions& options = {});
  virtual ~File() = default;

  virtual const std::string& path() const = 0;
  virtual std::vector<std::string> paths() const { return {path()}; }  // of all parts
  virtual uint32_t version() const = 0;
  virtual uint64_t bytes() const = 0;         // of all parts
  virtual uint64_t tensor_bytes() const = 0;  // mapped data of all tensors
  virtual int parts() const = 0;
  virtual bool mapped() const { return true; }  // false: all of it is in memory of this process's own

  virtual std::span<const std::pair<std::string_view, Value>> metadata() const = 0;  // in file order
  virtual std::span<const std::span<const uint8_t>> raw_values() const = 0;  // of each: its type and value, as they stand in the file
  virtual const Value* find(std::string_view key) const = 0;
  virtual std::span<const HostTensor> tensors() const = 0;
  virtual const HostTensor* tensor(std::string_view name) const = 0;
  virtual std::vector<size_t> tensors_of_parts() const { return {tensors().size()}; }  // how many of tensors() each part holds, in order

  // Bytes [first, first + to.size()) of a tensor of this file.
  virtual void read(const HostTensor& tensor, uint64_t first, std::span<uint8_t> to) const;

  // Reads every page of the tensor data ahead, so that the first token does not wait for it. Returns early when `stop` says so.
  virtual void prefetch(const std::function<bool(double fraction)>& stop) const = 0;
  // Of the mapping, these bytes alone.
  using Bytes = std::span<const char>;
  virtual void prefetch(std::span<const Bytes> wanted, const std::function<bool(double fraction)>& stop) const = 0;
  // Their pages need not stay in this process's memory: read again, they come back from the file.
  virtual void let_go(Bytes bytes) const = 0;
  // Moves the tensor data into huge pages of this process's own, as Mapping::settle does; returns how many bytes.
  virtual uint64_t settle(const std::function<bool()>& stop) const;

  // Typed access. An absent key gives nullopt; a present one of another type or out of range throws Code::format.
  std::optional<uint64_t> u64(std::string_view key) const;
  std::optional<double> f64(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::string_view> string(std::string_view key) const;
  const Array* array(std::string_view key) const;
};

}  // namespace lt::gguf
