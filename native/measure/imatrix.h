// An importance matrix from a calibration text: what a quantizer weighs its errors with.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace lt::measuring {

struct ImatrixOptions {
  engine::EngineOptions engine;
  int64_t context = 512;              // tokens of a chunk
  int64_t chunks = -1;                // of the text at most; -1: all
  std::vector<std::string> in_files;  // importance matrices to add
  std::string dataset;                // what the text is called in the file
  bool process_output = false;        // the output matrix too
  bool resume = false;                // go on from the chunks that are in `out` already
  int64_t save_every = 10;            // chunks after which `out` is written anew; 0: at the end alone
};

struct Imatrix {
  int64_t resumed, chunks, all_chunks;  // of this text found in `out`; read now; in `out`, with those of in_files
  int64_t tensors;
  std::string backend;
  double seconds;  // of reading the text
};

// Writes `out`, under that name only when it is complete. Without model and text: in_files merged. When `progress` returns false, what
// is read is written and Code::disposed thrown. Else throws as perplexity does, Code::argument where a run cannot be resumed.
Imatrix imatrix(const std::optional<std::string>& model, const std::optional<std::string>& text, const std::string& out,
                const ImatrixOptions& options, const engine::Progress& progress);

}  // namespace lt::measuring
