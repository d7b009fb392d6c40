// Shared memory whose every access is checked: inside its array, of an element that this block wrote, and with a barrier between
// one thread's writing and another's access.
#pragma once
#include "backend/gpu/face/blocks.h"

namespace lt::gpu::face {

template <class T>
class SharedPtr {
 public:
  class Ref {
   public:
    Ref(const SharedPtr& array, int64_t i) : array_(array), i_(i) {}
    Ref(const Ref&) = default;
    operator T() const { return array_.get(i_); }
    const Ref& operator=(T x) const {
      array_.set(i_, x);
      return *this;
    }
    const Ref& operator=(const Ref& x) const { return *this = static_cast<T>(x); }
    const Ref& operator+=(T x) const { return *this = static_cast<T>(*this) + x; }

   private:
    const SharedPtr& array_;
    int64_t i_;
  };

  SharedPtr(Blocks& blocks, SharedArray& array)
      : blocks_(&blocks),
        name_(array.name),
        data_(reinterpret_cast<T*>(array.data.get())),
        marks_(array.marks.data()),
        count_(static_cast<int64_t>(array.marks.size())) {}
  Ref operator[](int64_t i) const { return {*this, i}; }
  SharedPtr operator+(int64_t n) const {
    SharedPtr moved = *this;
    moved.data_ += n;
    moved.marks_ += n;
    moved.count_ -= n;
    moved.base_ += n;
    return moved;
  }

  T get(int64_t i) const {
    Mark& m = mark(i);
    const uint64_t me = blocks_->now() + static_cast<uint64_t>(blocks_->thread());
    if (m.written < blocks_->since()) fail(i, "is read before it is written");
    if (m.written >= blocks_->now() && m.written != me) fail(i, "is read with no barrier after its writing by thread", m.written);
    m.read = m.read < blocks_->now() || m.read == me ? me : blocks_->now() + several;
    return data_[i];
  }
  void set(int64_t i, T x) const {
    Mark& m = mark(i);
    const uint64_t me = blocks_->now() + static_cast<uint64_t>(blocks_->thread());
    if (m.written >= blocks_->now() && m.written != me) fail(i, "is written with no barrier after its writing by thread", m.written);
    if (m.read >= blocks_->now() && m.read != me) fail(i, "is written with no barrier after its reading by thread", m.read);
    m.written = me;
    data_[i] = x;
  }

 private:
  static constexpr uint64_t several = 0xffff;

  Mark& mark(int64_t i) const {
    if (i < 0 || i >= count_) fail(i, "is outside, the array has " + std::to_string(base_ + count_));
    return marks_[i];
  }
  [[noreturn]] void fail(int64_t i, const std::string& what) const {
    blocks_->fault("element " + std::to_string(base_ + i) + " of " + name_ + " " + what);
  }
  [[noreturn]] void fail(int64_t i, const char* what, uint64_t mark) const {
    const uint64_t thread = mark & several;
    fail(i, what + (thread == several ? std::string("s") : " " + std::to_string(thread)));
  }

  Blocks* blocks_;
  const char* name_;
  T* data_;
  Mark* marks_;
  int64_t count_, base_ = 0;
};

template <class T>
SharedPtr<T> shared(const void* key, const char* name, size_t count) {
  Blocks& b = Blocks::here();
  return {b, b.array(key, name, count * sizeof(T), count)};
}

template <class T>
SharedPtr<T> shared_dynamic(const char* name) {
  Blocks& b = Blocks::here();
  const Launch& l = b.launch();
  return {b, b.array(&l, name, l.shared, l.shared / sizeof(T))};
}

}  // namespace lt::gpu::face
