// The results of each matrix, ascending, one matrix after the other: each fills whole groups, the last of them with -1, so that a block
// finds its matrix by the first result of its group. Results whose matrix is not there come last, as those of one matrix more. A block
// a matrix; nothing comes back to the host, which reckons with the most groups that there can be.
#include "backend/gpu/kernels/choice.h"

namespace lt::gpu::LT_GPU {
namespace {

constexpr int listers = 128;  // threads

struct ListArgs {
  MatmulArgs of;
  int32_t *counts, *list;  // (matrices + 1): results of each; (capacity)
  int at_once, capacity;
};

LT_DEVICE bool belongs(const ListArgs& p, int r) {
  const int m = matrix_of(p.of, r);
  return (m < 0 ? p.of.held : m) == block_x();
}

// Results [first, last) are looked through by this thread.
struct Part {
  int first, last;
};

LT_DEVICE Part part_of(const ListArgs& p) {
  const int64_t size = parts(p.of.results, listers), first = thread() * size;
  return {static_cast<int>(first), static_cast<int>(least(first + size, p.of.results))};
}

LT_DEVICE int count_part(const ListArgs& p) {
  const Part part = part_of(p);
  int count = 0;
  for (int r = part.first; r < part.last; r++) count += belongs(p, r);
  return count;
}

LT_DEVICE int whole_groups(const ListArgs& p, int results) { return (results + p.at_once - 1) / p.at_once * p.at_once; }

LT_KERNEL(listers) count_results(ListArgs p) {
  LT_SHARED(int, counts, listers);
  counts[thread()] = count_part(p);
  sync();
  if (thread() != 0) return;
  int all = 0;
  for (int t = 0; t < listers; t++) all += counts[t];
  p.counts[block_x()] = all;
}

LT_KERNEL(listers) write_results(ListArgs p) {
  LT_SHARED(int, before, listers);
  LT_SHARED(int, counts, listers);
  int room = 0;  // of some of the matrices before
  for (int m = thread(); m < block_x(); m += listers) room += whole_groups(p, p.counts[m]);
  before[thread()] = room;
  counts[thread()] = count_part(p);
  sync();
  int begin = 0, mine = 0, all = 0;
  for (int t = 0; t < listers; t++) {
    begin += before[t];
    mine += t < thread() ? counts[t] : 0;
    all += counts[t];
  }
  const Part part = part_of(p);
  for (int r = part.first, at = begin + mine; r < part.last; r++)
    if (belongs(p, r)) p.list[at++] = r;
  const int end = block_x() == p.of.held ? p.capacity : begin + whole_groups(p, all);
  for (int i = begin + all + thread(); i < end; i += listers) p.list[i] = -1;
}

}  // namespace

int64_t groups_of(const MatmulArgs& p, int64_t at_once) {
  if (!p.chosen) return parts(p.results, at_once);
  if (!p.ids.data) return p.count * parts(parts(p.results, p.count), at_once);
  return least(p.results, (p.results + (p.held + 1) * (at_once - 1)) / at_once);
}

size_t list_bytes(int64_t results, int64_t matrices) {
  return matrices ? static_cast<size_t>(matrices + 1 + results + (matrices + 1) * (most_at_once - 1)) * 4 : 0;
}

void list_results(Stream& stream, MatmulArgs& p, int64_t at_once, const DeviceMemory* memory) {
  if (!memory || list_bytes(p.results, p.held) > memory->bytes())
    throw Error(Code::internal, std::string(backend_name) + ": expected reserve to have been told of " + std::to_string(p.results) +
                                    " results of " + std::to_string(p.held) + " matrices, it was told of fewer");
  const int64_t matrices = p.held + 1;
  auto* const counts = static_cast<int32_t*>(memory->data());
  const ListArgs args{p, counts, counts + matrices, static_cast<int>(at_once), static_cast<int>(groups_of(p, at_once) * at_once)};
  launch(stream, "counts of a choice", count_results, {matrices}, listers, 0, args);
  launch(stream, "lists of a choice", write_results, {matrices}, listers, 0, args);
  p.list = args.list;
}

}  // namespace lt::gpu::LT_GPU
