#include "comm/launch.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "core/error.h"
#ifdef __linux__
#include <dirent.h>
#endif
#ifndef _WIN32
#include <unistd.h>
#endif

namespace lt::comm {
namespace {

// Variables of one launcher. The first three name numbers.
struct Dialect {
  const char *rank, *size, *local_size;
  bool open_mpi;
};
constexpr Dialect dialects[] = {
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", true},  // Open MPI's
    {"PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS", false},                                    // Hydra: MPICH's, Intel's
    {"PMIX_RANK", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_TASKS_PER_NODE", true},              // srun --mpi=pmix
};

std::optional<int> number_of(const char* text, int low) {
  if (!text || !*text) return std::nullopt;
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if ((*end && *end != '(') || value < low || value > 65536) return std::nullopt;  // "2(x3)": tasks on each of three machines
  return static_cast<int>(value);
}

#ifdef __linux__

std::string file_of(long process, const char* name) {
  std::ifstream in("/proc/" + std::to_string(process) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A variable of another process's environment, as it was at its start.
std::optional<std::string> variable_of(const std::string& environment, const char* name) {
  const std::string begin = std::string(name) + "=";
  for (size_t at = 0; at < environment.size(); at = environment.find('\0', at) + 1) {
    if (environment.compare(at, begin.size(), begin) == 0) return std::string(environment.c_str() + at + begin.size());
    if (environment.find('\0', at) == std::string::npos) break;
  }
  return std::nullopt;
}

long parent_of(long process) {
  const std::string status = file_of(process, "stat");
  const size_t at = status.rfind(')');  // the name before it may hold anything
  return at == std::string::npos || at + 4 >= status.size() ? 0 : std::strtol(status.c_str() + at + 4, nullptr, 10);
}

bool is_zombie(long process) {
  const std::string status = file_of(process, "stat");
  const size_t at = status.rfind(')');
  return at != std::string::npos && at + 2 < status.size() && (status[at + 2] == 'Z' || status[at + 2] == 'X');
}

// The launcher: the nearest ancestor that has no rank itself. Scripts between it and the process do not matter.
std::string job_of(long process, const Dialect& d) {
  const std::string space = variable_of(file_of(process, "environ"), "PMIX_NAMESPACE").value_or("");
  for (int depth = 0; depth < 64 && process > 1; depth++) {
    process = parent_of(process);
    if (!variable_of(file_of(process, "environ"), d.rank)) break;
  }
  return std::to_string(process) + "-" + space;
}

#endif

const Dialect* dialect_here() {
  for (const Dialect& d : dialects)
    if (std::getenv(d.rank) && std::getenv(d.size)) return &d;
  return nullptr;
}

std::string job_here(const Dialect& d) {
#if defined(__linux__)
  return job_of(getpid(), d);
#elif !defined(_WIN32)
  const char* space = std::getenv("PMIX_NAMESPACE");
  (void)d;
  return space ? space : std::to_string(getppid());
#else
  (void)d;
  return "";
#endif
}

}  // namespace

std::optional<Launch> launched() {
  const char* wish = std::getenv("LLAMA_TS_RANKS");
  if (wish && std::strcmp(wish, "off") == 0) return std::nullopt;
  const Dialect* d = dialect_here();
  if (!d) return std::nullopt;
  const auto rank = number_of(std::getenv(d->rank), 0), size = number_of(std::getenv(d->size), 1);
  if (!rank || !size || *rank >= *size)
    throw Error(Code::argument, std::string(d->rank) + ", " + d->size + ": expected a rank below the number of ranks, found \"" +
                                    std::getenv(d->rank) + "\" and \"" + std::getenv(d->size) + "\"; LLAMA_TS_RANKS=off ignores them");
  const int local = number_of(std::getenv(d->local_size), 1).value_or(*size);
  return Launch{*rank, *size, local, d->open_mpi, job_here(*d)};
}

std::optional<std::vector<int>> ranks_alive(const Launch& launch) {
#ifdef __linux__
  const Dialect* d = dialect_here();
  DIR* folder = opendir("/proc");
  if (!d || !folder) return std::nullopt;
  std::vector<int> found;
  while (const dirent* entry = readdir(folder)) {
    const long process = std::strtol(entry->d_name, nullptr, 10);
    if (process <= 1 || is_zombie(process)) continue;
    const auto rank = variable_of(file_of(process, "environ"), d->rank);
    if (rank && job_of(process, *d) == launch.job) found.push_back(std::atoi(rank->c_str()));
  }
  closedir(folder);
  return found;
#else
  (void)launch;
  return std::nullopt;
#endif
}

double seconds_of(const char* variable, double fallback) {
  const char* text = std::getenv(variable);
  if (!text || !*text) return fallback;
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (*end || !(value > 0 && value < 1e6))
    throw Error(Code::argument, std::string(variable) + ": expected a number of seconds above 0, found \"" + text + "\"");
  return value;
}

}  // namespace lt::comm
