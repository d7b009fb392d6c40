#include "model/readout.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lt::model {
namespace {

// In 8 chains, chain = column mod 8, ascending; then the chains.
double dot(std::span<const float> w, std::span<const double> x) {
  std::array<double, 8> chains{};
  size_t c = 0;
  for (; c + 8 <= x.size(); c += 8)
    for (size_t i = 0; i < 8; i++) chains[i] += static_cast<double>(w[c + i]) * x[c + i];
  for (; c < x.size(); c++) chains[c % 8] += static_cast<double>(w[c]) * x[c];
  double sum = 0;
  for (const double chain : chains) sum += chain;
  return sum;
}

struct DenseLayer {
  std::vector<float> w, b;  // b: or empty

  void apply(std::vector<double>& x) const {
    const size_t cols = x.size();
    std::vector<double> y(w.size() / cols);
    for (size_t r = 0; r < y.size(); r++)
      y[r] = dot(std::span(w).subspan(r * cols, cols), x) + (b.empty() ? 0.0 : static_cast<double>(b[r]));
    x = std::move(y);
  }
};

DenseLayer read_dense(Loader& f, const std::string& name, int64_t rows, int64_t cols) {
  DenseLayer d{f.values(name + ".weight", rows, cols), {}};
  if (f.has(name + ".bias")) d.b = f.values(name + ".bias", 1, rows);
  return d;
}

void activate(std::vector<double>& x, Act act) {
  for (double& v : x) v = act == Act::gelu ? 0.5 * v * (1 + std::erf(v / std::sqrt(2.0))) : std::tanh(v);
}

struct HostNorm {
  std::vector<float> w, b;  // b: or empty
  double eps;

  void apply(std::vector<double>& x) const {
    const auto n = static_cast<double>(x.size());
    double mean = 0, squares = 0;
    for (const double v : x) mean += v;
    mean /= n;
    for (const double v : x) squares += (v - mean) * (v - mean);
    const double by = 1 / std::sqrt(squares / n + eps);
    for (size_t i = 0; i < x.size(); i++)
      x[i] = (x[i] - mean) * by * static_cast<double>(w[i]) + (b.empty() ? 0.0 : static_cast<double>(b[i]));
  }
};

void softmax(std::vector<double>& x) {
  const double most = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (double& v : x) sum += v = std::exp(v - most);
  for (double& v : x) v /= sum;
}

class HostReadout final : public Readout {
 public:
  HostReadout(Loader& f, const Hyper& h, const ReadoutOptions& options) : options_(options), columns_(h.width) {
    pooling_ = static_cast<Pooling>(f.integer("pooling_type", 0, static_cast<int64_t>(Pooling::rank), 0));
    for (const std::string name : {"dense_2", "dense_3"}) {
      if (!f.has_key(name + "_feat_out")) continue;
      const int64_t out = f.integer(name + "_feat_out", 1, most_width);
      f.integer(name + "_feat_in", columns_, columns_);
      dense_.push_back(read_dense(f, name, out, columns_));
      columns_ = out;
    }
    if (gives_scores(f)) read_head(f, h);
  }

  Pooling pooling() const override { return pooling_; }
  int64_t columns() const override { return columns_; }
  int64_t outputs() const override { return outputs_; }
  const std::vector<std::string>& labels() const override { return labels_; }
  Pooling ranks_by() const override { return options_.ranks_by; }

  std::vector<float> vector(std::span<const float> row) const override {
    std::vector<double> x(row.begin(), row.end());
    for (const DenseLayer& d : dense_) d.apply(x);
    return {x.begin(), x.end()};
  }

  std::vector<float> scores(std::span<const float> row) const override {
    std::vector<double> x(row.begin(), row.end());
    if (!head_.w.empty()) {
      head_.apply(x);
      activate(x, options_.act);
      if (options_.normed) norm_.apply(x);
    }
    out_.apply(x);
    if (options_.shares) softmax(x);
    return {x.begin(), x.end()};
  }

 private:
  void read_head(Loader& f, const Hyper& h) {
    if (options_.ranks_by == Pooling::none) f.refuse("pooling_type", "a model without a head for scores", "one");
    // GGUF has no key for the row that is scored: where a folder says so, convert does.
    options_.ranks_by = static_cast<Pooling>(f.integer("classifier.pooling_type", 1, 3, static_cast<int64_t>(options_.ranks_by)));
    labels_ = f.texts("classifier.output_labels");
    outputs_ = labels_.empty() ? f.rows_of("cls.output.weight") : std::ssize(labels_);
    out_ = read_dense(f, "cls.output", outputs_, h.width);
    if (!f.has("cls.weight")) return;
    head_ = read_dense(f, "cls", h.width, h.width);
    if (!options_.normed) return;
    norm_ = {f.values("cls.norm.weight", 1, h.width), {}, static_cast<double>(h.eps)};
    if (f.has("cls.norm.bias")) norm_.b = f.values("cls.norm.bias", 1, h.width);
  }

  ReadoutOptions options_;
  int64_t columns_, outputs_ = 0;
  Pooling pooling_ = Pooling::none;
  std::vector<DenseLayer> dense_;
  DenseLayer head_, out_;
  HostNorm norm_{};
  std::vector<std::string> labels_;
};

}  // namespace

// Files of BERT's kind have no key for it, but the head's tensors.
bool gives_scores(const Loader& f) {
  return f.has_key("classifier.output_labels") || f.integer("pooling_type", 0, 4, 0) == static_cast<int64_t>(Pooling::rank) ||
         f.has("cls.output.weight");
}

std::shared_ptr<const Readout> read_readout(Loader& loader, const Hyper& hyper, const ReadoutOptions& options) {
  return std::make_shared<HostReadout>(loader, hyper, options);
}

}  // namespace lt::model
