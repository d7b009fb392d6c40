// The addon for Windows imports from NODE.EXE when it first calls it. This answers with the program that runs, whatever its name:
// Windows would load a second node.exe beside a renamed one. (cmake-js has the like for Microsoft's compiler alone.)
#include <windows.h>

#include <cstring>
#include <delayimp.h>

namespace {

FARPROC WINAPI running_program(unsigned event, DelayLoadInfo* info) {
  if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return nullptr;
  return reinterpret_cast<FARPROC>(GetModuleHandleA(nullptr));
}

}  // namespace

extern "C" {
PfnDliHook __pfnDliNotifyHook2 = running_program;
}
