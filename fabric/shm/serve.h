// The node's end of a channel: runs one machine under the hub's grants until the channel is closed.
#pragma once

#include "fabric/machine.h"
#include "fabric/shm/channel.h"
#include "fabric/shm/remote_node.h"

namespace soliton {

// Blocks; between grants it sleeps and uses no CPU. Returns the last instant of the run when the
// hub closed the channel, or an error when `wait.alive` gave one or the hub wrote nonsense
// (kBroken). A hub that was killed closes nothing: a node process asks the kernel to be told
// (PR_SET_PDEATHSIG, or a signal that makes `alive` fail), which costs nothing while it idles; so
// here a slice of zero is the right choice.
Result<Instant> serve_channel(Channel& channel, Machine& machine, NodeId self,
                              const WaitOptions& wait);

}  // namespace soliton
