// What secrets leave behind on their way into secret memory: a configuration's text, a TOML tree, a JSON body, a string
// that grew. Each piece is somebody else's type, so it is not these that are taught to wipe themselves:
//
//   the heap    this program's operator delete wipes whatever is freed (wiping_delete.cc)
//   the stack   short strings and what a cipher library spilled; washed below the control loop after each of its turns
//
// Workers free nothing while they work, so it is no cost of theirs.
#pragma once

namespace fanlight::control {

// Wipes what deeper calls than the caller's have left on this thread's stack.
void wash_stack();

}  // namespace fanlight::control
