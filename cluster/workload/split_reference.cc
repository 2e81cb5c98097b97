#include "cluster/workload/split_reference.h"

#include <string>
#include <utility>

#include "cluster/workload/direct_run.h"
#include "node/cpu/cpu_host.h"
#include "node/service/npu_service.h"

namespace soliton {

void answer_split(const SplitReference& reference, const GraphInputs& inputs,
                  std::uint32_t requests, std::uint32_t functional_every,
                  const std::atomic<bool>& given_up,
                  const std::function<bool(std::uint32_t, std::vector<std::byte>)>& take) {
  const std::vector<std::string> names{"host", reference.fpga.node};
  CpuSpec spec = reference.host;
  GraphClients& clients = spec.clients.front();
  clients.workload = {};
  clients.workload.requests = requests;
  clients.inputs = inputs;
  CpuHost host(spec, {.self = NodeId{0}, .functional_every = functional_every}, names, nullptr);
  NpuServiceOptions options;
  options.self = NodeId{1};
  options.functional_every = functional_every;
  options.given_up = &given_up;
  NpuService fpga(reference.fpga, options, names, nullptr);
  run_directly({&host, &fpga}, [&] {
    Records records;
    host.hand_over(records);
    // What has been answered since then may lack values.
    if (given_up) return true;
    bool more = true;
    for (HostRecord& record : records.requests)
      more = take(index(record.request), std::move(record.arrays)) && more;
    return !more;
  });
}

}  // namespace soliton
