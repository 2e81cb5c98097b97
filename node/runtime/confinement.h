// What a node process gives up, so that a mistake in it that a packet or a file can reach does no more
// than end the run (docs/security.md).
#pragma once

#include <string>

namespace soliton {

// The first thing a node does: from now on no program it runs could gain a right, a crash leaves no
// dump of its memory, which holds the key of the run, and no other process of its user can look into
// it; and when memory is short the kernel ends a node before the controller, which can say so.
// SOLITON_DEBUG_NODES in the environment leaves out what would keep a debugger away. What the kernel
// refuses is left out.
void give_up_privileges();

struct Confinement {
  bool filtered = false;
  std::string why_not;  // if it is not
};

// From now on this thread, and those it starts, make only the system calls of a node whose descriptors
// are open: on those, on its own memory and threads, on clocks. Those that would start, become, signal
// or inspect a process, make code, or open a socket or a file to write end it by SIGSYS; all others fail.
// Not in builds with sanitizers, which make other calls.
Confinement filter_system_calls();

}  // namespace soliton
