// What a request must satisfy before a search begins, and the errors if no plan is found.
#pragma once

#include "partition/search/find_plan.h"

namespace soliton {

// The least and the greatest number of nodes that a plan may use.
NodeLimits node_limits(const PartitionRequest& request, const NodesView& view);

// Checks the model, formats, cell programs and native dimensions of the nodes, and limits; returns
// all errors at once.
Diagnostics check_request(const PartitionRequest& request, const NodesView& view);

// The error if no plan was found, or none that uses as many nodes as asked for.
Diagnostics refuse(const PartitionRequest& request, const NodesView& view, const FoundPlan& found);

// The error if plans exist but all take so long that emulated time ends; `best` is the best of
// them.
Diagnostics refuse_time(const PartitionRequest& request, const Prediction& best);

}  // namespace soliton
