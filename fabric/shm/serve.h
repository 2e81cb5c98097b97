// The node's end of a channel: runs one machine under the hub's grants until the channel is closed.
#pragma once

#include "fabric/machine.h"
#include "fabric/shm/channel.h"
#include "fabric/shm/remote_node.h"

namespace soliton {

// Blocks; between grants it sleeps and uses no CPU. Returns the last instant of the run when the
// hub closed the channel, or an error if `wait.alive` returned one or the hub wrote a malformed
// record (kBroken). A hub that was killed closes nothing, so a node process asks the kernel for a
// signal (PR_SET_PDEATHSIG, or one that makes `alive` fail). That costs nothing while it idles, so
// a slice of zero is the right choice here.
Result<Instant> serve_channel(Channel& channel, Machine& machine, NodeId self,
                              const WaitOptions& wait);

}  // namespace soliton
