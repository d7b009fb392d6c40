// A thread in the background has less weight than the one that started it, which keeps its own.
#include <thread>

#include "check/check.h"
#include "core/background.h"
#if defined(__linux__)
#include <sys/resource.h>

namespace {

CHECK_CASE("core/a thread in the background gives way, and no other does") {
  const int own = getpriority(PRIO_PROCESS, 0);
  int before = 0, after = 0;
  std::thread([&] {
    before = getpriority(PRIO_PROCESS, 0);
    lt::run_in_background();
    after = getpriority(PRIO_PROCESS, 0);
  }).join();
  CHECK(before == own);
  CHECK(after > own || own == 19);
  CHECK(getpriority(PRIO_PROCESS, 0) == own);
}

}  // namespace
#endif
