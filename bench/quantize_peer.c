/* The peer's quantizer, from the shared library in its npm package: quantize_peer LIBRARY IN OUT FILE_TYPE THREADS.
   Prints a JSON line: seconds, and the peak of resident memory in bytes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

/* The head of its parameters; what follows keeps the library's defaults. */
struct parameters {
  int32_t threads, file_type, output_type, embedding_type;
  bool allow_requantize;
  char rest[1024];
};

static void quiet(int level, const char* text, void* data) { (void)level, (void)text, (void)data; }

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 1;
  struct parameters (*defaults)(void) = (struct parameters(*)(void))dlsym(library, "llama_model_quantize_default_params");
  uint32_t (*quantize)(const char*, const char*, const struct parameters*) =
      (uint32_t(*)(const char*, const char*, const struct parameters*))dlsym(library, "llama_model_quantize");
  void (*log_set)(void (*)(int, const char*, void*), void*) = (void (*)(void (*)(int, const char*, void*), void*))dlsym(library, "llama_log_set");
  if (!defaults || !quantize || !log_set) return fprintf(stderr, "no quantizer in %s\n", argv[1]), 1;
  log_set(quiet, NULL);
  struct parameters p = defaults();
  p.file_type = atoi(argv[4]);
  p.threads = atoi(argv[5]);
  p.allow_requantize = true;
  struct timespec began, ended;
  clock_gettime(CLOCK_MONOTONIC, &began);
  if (quantize(argv[2], argv[3], &p) != 0) return fprintf(stderr, "the peer failed\n"), 1;
  clock_gettime(CLOCK_MONOTONIC, &ended);
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  printf("{\"seconds\": %.3f, \"peakBytes\": %ld}\n", (double)(ended.tv_sec - began.tv_sec) + 1e-9 * (double)(ended.tv_nsec - began.tv_nsec), used.ru_maxrss * 1024L);
  return 0;
}
