// What must be the same on all ranks: the package, the file, the options.
#include "engine/identity.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "convert/adapter.h"
#include "gguf/fingerprint.h"

namespace lt::engine {
namespace {

void differ(size_t rank, const char* what, const std::string& found, const std::string& wanted) {
  if (found == wanted) return;
  throw Error(Code::argument,
              "rank " + std::to_string(rank) + " has " + what + " " + found + ", rank 0 has " + wanted + ": all ranks need the same");
}

// Both are lists of the same length, as identity_of wrote them: the first entries that differ are named.
void differ_in_options(size_t rank, const std::string& found, const std::string& wanted) {
  std::istringstream a(found), b(wanted);
  for (std::string x, y; std::getline(a, x, '\n') && std::getline(b, y, '\n');)
    if (x != y)
      throw Error(Code::argument, "rank " + std::to_string(rank) + " has " + x + ", rank 0 has " + y + ": all ranks need the same options");
}

}  // namespace

bool exact_by_environment() {
  const char* wish = std::getenv("LLAMA_TS_RANKS_EXACT");
  return wish && *wish && std::string(wish) != "0";
}

Identity identity_of(const gguf::File& file, const EngineOptions& o) {
  std::ostringstream options;
  options << "backend " << o.backend.substr(0, o.backend.find(':')) << "\nisa \"" << o.isa << "\"\ngpuLayers " << o.gpu_layers
          << "\ncpuExperts";
  for (const int64_t layer : o.cpu_experts) options << ' ' << layer;
  options << "\ncontextTokens " << o.context_tokens << "\nbatchTokens " << o.batch_tokens << "\nmaxSequences " << o.max_sequences
          << "\nstateMemory " << o.state_memory << "\ntakesEmbeddings " << (o.takes_embeddings ? "true" : "false") << "\nencoder "
          << (o.encoder ? "true" : "false") << "\ncacheType " << o.cache_type << "\nadapters";
  for (const AdapterOption& a : o.adapters)
    options << ' ' << gguf::fingerprint(*convert::open_adapter(a.path, file)) << " x " << a.scale << " in " << a.first << " to " << a.last;
  options << "\nexactRanks " << (o.exact_ranks || exact_by_environment() ? "true" : "false");
  char hex[17];
  std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(gguf::fingerprint(file)));
  return {LT_VERSION, std::to_string(file.bytes()) + " bytes with fingerprint " + hex, options.str()};
}

void compare(const std::vector<Identity>& ranks) {
  for (size_t r = 1; r < ranks.size(); r++) {
    differ(r, "llama-ts", ranks[r].version, ranks[0].version);
    differ(r, "a model file of", ranks[r].file, ranks[0].file);
    differ_in_options(r, ranks[r].options, ranks[0].options);
  }
}

Packet& put_options(Packet& to, const EngineOptions& o) {
  to.put(o.backend).put(o.isa).put(o.gpu_layers).put(std::ssize(o.cpu_experts));
  for (const int64_t layer : o.cpu_experts) to.put(layer);
  to.put(int64_t{o.threads}).put(o.context_tokens).put(o.batch_tokens);
  to.put(std::ssize(o.adapters));
  for (const AdapterOption& a : o.adapters)
    to.put(a.path).put(a.name).put(std::bit_cast<int64_t>(a.scale)).put(int64_t{a.steers}).put(a.first).put(a.last);
  return to.put(o.max_sequences)
      .put(o.cache_type)
      .put(int64_t{o.exact_ranks})
      .put(o.state_memory)
      .put(int64_t{o.takes_embeddings})
      .put(int64_t{o.encoder});
}

EngineOptions take_options(Packet& from, const EngineOptions& own) {
  EngineOptions o = own;
  o.backend = from.text();
  o.isa = from.text();
  o.gpu_layers = from.number();
  o.cpu_experts.resize(static_cast<size_t>(from.number()));
  for (int64_t& layer : o.cpu_experts) layer = from.number();
  o.threads = static_cast<int>(from.number());
  o.context_tokens = from.number();
  o.batch_tokens = from.number();
  o.adapters.resize(static_cast<size_t>(from.number()));
  for (AdapterOption& a : o.adapters) {
    a.path = from.text(), a.name = from.text(), a.scale = std::bit_cast<double>(from.number());
    a.steers = from.number() != 0, a.first = from.number(), a.last = from.number();
  }
  o.max_sequences = from.number();
  o.cache_type = from.text();
  o.exact_ranks = from.number() != 0;
  o.state_memory = from.number();
  o.takes_embeddings = from.number() != 0;
  o.encoder = from.number() != 0;
  return o;
}

}  // namespace lt::engine
