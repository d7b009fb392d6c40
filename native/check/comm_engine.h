// A check of an engine on several ranks, for ranks of any kind: each calls the same.
#pragma once
#include <memory>

#include "comm/comm.h"

namespace lt::check {

void check_engine(const std::shared_ptr<comm::Comm>& comm);

}  // namespace lt::check
