// The log-probabilities of a base model, kept in a file for other models to be compared with. Little-endian:
//   "ltlogits", u32 version, u32 context, u32 vocabulary, u32 chunks, i32 tokens[chunks][context], then a record for each token that is
//   scored, of every chunk those behind the middle: f32 log-probability of the token that came, f32 range, u16 codes[vocabulary].
// A code c says that the logit is range * (c / 65535)^2 below the row's largest: fine where probabilities are large.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gguf/mapping.h"
#include "gguf/output.h"
#include "measure/chunks.h"
#include "measure/pass.h"

namespace lt::measuring {

// Tokens context / 2 + 1 to context - 1 of a chunk are scored, each by the row before it.
inline Wanted scored(int64_t context) { return {context / 2, context - 1}; }
inline int64_t scored_rows(const Chunks& chunks) { return chunks.count * (scored(chunks.context).end - scored(chunks.context).first); }
// The token that scored row i of all is to predict.
int32_t target_of(const Chunks& chunks, int64_t row);

class BaseWriter {
 public:
  // Throws Code::disk, before anything is computed where the space is not there.
  BaseWriter(const std::string& path, const Chunks& chunks, int64_t vocabulary);
  // One row's record: any thread.
  std::vector<uint8_t> record(std::span<const float> logits, float most, double log_probability) const;
  void write(int64_t row, std::span<const uint8_t> records);
  void finish() { output_.finish(bytes_); }

 private:
  gguf::Output output_;
  uint64_t records_, record_bytes_, bytes_;
};

class BaseReader {
 public:
  explicit BaseReader(const std::string& path);  // throws Code::file, Code::format

  const Chunks& chunks() const { return chunks_; }
  int64_t vocabulary() const { return vocabulary_; }

  struct Row {
    double log_probability;     // of the token that came
    std::vector<float> logits;  // the largest is 0
  };
  Row row(int64_t row) const;  // throws Code::format

 private:
  std::string path_;
  gguf::Mapping mapping_;
  Chunks chunks_;
  int64_t vocabulary_ = 0;
  size_t records_ = 0;
};

}  // namespace lt::measuring
