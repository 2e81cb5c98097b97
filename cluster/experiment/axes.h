// The axes of an experiment file, `grid`, `points` and `find`, and the series that their product is.
// Private to cluster/experiment.
#pragma once

#include <vector>

#include "cluster/experiment/axis_value.h"

namespace soliton {

// Reads the axes and all that belongs to them, and adds the series. Reports what is wrong to the map's
// context, also keys that the cluster file cannot have.
void read_axes(MapReader& map, const ExperimentOptions& options, Experiment& experiment);
FindSpec read_find(MapReader& find, const ClusterBase& base);

// Error: the product is too large, or so large that it has to be asked for.
Status check_runs(const std::vector<Axis>& axes, std::size_t seeds, bool allow_many);
void expand_axes(std::vector<Axis> axes, Experiment& experiment);

}  // namespace soliton
