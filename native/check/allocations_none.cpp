// In place of allocations.cpp under the thread sanitizer, whose library has those operators: nothing is refused.
#include "check/allocations.h"

namespace lt::check {

SparedAllocations::SparedAllocations() = default;
SparedAllocations::~SparedAllocations() = default;

}  // namespace lt::check
