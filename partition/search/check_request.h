// What a request must keep before a plan is looked for, and what is said when none comes of it.
#pragma once

#include "partition/search/find_plan.h"

namespace soliton {

// How many nodes a plan may use.
NodeLimits node_limits(const PartitionRequest& request, const NodesView& view);

// The model, formats, cell programs and native dimensions of the nodes, limits: all errors at once.
Diagnostics check_request(const PartitionRequest& request, const NodesView& view);

// No plan was found, or none that uses as many nodes as asked for.
Diagnostics refuse(const PartitionRequest& request, const NodesView& view, const FoundPlan& found);

// Plans exist, but none whose times can be told apart from the end of time; `best` is the best one.
Diagnostics refuse_time(const PartitionRequest& request, const Prediction& best);

}  // namespace soliton
