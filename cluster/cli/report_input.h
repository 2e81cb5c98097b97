// What report.html is made of, from a run that has just ended or from its folder.
#pragma once

#include <string>

#include "cluster/file/spec.h"
#include "cluster/report/report_html.h"
#include "cluster/results/critical_path.h"
#include "topologies/topology.h"

namespace soliton {

// The workloads of a run without a model.
std::string workload_words(const ClusterSpec& spec);

// What a report says of a cluster file; its texts are left as they are.
void describe_cluster(const ClusterSpec& spec, const Topology& topology, ReportInput& out);

// The nodes of a cluster file, for the paths of requests.
PathNodes path_nodes(const ClusterSpec& spec);

// Of a run's folder as far as its files can be read; what cannot is said in `missing`. kInvalid: it is
// no folder of a run.
Result<ReportInput> read_report_input(const std::string& folder, const DataRoot& data);

}  // namespace soliton
