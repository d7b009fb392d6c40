#include "quantize/quantize.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "core/cores.h"
#include "core/error.h"
#include "core/hash.h"
#include "gguf/fingerprint.h"
#include "gguf/split.h"
#include "gguf/writer.h"
#include "quant/type.h"
#include "quantize/budget.h"
#include "quantize/coverage.h"
#include "quantize/layers.h"
#include "quantize/slabs.h"

namespace lt::quantize {
namespace {

std::vector<int64_t> dims_of(const gguf::HostTensor& t) { return {t.dims.begin(), t.dims.begin() + t.n_dims}; }

// The files that the choices go to: their names, and the number of choices of each.
struct OutputFiles {
  std::vector<std::string> paths;
  std::vector<size_t> counts;
};

OutputFiles parts_of(const gguf::File& file, const std::string& output, const Options& options, const Plan& plan) {
  if (!options.keep_split || file.parts() == 1) return {{output}, {plan.choices.size()}};
  OutputFiles parts;
  const std::string stem = output.ends_with(".gguf") ? output.substr(0, output.size() - 5) : output;
  const std::vector<size_t> held = file.tensors_of_parts();
  const gguf::HostTensor* end = file.tensors().data();
  size_t at = 0;
  for (size_t i = 0; i < held.size(); i++) {
    parts.paths.push_back(stem + gguf::part_suffix(i, held.size()));
    end += held[i];
    const size_t first = at;
    while (at < plan.choices.size() && plan.choices[at].from < end) at++;
    parts.counts.push_back(at - first);
  }
  return parts;
}

// What the values of the output are made from, for a run to know what an earlier one left.
std::string origin_of(const gguf::File& file, const Options& options) {
  Hash h;
  if (options.importance) {
    for (const auto& [name, entry] : options.importance->entries) {
      h.add(name.data(), name.size());
      h.add(entry.sums.data(), entry.sums.size() * sizeof(float));
      h.add(entry.counts.data(), entry.counts.size() * sizeof(float));
    }
  }
  return std::string(LT_VERSION) + " " + std::to_string(gguf::fingerprint(file)) + " " + std::to_string(file.bytes()) + " " +
         std::to_string(h.value());
}

std::vector<gguf::Field> fields_of_part(std::vector<gguf::Field> whole, size_t part, const OutputFiles& parts) {
  if (parts.paths.size() == 1) return whole;
  std::vector<gguf::Field> fields = part == 0 ? std::move(whole) : std::vector<gguf::Field>{};
  const size_t tensors = std::accumulate(parts.counts.begin(), parts.counts.end(), size_t{0});
  gguf::put(fields, gguf::field("split.no", static_cast<uint16_t>(part)));
  gguf::put(fields, gguf::field("split.count", static_cast<uint16_t>(parts.paths.size())));
  gguf::put(fields, gguf::field("split.tensors.count", static_cast<int32_t>(tensors)));
  return fields;
}

Report report_of(const gguf::File& file, const OutputFiles& parts, const Plan& plan) {
  Report report{plan.type, file.bytes(), 0, parts.paths, {}, plan.notes};
  for (const Choice& c : plan.choices) {
    report.tensors.push_back({c.name, c.from->type, c.to, dims_of(*c.from), c.bytes(), {}, c.from->rows() * c.from->cols()});
  }
  return report;
}

std::vector<gguf::Planned> planned(std::span<const Choice> choices) {
  std::vector<gguf::Planned> tensors;
  for (const Choice& c : choices) tensors.push_back({c.name, c.to, dims_of(*c.from)});
  return tensors;
}

class Run {
 public:
  Run(const gguf::File& file, const std::string& output, const Options& options, const Progress& progress)
      : file_(file),
        options_(options),
        progress_(progress),
        threads_(threads_of(options)),
        metadata_(Layers(file, options.pruned).metadata()) {
    if (options.importance) check_matrix(file, *options.importance);
    plan_ = make_plan(file, options);
    if (const std::optional<uint64_t> target = target_of())
      fit(plan_, *target, file, options, threads_, [&](double f) { tell(f * measuring_part); });
    for (std::string& note : check_coverage(plan_, options)) plan_.notes.push_back(std::move(note));
    parts_ = parts_of(file, output, options, plan_);
    report_ = report_of(file, parts_, plan_);
    for (const Choice& c : plan_.choices) all_ += c.from->rows() * c.from->cols();
  }

  Report plan_only() {
    size_t first = 0;
    for (size_t p = 0; p < parts_.paths.size(); p++) {
      report_.output_bytes += gguf::file_bytes(fields(p), planned(choices(first, p)));
      first += parts_.counts[p];
    }
    return std::move(report_);
  }

