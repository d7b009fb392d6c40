// Timed runs of a backend's ops, beside the checks.
#pragma once

namespace lt::check {

int time_cpu(int argc, char** argv);

}  // namespace lt::check
