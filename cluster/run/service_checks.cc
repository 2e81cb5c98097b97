#include "cluster/run/service_checks.h"

#include <algorithm>

#include "cluster/results/sha256.h"
#include "cluster/run/deploy.h"
#include "cluster/run/graph_fpgas.h"

namespace soliton {
namespace {

// What all answers are is what those of each service are, one after the other.
void add_outputs(const std::vector<OutputSummary>& services, OutputSummary& out) {
  if (services.size() == 1) {
    out = services.front();
    return;
  }
  Sha256 digest;
  out.known = false;
  for (const OutputSummary& one : services) {
    out.known = out.known || one.known;
    out.checked += one.checked;
    out.mismatched += one.mismatched;
    digest.update(one.sha256.value_or(""));
  }
  if (out.known) out.sha256 = digest.hex();
}

// The first ones, as the workload asks, and they only if they were answered.
void mark_warm_up(const WorkloadSpec& workload, std::vector<RequestRecord>& rows,
                  ServiceResult& result) {
  const auto share = static_cast<double>(workload.warm_up.parts_per_billion) / 1e9;
  const auto most = static_cast<std::int64_t>(share * static_cast<double>(workload.requests));
  for (RequestRecord& row : rows) {
    row.warm_up = std::int64_t{index(row.request)} < most;
    result.warm_up += row.warm_up && !row.refused && !row.failed;
  }
}

}  // namespace

ServiceChecks::ServiceChecks(const PreparedRun& run, std::optional<Error>& error, Compare compare) {
  const std::uint32_t every = compare == Compare::kAll ? functional_every(run.spec) : 0;
  for (const PreparedRun* service : services_of(run)) {
    One& one = services_.emplace_back();
    one.service = service;
    if (every == 0) continue;
    const GraphRun& graph = *service->graph;
    if (graph.on_fpgas()) one.split = split_reference(*service, error);
    if (error) return;
    one.reference = std::make_unique<GraphReference>(
        graph.graph, one.split.get(), graph.workload.inputs,
        static_cast<std::uint32_t>(service->spec.workload.requests), every);
  }
}

void ServiceChecks::finish(const std::vector<HostRecord>& records,
                           const std::function<bool()>& stop) {
  std::vector<std::vector<std::uint32_t>> answered(services_.size());
  for (const HostRecord& record : records)
    if (!record.refused) answered[record.service].push_back(index(record.request));
  for (std::size_t i = 0; i < services_.size(); ++i)
    if (services_[i].reference) services_[i].reference->finish(answered[i], stop);
}

void ServiceChecks::judge(std::vector<HostRecord> records, RunResults& results) const {
  std::vector<std::vector<HostRecord>> of_service(services_.size());
  if (services_.size() == 1)
    of_service.front() = std::move(records);
  else
    for (HostRecord& record : records) of_service[record.service].push_back(std::move(record));
  std::vector<OutputSummary> outputs;
  for (std::size_t i = 0; i < services_.size(); ++i) {
    const One& one = services_[i];
    RunResults part;
    judge_graph(one.service->graph->workload, std::move(of_service[i]), one.reference.get(), part);
    mark_warm_up(one.service->spec.workload, part.requests, results.services[i]);
    results.services[i].sha256 = part.outputs.sha256;
    results.services[i].checked = part.outputs.checked;
    results.services[i].mismatched = part.outputs.mismatched;
    outputs.push_back(std::move(part.outputs));
    if (services_.size() == 1)
      results.requests = std::move(part.requests);
    else
      results.requests.insert(results.requests.end(), part.requests.begin(), part.requests.end());
  }
  add_outputs(outputs, results.outputs);
}

}  // namespace soliton
