// What lists points of a sweep, and a manifest of Kubernetes that has its parts played.
#pragma once

#include <string>
#include <vector>

#include "cluster/cli/sweep_parts.h"
#include "cluster/experiment/experiment.h"

namespace soliton {

// `parts`: how many; 0: not known, and no part is named.
std::string listed_text(const std::vector<ListedPoint>& points, std::size_t parts);
std::string listed_json(const std::vector<ListedPoint>& points, std::size_t parts);

// A ConfigMap with the files and an Indexed Job with a pod for each part. Results are left on the volume
// of a claim that the user makes. Errors as manifest_files().
Checked<std::string> sweep_manifest(const EmittedSweep& sweep, const Experiment& experiment,
                                    const DataRoot& data);

}  // namespace soliton
