#version 460
//! size 16 64 128 256
// The selective scan with a decay for each float of a column's state (Gu & Dao 2023).
#define EACH
#include "scan.glsl"
