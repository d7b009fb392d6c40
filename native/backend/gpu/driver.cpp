#include "backend/gpu/gpu.h"

namespace lt::gpu::LT_GPU {

namespace {

// An error that does not stay is told once.
void forget() { static_cast<void>(LT_RT(GetLastError)()); }

}  // namespace

void check(Status status, const char* what) {
  if (status == LT_RT_NAME(Success)) return;
  forget();
  const std::string text = std::string(backend_name) + ", " + what + ": " + LT_RT(GetErrorString)(status);
  if (status == LT_RT_NAME(ErrorMemoryAllocation))
    throw Error(Code::memory, text + "; put fewer layers on the device, or use a smaller context");
  if (status >= LT_RT_NAME(ErrorStreamCaptureUnsupported) && status <= LT_RT_NAME(ErrorStreamCaptureWrongThread))
    throw Error(Code::unsupported, text + "; this driver cannot record the pass");
  throw Error(Code::device, text +
                                "; the models on this device are lost, others are not. See docs/build.md for the devices that a "
                                "build is for");
}

// The free memory of a device is asked for when it is opened: to ask is to use some.
Survey survey() {
  static const Survey found = [] {
    Survey s;
    int count = 0;
    const Status status = count_devices(&count);
    try {
      for (int i = 0; status == LT_RT_NAME(Success) && i < count; i++) s.devices.push_back(describe(i));
      if (s.devices.empty()) s.why_not = why_not(status);
    } catch (const Error& e) {
      s = {{}, e.what()};
    }
    return s;
  }();
  return found;
}

void use(int device) { check(LT_RT(SetDevice)(device), "choosing the device"); }
void use_quietly(int device) noexcept { static_cast<void>(LT_RT(SetDevice)(device)); }

void* allocate(size_t bytes) {
  void* p = nullptr;
  const Status status = LT_RT(Malloc)(&p, bytes);
  if (status == LT_RT_NAME(ErrorMemoryAllocation)) {
    forget();
    return nullptr;
  }
  check(status, "allocating memory");
  return p;
}

void release(void* p) noexcept { static_cast<void>(LT_RT(Free)(p)); }

void* allocate_pinned(size_t bytes) {
  void* p = nullptr;
  if (take_pinned(&p, bytes) == LT_RT_NAME(Success)) return p;
  forget();
  return nullptr;
}

void release_pinned(void* p) noexcept {
  if (p) static_cast<void>(free_pinned(p));
}

uint64_t free_bytes() {
  size_t free = 0, total = 0;
  check(LT_RT(MemGetInfo)(&free, &total), "asking for the free memory");
  return free;
}

Graph::~Graph() {
  if (handle_) static_cast<void>(LT_RT(GraphExecDestroy)(handle_));
}

void Graph::launch(Stream& on) { check(LT_RT(GraphLaunch)(handle_, on.handle()), "launching a recorded pass"); }

Stream::Stream(const std::string&) { check(LT_RT(StreamCreateWithFlags)(&handle_, LT_RT_NAME(StreamNonBlocking)), "opening a stream"); }

Stream::~Stream() {
  static_cast<void>(LT_RT(StreamSynchronize)(handle_));
  static_cast<void>(LT_RT(StreamDestroy)(handle_));
}

void Stream::zero(void* to, size_t bytes) {
  if (bytes > 0) check(LT_RT(MemsetAsync)(to, 0, bytes, handle_), "clearing memory");
}

void Stream::to_device(void* to, const void* pinned, size_t bytes) {
  check(LT_RT(MemcpyAsync)(to, pinned, bytes, LT_RT_NAME(MemcpyHostToDevice), handle_), "copying to the device");
}

void Stream::to_host(void* to, const void* from, size_t bytes) {
  if (bytes > 0) check(LT_RT(MemcpyAsync)(to, from, bytes, LT_RT_NAME(MemcpyDeviceToHost), handle_), "copying from the device");
}

void Stream::wait() { check(LT_RT(StreamSynchronize)(handle_), "waiting for the device"); }

void Stream::begin() { check(LT_RT(StreamBeginCapture)(handle_, LT_RT_NAME(StreamCaptureModeThreadLocal)), "recording a pass"); }

Graph Stream::end() {
  LT_RT_NAME(Graph_t) graph = nullptr;
  check(LT_RT(StreamEndCapture)(handle_, &graph), "recording a pass");
  LT_RT_NAME(GraphExec_t) handle = nullptr;
  const Status status = instantiate(&handle, graph);
  static_cast<void>(LT_RT(GraphDestroy)(graph));
  check(status, "preparing a recorded pass");
  return Graph(handle);
}

void Stream::cancel() noexcept {
  LT_RT_NAME(Graph_t) graph = nullptr;
  if (LT_RT(StreamEndCapture)(handle_, &graph) == LT_RT_NAME(Success) && graph) static_cast<void>(LT_RT(GraphDestroy)(graph));
}

Event::~Event() {
  if (handle_) static_cast<void>(LT_RT(EventDestroy)(handle_));
}

void Event::record(Stream& stream) {
  if (!handle_) check(LT_RT(EventCreateWithFlags)(&handle_, LT_RT_NAME(EventDisableTiming)), "making an event");
  check(LT_RT(EventRecord)(handle_, stream.handle()), "recording an event");
}

void Event::wait() {
  if (handle_) check(LT_RT(EventSynchronize)(handle_), "waiting for an upload");
}

}  // namespace lt::gpu::LT_GPU
