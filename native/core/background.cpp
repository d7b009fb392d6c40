#include "core/background.h"

#if defined(__linux__)
#include <sys/resource.h>

#include <algorithm>
#elif defined(__APPLE__)
#include <pthread.h>
#elif defined(_WIN32)
#include <windows.h>
#endif

namespace lt {

// Where the system refuses, the thread stays as it is.
void run_in_background() noexcept {
#if defined(__linux__)
  constexpr int nicer = 10, nicest = 19;                                                 // a tenth of an equal share (sched(7))
  setpriority(PRIO_PROCESS, 0, std::min(getpriority(PRIO_PROCESS, 0) + nicer, nicest));  // of the calling thread alone
#elif defined(__APPLE__)
  pthread_set_qos_class_self_np(QOS_CLASS_UTILITY, 0);
#elif defined(_WIN32)
  SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_BELOW_NORMAL);
#endif
}

}  // namespace lt