  Report write() {
    refuse_input();
    open();
    size_t at = 0;
    for (size_t p = 0; p < writers_.size(); p++)
      for (size_t i = 0; i < parts_.counts[p]; i++, at++) tensor(*writers_[p], i, at);
    slabs_.wait();
    // The first last: a model is opened by its first part, so when that is there, all are.
    for (size_t p = writers_.size(); p-- > 0;) writers_[p]->finish();
    return std::move(report_);
  }

 private:
  static constexpr double measuring_part = 0.5;  // of the time, where types are chosen by measuring

  // Bytes of all tensors' values.
  std::optional<uint64_t> target_of() const {
    if (options_.target_bpw > 0) {
      double weights = 0;
      for (const Choice& c : plan_.choices) weights += static_cast<double>(c.from->rows() * c.from->cols());
      return static_cast<uint64_t>(options_.target_bpw * weights / 8);
    }
    if (options_.target_bytes == 0) return {};
    constexpr uint64_t most_padding = 32;
    uint64_t values = 0;
    for (const Choice& c : plan_.choices) values += c.bytes();
    const uint64_t whole = gguf::file_bytes(metadata_of(metadata_, options_, plan_), planned(plan_.choices));
    const uint64_t beside = whole - values + most_padding * plan_.choices.size();
    return options_.target_bytes > beside ? options_.target_bytes - beside : 0;
  }

  static int threads_of(const Options& options) { return options.threads > 0 ? options.threads : usable_cores(); }

  std::span<const Choice> choices(size_t first, size_t part) const { return std::span(plan_.choices).subspan(first, parts_.counts[part]); }
  std::vector<gguf::Field> fields(size_t part) const { return fields_of_part(metadata_of(metadata_, options_, plan_), part, parts_); }

  // Nothing that is read may be written over, neither by the output nor by the partial file that it is written as.
  void refuse_input() const {
    std::vector<std::string> read = file_.paths();
    if (options_.importance) read.push_back(options_.importance_name);
    for (const std::string& path : parts_.paths) {
      for (const std::string& input : read)
        if (gguf::would_replace(path, input))
          throw Error(Code::argument, path + ": " + input + " is read and would be written over: name another file");
    }
  }

  void open() {
    const std::string origin = origin_of(file_, options_);
    size_t first = 0;
    for (size_t p = 0; p < parts_.paths.size(); p++) {
      writers_.push_back(std::make_unique<gguf::Writer>(parts_.paths[p], fields(p), planned(choices(first, p)), origin));
      report_.output_bytes += writers_.back()->bytes();
      first += parts_.counts[p];
    }
  }

  void tensor(gguf::Writer& writer, size_t index, size_t at) {
    const Choice& c = plan_.choices[at];
    const int64_t weights = c.from->rows() * c.from->cols();
    const auto more = [&](int64_t n) { advance(n); };
    if (writer.done(index)) return more(weights);
    const auto write = [&writer, index](std::span<const uint8_t> bytes) { writer.append(index, bytes); };
    if (c.to == c.from->type) return slabs_.copy(file_, *c.from, write, more);
    report_.tensors[at].loss = slabs_.encode(file_, RowEncoder(file_, *c.from, c.source, options_.importance.get()), c.to, write, more);
  }

  void advance(int64_t weights) {
    done_ += weights;
    const double begun = options_.target_bytes > 0 || options_.target_bpw > 0 ? measuring_part : 0;
    tell(begun + (1 - begun) * static_cast<double>(done_) / static_cast<double>(std::max<int64_t>(all_, 1)));
  }

  void tell(double fraction) const {
    if (!progress_ || progress_(fraction)) return;
    for (const auto& w : writers_)
      if (options_.keep_partial) w->keep();
    throw Error(Code::disposed, "quantizing was stopped");
  }

  const gguf::File& file_;
  const Options& options_;
  const Progress& progress_;
  const int threads_;
  const std::vector<gguf::Field> metadata_;  // of the input, copied while it is whole
  Plan plan_;
  OutputFiles parts_;
  Report report_;
  int64_t all_ = 0, done_ = 0;
  std::vector<std::unique_ptr<gguf::Writer>> writers_;
  Slabs slabs_{threads_};
};

}  // namespace

Report plan_only(const gguf::File& file, const std::string& output, const Options& options, const Progress& progress) {
  return Run(file, output, options, progress).plan_only();
}

Report quantize(const gguf::File& file, const std::string& output, const Options& options, const Progress& progress) {
  return Run(file, output, options, progress).write();
}

}  // namespace lt::quantize
