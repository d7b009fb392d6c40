// Attention's work list, held to its definition: each split that a row sees, once, in order.
#include "check/check.h"
#include "core/splits.h"

namespace lt::check {
namespace {

constexpr int64_t unlimited = 1 << 20;

void holds(const std::vector<int32_t>& positions) {
  HostSplits made;
  made.list(positions, unlimited);
  size_t at = 0;
  CHECK(made.firsts.size() == positions.size());
  for (size_t r = 0; r < positions.size(); r++) {
    CHECK(made.firsts[r] == static_cast<int32_t>(at / 2));
    for (int32_t begin = 0; begin <= positions[r]; begin += 512, at += 2)
      CHECK(made.entries[at] == static_cast<int32_t>(r) && made.entries[at + 1] == begin / 512);
  }
  size_t padded = 2;
  while (padded < at) padded *= 2;
  CHECK_THAT(made.entries.size() == padded, made.entries.size() << " for " << at);
  for (; at < padded; at++) CHECK(made.entries[at] == -1);
}

CHECK_CASE("core/the work list has each split that a row sees, once, in order") {
  holds({512});
  holds({1023, 1024});
  holds({0, 511, 512, 100000, 5});
  holds(std::vector<int32_t>(static_cast<size_t>(HostSplits::most_rows), 700));
}

CHECK_CASE("core/there is no work list where rows need none, or are too many for what was reserved") {
  HostSplits made;
  const auto listed = [&](const std::vector<int32_t>& positions, int64_t bound) {
    made.list(positions, bound);
    CHECK(made.count() > 0 ? made.firsts.size() == positions.size() : made.firsts.empty());
    return made.count();
  };
  CHECK(listed({}, unlimited) == 0);
  CHECK(listed({0, 511, 70}, unlimited) == 0);
  CHECK(listed({0, 512, 70}, unlimited) == 4);
  CHECK(listed(std::vector<int32_t>(static_cast<size_t>(HostSplits::most_rows) + 1, 700), unlimited) == 0);
  CHECK(listed({1024, 1024}, 6) == 6);  // no more than is reserved
  CHECK(listed({1024, 1024}, 5) == 0);
  // Sixteen rows of any length fit, and as many as there are where they are fewer.
  CHECK(HostSplits::bound(1, 512) == 1 && HostSplits::bound(3, 513) == 6 && HostSplits::bound(500, 131072) == 16 * 256);
  CHECK(listed(std::vector<int32_t>(16, 131071), HostSplits::bound(500, 131072)) == 16 * 256);
  // Steps of nearly the same lengths have lists of the same length.
  CHECK(listed({2100, 2300}, unlimited) == 16 && listed({2600, 2900}, unlimited) == 16 && listed({4095, 4095}, unlimited) == 16);
}

}  // namespace
}  // namespace lt::check
