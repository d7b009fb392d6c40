// What a launcher (mpirun, mpiexec, srun) says to each process that it starts, through the environment.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace lt::comm {

struct Launch {
  int rank = 0, size = 1;
  int local_size = 1;     // ranks on this machine
  bool open_mpi = false;  // whose launcher it is: another library would not know of the ranks
  std::string job;        // the same for all ranks on this machine, and for nobody else

  bool one_machine() const { return local_size == size; }
};

// None where no launcher started this process, or LLAMA_TS_RANKS=off. Throws Code::argument where it says nonsense.
std::optional<Launch> launched();

// Ranks of the job whose processes are there on this machine; none where the system does not tell.
std::optional<std::vector<int>> ranks_alive(const Launch& launch);

// A number of seconds from the environment.
double seconds_of(const char* variable, double fallback);

}  // namespace lt::comm
