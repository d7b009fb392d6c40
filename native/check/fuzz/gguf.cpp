// Any bytes open or are an lt::Error, and what opens can be read whole. An exception that escapes is a finding.
#include "check/gguf_builder.h"
#include "check/gguf_walk.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const lt::check::Bytes bytes(data, data + size);  // aligned as the reader asks
  lt::check::walk(bytes, false);
  lt::check::walk(bytes, true);
  return 0;
}
