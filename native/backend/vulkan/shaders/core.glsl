// What every shader sees memory through. Only 32-bit loads and stores. All sums are written fused or `precise`, so that no
// compiler adds in another order or rounds at another place in one shader than in the next.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_control_flow_attributes : require

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Words { uint at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Floats { float at[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Ints { int at[]; };

#ifdef HALF
#extension GL_EXT_shader_16bit_storage : require
layout(buffer_reference, std430, buffer_reference_align = 2) buffer Halves { uint16_t at[]; };
#endif

// A group's row, or its first: what is beyond the device's limit of groups down lies behind (VulkanOps::grid). May be past the last.
uint group_down() { return gl_WorkGroupID.z * gl_NumWorkGroups.y + gl_WorkGroupID.y; }

const int page_size = 64;  // positions a page of the KV cache
