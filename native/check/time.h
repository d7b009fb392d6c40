// What the checks' program does instead of checking where its first argument is the flag: timed runs, beside the checks. Registered by
// static objects, as the kernels' program has not all of them.
#pragma once
#include <vector>

namespace lt::check {

struct Instead {
  const char* flag;
  int (*run)(int argc, char** argv);  // from the flag on
};

inline std::vector<Instead>& instead() {
  static std::vector<Instead> all;
  return all;
}

struct RegisterInstead {
  RegisterInstead(const char* flag, int (*run)(int argc, char** argv)) { instead().push_back({flag, run}); }
};

}  // namespace lt::check
