// Alternating updates (Baykal et al. 2023): several rows side by side, the streams, for each token. A layer runs on one of them; before it
// every stream is predicted from all, behind it all are corrected by what the one turned out to be.
#pragma once
#include "model/hyper.h"
#include "model/row_mean.h"

namespace lt::model {

struct Streams {
  int64_t count = 1, active = 0, width = 0;

  int64_t columns() const { return count * width; }
  Tensor all(Tensor carried) const { return carried.columns(0, columns()); }
  Tensor at(Tensor carried, int64_t i) const { return carried.columns(i * width, width); }
};
Streams read_streams(const Loader& loader, const Hyper& hyper);

// Of one layer.
class AltUp {
 public:
  AltUp(Loader& loader, int64_t layer, const Hyper& hyper, const Streams& streams);
  void predict(Ops& ops, Tensor x, const Rows& rows) const;            // x (n, streams): in place
  void correct(Ops& ops, Tensor x, Tensor y, const Rows& rows) const;  // y (n, width): what became of the active stream

 private:
  void modalities(Ops& ops, Tensor y, Tensor x, const Rows& rows) const;

  Streams streams_;
  Norm norm_;
  Linear router_, predict_, correct_;
};

// Before the layers every stream is made of the first; behind them one row of all.
class StreamEnds {
 public:
  // name: of the matrices, one a stream but the first.
  StreamEnds(Loader& loader, const std::string& name, const Hyper& hyper, const Streams& streams);
  void spread(Ops& ops, Tensor x, const Rows& rows) const;           // x (n, streams), of which the first is there
  void merge(Ops& ops, Tensor h, Tensor x, const Rows& rows) const;  // h (n, width) of x (n, streams)

 private:
  // y (n, width): matrix i times x, of the root mean square of `like`.
  void project(Ops& ops, Tensor y, int64_t i, Tensor x, Tensor like, const Rows& rows) const;

  Streams streams_;
  Linear matrices_;
  RowMean size_, share_;
};

}  // namespace lt::model
