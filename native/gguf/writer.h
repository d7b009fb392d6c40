// Writes a GGUF file: everything but the tensors' values is said first, the values follow in any order of tensors, each from front
// to back. A run that was killed is taken up where it stopped: behind the data, the partial file notes which tensors are complete.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/hash.h"
#include "core/tensor.h"
#include "gguf/field.h"
#include "gguf/file.h"
#include "gguf/output.h"

namespace lt::gguf {

// A tensor to come.
struct Planned {
  std::string name;
  Type type;
  std::vector<int64_t> dims;  // 1 to 4, the contiguous one first
  uint64_t bytes() const;
};

// The entries of a file's metadata, as they stand there.
std::vector<Field> fields_of(const File& file);

// How long the file of these will be.
uint64_t file_bytes(const std::vector<Field>& fields, const std::vector<Planned>& tensors);

class Writer {
 public:
  // Data begins at multiples of general.alignment where `fields` have one, else 32. `origin` says what the values are made from, in
  // any form: tensors that an earlier run completed are kept if it wrote the same header from the same origin; an empty one keeps
  // nothing. Throws Code::disk as Output does, Code::argument for a row that its type's block does not divide.
  Writer(const std::string& path, std::vector<Field> fields, std::vector<Planned> tensors, const std::string& origin = {});

  uint64_t bytes() const { return end_; }  // of the file
  const std::vector<Planned>& tensors() const { return tensors_; }
  bool done(size_t tensor) const { return marks_[tensor].done != 0; }

  // The next bytes of a tensor. One thread at a time.
  void append(size_t tensor, std::span<const uint8_t> bytes);

  // All tensors are there: Code::internal otherwise. The file gets its name.
  void finish();
  // Left unfinished, it stays for a later run of the same origin; without this call it is removed.
  void keep() { output_.keep(); }

 private:
  struct Mark {
    uint64_t done, hash;
  };
  void resume(uint64_t origin);
  bool holds(size_t tensor) const;
  void note(size_t tensor);
  uint64_t mark_at(size_t tensor) const;

  std::vector<Planned> tensors_;
  std::vector<uint64_t> at_;       // of each tensor in the file
  std::vector<uint64_t> written_;  // bytes of each tensor
  std::vector<Hash> hashes_;       // of what is written of each
  std::vector<Mark> marks_;
  uint64_t end_ = 0;
  Output output_;
};

}  // namespace lt::gguf
