// How the threads of the relay share a CPU when they must.
//
// A key derivation keeps the control thread busy for milliseconds. Where a worker shares its CPU, its packets would
// wait that long, for the kernel gives each its share, not the one its turn. So the control thread weighs a tenth of a
// worker there, and a worker asks for short turns, which come sooner (Linux 6.12; before, the request is ignored).
#pragma once

namespace fanlight::control {

// The calling thread, and those that it starts from then on. Never fails: without it all is as it was.
void give_way_to_workers() noexcept;
void ask_for_short_turns() noexcept;

}  // namespace fanlight::control
