// The few calls of MPI that are used, by the binary interface of the library that was opened. The interfaces differ in what a
// handle is (MPI 3.1, section 2.5.1 leaves it open): Open MPI's are pointers to symbols of the library, MPICH's are integers
// (MPICH ABI Compatibility Initiative, 2013).
#pragma once
#include <dlfcn.h>

#include <string>

#include "core/error.h"

namespace lt::comm {

// An opened library. Never closed: MPI libraries do not survive it.
struct Library {
  void* handle = nullptr;
  std::string name;

  template <class F>
  void find(F*& function, const char* symbol) const {
    function = reinterpret_cast<F*>(dlsym(handle, symbol));
    if (!function) throw Error(Code::device, name + ": expected an MPI library, found no " + symbol);
  }
  bool is_open_mpi() const { return dlsym(handle, "ompi_mpi_comm_world") != nullptr; }
};

constexpr int mpi_thread_serialized = 2;  // one call at a time, from any thread
constexpr int mpi_success = 0;

// A status: at most 24 bytes in either.
struct Status {
  alignas(16) char bytes[128];
};

template <class Handle>
struct Calls {
  int (*init_thread)(int*, char***, int, int*);
  int (*initialized)(int*);
  int (*finalize)();
  int (*comm_size)(Handle, int*);
  int (*comm_rank)(Handle, int*);
  int (*comm_dup)(Handle, Handle*);
  int (*comm_set_errhandler)(Handle, Handle);
  int (*isend)(const void*, int, Handle, int, int, Handle, Handle*);
  int (*irecv)(void*, int, Handle, int, int, Handle, Handle*);
  int (*test)(Handle*, int*, Status*);
  int (*get_count)(const Status*, Handle, int*);
  int (*error_string)(int, char*, int*);

  Handle world, byte, errors_return;

  explicit Calls(const Library& from) {
    from.find(init_thread, "MPI_Init_thread");
    from.find(initialized, "MPI_Initialized");
    from.find(finalize, "MPI_Finalize");
    from.find(comm_size, "MPI_Comm_size");
    from.find(comm_rank, "MPI_Comm_rank");
    from.find(comm_dup, "MPI_Comm_dup");
    from.find(comm_set_errhandler, "MPI_Comm_set_errhandler");
    from.find(isend, "MPI_Isend");
    from.find(irecv, "MPI_Irecv");
    from.find(test, "MPI_Test");
    from.find(get_count, "MPI_Get_count");
    from.find(error_string, "MPI_Error_string");
    find_constants(from);
  }

 private:
  void find_constants(const Library& from);
};

template <>
inline void Calls<void*>::find_constants(const Library& from) {
  world = dlsym(from.handle, "ompi_mpi_comm_world");
  byte = dlsym(from.handle, "ompi_mpi_byte");
  errors_return = dlsym(from.handle, "ompi_mpi_errors_return");
}

template <>
inline void Calls<int>::find_constants(const Library&) {
  world = 0x44000000;
  byte = 0x4c00010d;
  errors_return = 0x54000001;
}

}  // namespace lt::comm
