// stream: one sender, one receiver, as fast as it goes. A record is a message.
#include "node/traffic/one_way.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {

extern const TrafficKind kStreamTraffic;
const TrafficKind kStreamTraffic = {
    .name = "stream",
    .words = "one sender, as fast as it goes; a record is a message, from hand-over to delivery",
    .records = "messages",
    .fields = kOneWayFields.ruled(&check_one_sender),
    .fills_line = true,
    .make = make_one_way_role,
    .bound = bound_of_flows,
    .has_receiver = true,
};

}  // namespace soliton
