// incast: several senders and one receiver, all as fast as it goes. A record is a message.
#include <fmt/format.h>

#include "node/traffic/one_way.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {

extern const TrafficKind kIncastTraffic;
const TrafficKind kIncastTraffic = {
    .name = "incast",
    .words = "several senders to one receiver; a record is a message, from hand-over to delivery",
    .records = "messages",
    .fields = kOneWayFields,
    .fills_line = true,
    .competes = true,
    .make = make_one_way_role,
    .bound = bound_of_flows,
    .title = [](const Traffic& t) { return fmt::format("incast {} : 1", t.senders.size()); },
    .has_receiver = true,
};

}  // namespace soliton
