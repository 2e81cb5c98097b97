// The independent checker of delivery: from the record of a run (node/shell/message_history.h) it says
// whether every message arrived once, in order, as it was sent, and nothing that was not. It shares no
// code with the transport, and knows nothing of packets.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "node/shell/message_history.h"

namespace soliton {

// A sentence for each pair of nodes with a message that is wrong, about the first such message.
// `complete`: the run came to its own end, so that what was sent has arrived. `names` by NodeId.
std::vector<std::string> check_history(std::span<const MessageEvent> events, bool complete,
                                       std::span<const std::string> names);

}  // namespace soliton
