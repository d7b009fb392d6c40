#include "convert/diff.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/error.h"
#include "quant/type.h"

namespace lt::convert {
namespace {

using gguf::HostTensor;

std::string described(const HostTensor& t) {
  std::string out = quant::info(t.type).name;
  for (int i = 0; i < t.n_dims; i++) out += (i ? " x " : " ") + std::to_string(t.dims[static_cast<size_t>(i)]);
  return out;
}

std::span<const uint8_t> value_of(const gguf::File& file, std::string_view key) {
  for (size_t i = 0; i < file.metadata().size(); i++)
    if (file.metadata()[i].first == key) return file.raw_values()[i];
  return {};
}

bool same(std::span<const uint8_t> a, std::span<const uint8_t> b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

// Of where and how a file is split nothing is told: two files of one model are the same in one part and in many.
bool told(std::string_view key) { return !key.starts_with("split."); }

void compare_metadata(const gguf::File& a, const gguf::File& b, Differences& to) {
  for (const auto& [key, value] : a.metadata()) {
    if (!told(key)) continue;
    if (!b.find(key)) {
      to.metadata.push_back({std::string(key), "only in A"});
    } else if (!same(value_of(a, key), value_of(b, key))) {
      to.metadata.push_back({std::string(key), "value"});
    }
  }
  for (const auto& [key, value] : b.metadata())
    if (told(key) && !a.find(key)) to.metadata.push_back({std::string(key), "only in B"});
}

class Comparison {
 public:
  Comparison(const gguf::File& a, const gguf::File& b, const Progress& progress) : a_(a), b_(b), progress_(progress) {}

  void run(Differences& to) {
    for (const HostTensor& t : a_.tensors()) {
      const HostTensor* other = b_.tensor(t.name);
      if (!other) {
        to.tensors.push_back({std::string(t.name), "only in A", described(t), "", 0});
      } else {
        compare(t, *other, to);
      }
      done_ += t.bytes;
      if (progress_ && !progress_(static_cast<double>(done_) / static_cast<double>(std::max<uint64_t>(a_.tensor_bytes(), 1))))
        throw Error(Code::disposed, "comparing was stopped");
    }
    for (const HostTensor& t : b_.tensors())
      if (!a_.tensor(t.name)) to.tensors.push_back({std::string(t.name), "only in B", "", described(t), 0});
  }

 private:
  void compare(const HostTensor& a, const HostTensor& b, Differences& to) const {
    const std::string name(a.name);
    if (a.dims != b.dims) return to.tensors.push_back({name, "shape", described(a), described(b), 0});
    if (a.type == b.type && same_bytes(a, b)) return;
    const double largest = largest_difference(a, b);
    to.tensors.push_back({name, a.type == b.type ? "values" : "type", described(a), described(b), largest});
  }

  bool same_bytes(const HostTensor& a, const HostTensor& b) const {
    constexpr uint64_t piece = 4 << 20;
    std::vector<uint8_t> x, y;
    bool equal = true;
    for (uint64_t at = 0; equal && at < a.bytes; at += piece) {
      x.resize(static_cast<size_t>(std::min<uint64_t>(piece, a.bytes - at)));
      y.resize(x.size());
      a_.read(a, at, x);
      b_.read(b, at, y);
      equal = std::memcmp(x.data(), y.data(), x.size()) == 0;
    }
    let_go(a, b);
    return equal;
  }

  double largest_difference(const HostTensor& a, const HostTensor& b) const {
    const quant::TypeInfo &from_a = quant::info(a.type), &from_b = quant::info(b.type);
    if (!from_a.dequantize || !from_b.dequantize) return std::numeric_limits<double>::quiet_NaN();
    const int64_t cols = a.cols();
    const auto a_row = static_cast<uint64_t>(quant::row_bytes(a.type, cols)), b_row = static_cast<uint64_t>(quant::row_bytes(b.type, cols));
    std::vector<uint8_t> a_bytes(static_cast<size_t>(a_row)), b_bytes(static_cast<size_t>(b_row));
    std::vector<float> x(static_cast<size_t>(cols)), y(x);
    double largest = 0;
    for (uint64_t row = 0; row < static_cast<uint64_t>(a.rows()); row++) {
      a_.read(a, row * a_row, a_bytes);
      b_.read(b, row * b_row, b_bytes);
      from_a.dequantize(x.data(), a_bytes.data(), cols);
      from_b.dequantize(y.data(), b_bytes.data(), cols);
      for (size_t i = 0; i < x.size(); i++) {
        const double difference = x[i] == y[i] ? 0 : std::fabs(static_cast<double>(x[i]) - static_cast<double>(y[i]));
        if (std::isnan(difference)) return difference;
        largest = std::max(largest, difference);
      }
    }
    let_go(a, b);
    return largest;
  }

  void let_go(const HostTensor& a, const HostTensor& b) const {
    if (a.data) a_.let_go({static_cast<const char*>(a.data), a.bytes});
    if (b.data) b_.let_go({static_cast<const char*>(b.data), b.bytes});
  }

  const gguf::File &a_, &b_;
  const Progress& progress_;
  uint64_t done_ = 0;
};

std::shared_ptr<const gguf::File> open_streamed(const std::string& path) {
  FolderOptions options;
  options.streamed = true;
  return is_folder(path) ? open_folder(path, options) : gguf::File::open(path);
}

}  // namespace

Differences diff(const std::string& a, const std::string& b, const Progress& progress) {
  const auto x = open_streamed(a), y = open_streamed(b);
  Differences out;
  compare_metadata(*x, *y, out);
  Comparison(*x, *y, progress).run(out);
  return out;
}

}  // namespace lt::convert
