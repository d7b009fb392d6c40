#include "backend/gpu/face/fiber.h"

#include <cstdint>
#include <cstring>

#include "backend/gpu/face/memory.h"
#ifdef LT_FACE_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace {
constexpr size_t stack_bytes = 256 << 10;
}  // namespace

extern "C" {
void lt_face_switch(void** from, void* to);  // stores the stack pointer, then goes on where `to` was stored
void lt_face_begin();
void lt_face_enter(void* fiber) { static_cast<lt::gpu::face::Fiber*>(fiber)->enter(); }
}

// The registers that a call preserves lie on the paused stack: System V ABI for x86-64, AAPCS64 for aarch64.
#if defined(__x86_64__)
asm(R"(
.text
.globl lt_face_switch
.hidden lt_face_switch
.type lt_face_switch, @function
lt_face_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size lt_face_switch, .-lt_face_switch
.globl lt_face_begin
.hidden lt_face_begin
.type lt_face_begin, @function
lt_face_begin:
  movq %r12, %rdi
  call lt_face_enter
  ud2
.size lt_face_begin, .-lt_face_begin
.section .note.GNU-stack, "", @progbits
.text
)");
static void* prepare(char* top, void* fiber) {
  void** at = reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(top) & ~uintptr_t{15});
  *--at = nullptr;  // aligns the stack at the call in lt_face_begin
  *--at = nullptr;
  *--at = reinterpret_cast<void*>(&lt_face_begin);
  at -= 6;  // r15 r14 r13 r12 rbx rbp
  std::memset(at, 0, 6 * sizeof *at);
  at[3] = fiber;
  return at;
}
#elif defined(__aarch64__)
asm(R"(
.text
.globl lt_face_switch
.hidden lt_face_switch
.type lt_face_switch, %function
lt_face_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size lt_face_switch, .-lt_face_switch
.globl lt_face_begin
.hidden lt_face_begin
.type lt_face_begin, %function
lt_face_begin:
  mov x0, x19
  bl lt_face_enter
  brk #1
.size lt_face_begin, .-lt_face_begin
.section .note.GNU-stack, "", %progbits
.text
)");
static void* prepare(char* top, void* fiber) {
  char* at = reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(top) & ~uintptr_t{15}) - 160;
  std::memset(at, 0, 160);
  std::memcpy(at, &fiber, sizeof fiber);
  void* begin = reinterpret_cast<void*>(&lt_face_begin);
  std::memcpy(at + 88, &begin, sizeof begin);
  return at;
}
#else
#error "the face of the GPU backend switches stacks on x86-64 and aarch64: build with LLAMA_TS_GPU_FACE=OFF"
#endif

namespace lt::gpu::face {

Fiber::Fiber(Body body, void* context)
    : body_(body), context_(context), bytes_(stack_bytes), stack_(std::make_unique_for_overwrite<char[]>(stack_bytes)) {
  inside_ = prepare(stack_.get() + bytes_, this);
}

Fiber::~Fiber() = default;

void Fiber::resume() {
#ifdef LT_FACE_ASAN
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, stack_.get(), bytes_);
  lt_face_switch(&outside_, inside_);
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#else
  lt_face_switch(&outside_, inside_);
#endif
}

void Fiber::leave([[maybe_unused]] void** fake) {
#ifdef LT_FACE_ASAN
  __sanitizer_start_switch_fiber(fake, outer_stack_, outer_bytes_);
#endif
  lt_face_switch(&inside_, outside_);
}

void Fiber::pause() {
  void* fake = nullptr;
  leave(&fake);
#ifdef LT_FACE_ASAN
  __sanitizer_finish_switch_fiber(fake, &outer_stack_, &outer_bytes_);
#endif
}

void Fiber::enter() {
#ifdef LT_FACE_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &outer_stack_, &outer_bytes_);
#endif
  body_(context_);
  leave(nullptr);  // for good: its fake stack is given back
}

}  // namespace lt::gpu::face
