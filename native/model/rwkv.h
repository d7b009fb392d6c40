// RWKV 6 and 7 (Peng et al. 2024, "Eagle and Finch"; 2025, "RWKV-7 Goose") as mixers. Each reads its row and what it differs by from the
// row before, mixed column by column: the state keeps that row too. The time mix has a matrix as state for each head (Wkv), the channel mix
// is a feed-forward.
#pragma once
#include "model/hyper.h"
#include "model/mixer.h"

namespace lt::model {

Mixing read_time_mix6(Loader& loader, int64_t layer, const Hyper& hyper);
Mixing read_channel_mix6(Loader& loader, int64_t layer, const Hyper& hyper);

// Layer 0 writes its values to LayerMemory::inputs (n, width), from which the others' take a part.
Mixing read_time_mix7(Loader& loader, int64_t layer, const Hyper& hyper);
Mixing read_channel_mix7(Loader& loader, int64_t layer, const Hyper& hyper);

// What the files of both say of themselves, and is run one way alone.
void check_rwkv(const Loader& loader);

}  // namespace lt::model
