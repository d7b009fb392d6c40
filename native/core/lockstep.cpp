#include "core/lockstep.h"

#include <cmath>
#include <map>

namespace lt {
namespace {

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double error = 0, size = 0;
  for (size_t i = 0; i < a.size(); i++) {
    error += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    size += static_cast<double>(b[i]) * b[i];
  }
  if (error == 0) return 0;
  return std::isfinite(error) && size > 0 ? std::sqrt(error / size) : HUGE_VAL;
}

}  // namespace

void Lockstep::around(const char* op, const std::vector<Tensor>& outputs, const Call& call) {
  // Host copies of a call's tensors as they were before it, one a tensor: an output that is also an input shares its copy.
  class Copies : public Mirror {
   public:
    explicit Copies(Backend& from) : from_(from) {}
    Tensor operator()(Tensor t) const override {
      if (!t) return t;
      auto [at, fresh] = copies_.try_emplace(t.data);
      if (fresh) {
        at->second.resize(static_cast<size_t>(t.rows * t.stride));
        read_rows(from_, at->second.data(), t);
      }
      t.data = at->second.data();
      return t;
    }

   private:
    Backend& from_;
    mutable std::map<void*, std::vector<char>> copies_;
  };
  const Copies copies(backend_);
  call(judge_.ops(), copies);
  call(backend_.ops(), Mirror());
  for (const Tensor& y : outputs) compare(op, y, copies(y));
  calls_++;
}

void Lockstep::compare(const char* op, const Tensor& found, const Tensor& wanted) {
  std::vector<char> bytes(static_cast<size_t>(found.rows * found.stride));
  read_rows(backend_, bytes.data(), found);
  Tensor host = found;
  host.data = bytes.data();
  Divergence worst{calls_, op, found.rows, found.cols, 0, 0};
  std::vector<float> a, b;
  for (int64_t r = 0; r < found.rows; r++) {
    read_row_(a, host.slice(r, 1));
    read_row_(b, wanted.slice(r, 1));
    const double d = distance(a, b);
    if (d > worst.distance) worst.distance = d, worst.row = r;
  }
  if (worst.distance > tolerance_) sink_(worst);
}

}  // namespace lt
