// Threads whose work can wait: they get the time that others leave, and a small share of a processor that others want.
#pragma once

namespace lt {

void run_in_background() noexcept;  // the calling thread, as long as it lives

}  // namespace lt
