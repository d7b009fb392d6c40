// What a calibration text says of the columns of weight matrices: how large the inputs are that meet each. The file's form is the one
// that llama.cpp's tools exchange: a GGUF file of sums, or the older list of means.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace lt::quantize {

struct Importance {
  struct Entry {
    std::vector<float> sums;    // (experts, cols): of the squared inputs
    std::vector<float> counts;  // rows that each expert saw; one for a plain matrix, and for all experts where the older form says no more
  };
  std::map<std::string, Entry> entries;  // by tensor name
  std::vector<std::string> datasets;     // what the text was called
  uint32_t chunks = 0, chunk_size = 0;   // chunk_size: tokens of a chunk; 0: not known, counts are of chunks

  // Mean square of each column of one expert's matrix; empty where the tensor was not seen, or the expert never reached. Throws
  // Code::format where the entry has other columns or fewer experts.
  std::vector<float> means(const std::string& tensor, int64_t expert, int64_t cols) const;
};

// Either form, told apart by the first bytes. Throws Code::file, Code::format.
Importance read_importance(const std::string& path);
Importance parse_importance(std::span<const uint8_t> bytes);  // at an address that is a multiple of 8
// The GGUF form; appears under its name when it is complete. Throws Code::disk.
void write_importance(const std::string& path, const Importance& importance);
// Sums and counts added up, as if one run had seen both texts. Throws Code::format where a tensor has other columns, and leaves `into`
// as it was.
void merge(Importance& into, const Importance& other);

}  // namespace lt::quantize
