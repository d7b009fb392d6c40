// Checks of what happens between ranks, for ranks of any kind: each calls the same.
#pragma once
#include "comm/comm.h"

namespace lt::check {

void check_sums(comm::Comm& comm);
void check_gathers(comm::Comm& comm);

}  // namespace lt::check
