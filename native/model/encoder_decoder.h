// An encoder, which reads a text as a whole, and a decoder that writes another, each of whose layers attends to what was read. They share
// the token table. A step is of rows that are encoded, or of rows that are decoded: of the former the encoder's layers make their results,
// of which the decoder's keep keys and values; the latter pass the decoder's layers alone.
#pragma once
#include <memory>
#include <vector>

#include "model/cross_attention.h"
#include "model/decoder.h"

namespace lt::model {

// Behind the encoder's layers.
struct DecodingLayer {
  Layer layer;
  std::shared_ptr<const CrossAttention> across;  // one of its mixers
};

class EncoderDecoder : public Model {
 public:
  // norm: of what the encoder gives. start: the token that the decoder's texts begin with.
  EncoderDecoder(Ends ends, std::vector<Layer> encoder, const Norm& norm, std::vector<DecodingLayer> decoder, int64_t start);

  const Shape& shape() const override { return shape_; }
  void embed(Ops& ops, Tensor x, const Rows& rows) const override { ends_.embed(ops, x, rows); }
  void layer(Ops& ops, int64_t i, Tensor x, const Memory& memory, const Rows& rows) const override;
  void hidden(Ops& ops, Tensor h, Tensor x, const Rows& rows) const override { ends_.hidden(ops, h, x, rows); }
  void head(Ops& ops, Tensor logits, Tensor h, const Rows& rows) const override { ends_.head(ops, logits, h, rows); }

 private:
  Ends ends_;
  std::vector<Layer> encoder_;
  Norm norm_;
  std::vector<DecodingLayer> decoder_;
  Shape shape_;
};

}  // namespace lt::model
