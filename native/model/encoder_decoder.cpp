#include "model/encoder_decoder.h"

#include <algorithm>

namespace lt::model {

EncoderDecoder::EncoderDecoder(Ends ends, std::vector<Layer> encoder, const Norm& norm, std::vector<DecodingLayer> decoder, int64_t start)
    : ends_(std::move(ends)), encoder_(std::move(encoder)), norm_(norm), decoder_(std::move(decoder)), shape_(ends_.shape()) {
  shape_.encoder = std::ssize(encoder_);
  shape_.decoder_start = start;
  const auto add = [&](const Layer& l) {
    shape_.layers.push_back(l.shape());
    shape_.heads = std::max(shape_.heads, l.heads());
  };
  for (const Layer& l : encoder_) add(l);
  for (const DecodingLayer& l : decoder_) add(l.layer);
}

void EncoderDecoder::layer(Ops& ops, int64_t i, Tensor x, const Memory& memory, const Rows& rows) const {
  const bool decodes(rows.across);
  const LayerMemory own{&memory.kv[static_cast<size_t>(i)], {}};
  if (i < shape_.encoder) {
    if (decodes) return;
    encoder_[static_cast<size_t>(i)].run(ops, x, own, rows);
    if (i + 1 == shape_.encoder) ops.norm(x, x, norm_);
    return;
  }
  const DecodingLayer& l = decoder_[static_cast<size_t>(i - shape_.encoder)];
  decodes ? l.layer.run(ops, x, own, rows) : l.across->take(ops, x, own, rows);
}

}  // namespace lt::model
