#version 460
//! size 16 64 128 256
// The selective scan with one decay a head (Dao & Gu 2024).
#include "scan.glsl"
