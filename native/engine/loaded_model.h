// What an engine is made of, and the thread's start: load() reads the parts from a file, checks put their own together.
#pragma once
#include "engine/batch.h"
#include "engine/engine.h"
#include "engine/placement.h"
#include "engine/ranks.h"

namespace lt::engine {

// Each uses those before it and is freed before them.
struct LoadedModel {
  std::shared_ptr<const gguf::File> file;  // weights point into it
  std::shared_ptr<const tokenize::Tokenizer> tokenizer;
  std::unique_ptr<Ranks> ranks;  // null: one
  std::vector<Side> sides;
  std::unique_ptr<Batch> batch;
  const Readout* readout = nullptr;  // of a side's model, or null
  ModelInfo info;
  double step_ms = 50;   // EngineOptions::step_ms
  Propose propose;       // EngineOptions::propose
  int threads = 1;       // of the host, that sample; 0: as Threads has it
  bool settles = false;  // weights are read where the file is mapped, and may be moved into huge pages
};

// Rows of logits that prompts can be given in a step, beyond one a sequence.
constexpr int64_t logit_rows = 32;

// EngineOptions::cache_type for a model of this shape. Throws Code::argument.
Type cache_type(const std::string& name, const Shape& shape);

// Reads and allocates everything; a rank that follows another needs no tokenizer.
LoadedModel assemble(std::shared_ptr<const gguf::File> file, const EngineOptions& options, const Progress& progress,
                     std::unique_ptr<Ranks> ranks);

std::unique_ptr<Engine> start(LoadedModel parts, Sink sink);

}  // namespace lt::engine
