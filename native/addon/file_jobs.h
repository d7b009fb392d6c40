// Jobs that make files of files: converting a folder, splitting, merging, editing, and comparing two.
#pragma once
#include <napi.h>

namespace lt::addon {

// (ticket, folder, to, { type, name }) -> job, of { bytes, tensors }
Napi::Value convert_folder(const Napi::CallbackInfo& info);
// (ticket, from, prefix, bytes, tensors) -> job, of { path, bytes }[]
Napi::Value split_file(const Napi::CallbackInfo& info);
// (ticket, from, to) -> job, of { bytes, tensors }
Napi::Value merge_file(const Napi::CallbackInfo& info);
// (ticket, from, to, [key, type, value][], removed keys) -> job, of { bytes, tensors }
Napi::Value edit_file(const Napi::CallbackInfo& info);
// (ticket, a, b) -> job, of { metadata, tensors }
Napi::Value diff_files(const Napi::CallbackInfo& info);

}  // namespace lt::addon
