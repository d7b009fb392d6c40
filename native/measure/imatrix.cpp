#include "measure/imatrix.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "engine/follower.h"
#include "gguf/output.h"
#include "measure/chunks.h"
#include "measure/pass.h"
#include "measure/watch.h"

namespace lt::measuring {
namespace {

using quantize::Importance;

void check(const std::optional<std::string>& model, const std::optional<std::string>& text, const ImatrixOptions& o) {
  if (engine::ranks_here() > 1) throw Error(Code::unsupported, "imatrix: several processes cannot measure together: run it without mpirun");
  if (model.has_value() != text.has_value()) throw Error(Code::argument, "expected a model and a text, or neither to merge files");
  if (!text && o.in_files.empty()) throw Error(Code::argument, "expected a text, or importance matrices to merge");
  if (!text && o.resume) throw Error(Code::argument, "resume: merging files has nothing to go on with");
  if (o.context < 1 || o.context > (1 << 24))
    throw Error(Code::argument, "context: expected at least 1 token, found " + std::to_string(o.context));
  if (o.chunks == 0) throw Error(Code::argument, "chunks: expected at least 1, found 0");
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::path(std::u8string(path.begin(), path.end())), ignored);
}

Importance merged(const std::vector<std::string>& files) {
  Importance all;
  for (const std::string& f : files) merge(all, quantize::read_importance(f));
  return all;
}

// What a run has to begin with: the files to add, or what an earlier run left, which has them in it.
struct Beginning {
  Importance importance;
  int64_t done = 0;  // chunks of the text that are in it
};

Beginning beginning(const std::string& out, const ImatrixOptions& o) {
  Importance files = merged(o.in_files);
  if (!o.resume || !exists(out)) return {std::move(files)};
  Importance left = quantize::read_importance(out);
  const auto fail = [&](const std::string& why) {
    throw Error(Code::argument, "resume: " + out + " " + why + ": give the options of the first run, or leave resume out");
  };
  if (left.chunk_size != o.context)
    fail("was made of chunks of " + std::to_string(left.chunk_size) + " tokens, not " + std::to_string(o.context));
  if (std::find(left.datasets.begin(), left.datasets.end(), o.dataset) == left.datasets.end()) fail("was not made from this text");
  if (left.chunks < files.chunks) fail("has fewer chunks than the files that are to be added");
  return {std::move(left), int64_t{left.chunks} - files.chunks};
}

// Reads a text from chunk `done` on, and keeps what it finds.
class Reading {
 public:
  Reading(const std::string& model, const std::string& text, const std::string& out, const ImatrixOptions& options, Beginning begin)
      : file_(gguf::File::open(model)),
        chunks_(cut(*tokenize::Tokenizer::load(file_), text, options.context, options.chunks)),
        out_(out),
        options_(options),
        begin_(std::move(begin)),
        pass_(*file_, watched(), options.context, {0, options.process_output ? options.context : 0}) {
    for (const std::string& part : file_->paths())
      if (gguf::would_replace(out, part))
        throw Error(Code::argument, out + ": the model is read and would be written over: name another file");
  }

  Imatrix run(const engine::Progress& progress) {
    const auto began = std::chrono::steady_clock::now();
    const int64_t first = std::min(begin_.done, chunks_.count);
    int64_t saved = first, at = first;
    while (at < chunks_.count) {
      const int64_t n = std::min(pass_.group(), chunks_.count - at);
      const auto stop = [&](double part) {
        return !progress((static_cast<double>(at - first) + part * static_cast<double>(n)) / static_cast<double>(chunks_.count - first));
      };
      if (!pass_.run(chunks_.of(at, n), [](int64_t, std::span<const std::span<const float>>) {}, stop)) {
        if (at > saved) save(at - first);
        throw Error(Code::disposed, "measuring was stopped");
      }
      sums_.complete();
      at += n;
      if (options_.save_every > 0 && at - saved >= options_.save_every && at < chunks_.count) save(at - first), saved = at;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    const Importance all = save(at - first);
    progress(1);
    return {first, at - first, all.chunks, std::ssize(all.entries), pass_.backend(), took.count()};
  }

 private:
  engine::EngineOptions watched() {
    engine::EngineOptions o = options_.engine;
    o.wrap = [this](std::unique_ptr<Backend> below) {
      return std::make_unique<Watched>(std::move(below), *file_, sums_, options_.process_output);
    };
    return o;
  }

  // With `read` chunks of this run.
  Importance save(int64_t read) const {
    Importance all = begin_.importance;
    Importance mine;
    mine.entries = sums_.entries();
    mine.datasets = {options_.dataset};
    mine.chunks = static_cast<uint32_t>(read);
    mine.chunk_size = static_cast<uint32_t>(chunks_.context);
    merge(mine, all);
    write_importance(out_, mine);
    return mine;
  }

  std::shared_ptr<const gguf::File> file_;
  const Chunks chunks_;
  const std::string out_;
  const ImatrixOptions& options_;
  const Beginning begin_;
  ColumnSums sums_;
  Pass pass_;
};

}  // namespace

Imatrix imatrix(const std::optional<std::string>& model, const std::optional<std::string>& text, const std::string& out,
                const ImatrixOptions& options, const engine::Progress& progress) {
  check(model, text, options);
  // A file to add may be the output, which then has both; not the one that the output is written as.
  for (const std::string& f : options.in_files)
    if (!gguf::same_file(out, f) && gguf::would_replace(out, f))
      throw Error(Code::argument, out + ": " + f + " is read and would be written over: name another file");
  Beginning begin = beginning(out, options);
  if (text) return Reading(*model, *text, out, options, std::move(begin)).run(progress);
  const Importance& all = begin.importance;
  write_importance(out, all);
  progress(1);
  return {0, 0, all.chunks, std::ssize(all.entries), "", 0};
}

}  // namespace lt::measuring
