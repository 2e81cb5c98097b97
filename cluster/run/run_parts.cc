#include "cluster/run/run_parts.h"

#include <deque>

#include "partition/ir/evaluate.h"

namespace soliton {
namespace {

// Parts run in the order in which their inputs become known.
class Running {
 public:
  explicit Running(const PartsRequest& request) : request_(request), placed_(*request.placed) {}

  Result<PartsRun> run() {
    for (const HostParts& host : placed_.hosts) add_host(host);
    for (std::size_t k = 0; k < request_.inputs.size(); ++k)
      give(request_.inputs[k], placed_.sends[k]);
    for (const auto& [array, ports] : placed_.initial) give(array, ports);
    for (const FpgaPlaces::Reader& reader : placed_.fpgas.readers)
      give(request_.results[reader.result], reader.to);
    while (!ready_.empty()) {
      const std::size_t part = ready_.front();
      ready_.pop_front();
      if (const Status fired = fire(parts_[part]); !fired) return tl::unexpected(fired.error());
    }
    for (const Part& part : parts_)
      if (part.missing > 0) return invalid("a part of the model never gets its inputs");
    return std::move(out_);
  }

 private:
  struct Part {
    const std::string* node = nullptr;
    std::size_t number = 0;  // of the node
    const CpuPart* part = nullptr;
    std::vector<ir::Array> inputs;
    std::size_t missing = 0;
  };

  void add_host(const HostParts& host) {
    out_.hosts[host.node].parts.resize(host.parts.size());
    for (std::size_t number = 0; number < host.parts.size(); ++number) {
      const CpuPart& part = host.parts[number];
      Part& added = parts_.emplace_back(Part{&host.node, number, &part, part.initial, 0});
      added.inputs.resize(part.graph.inputs.size());
      for (const ir::Array& input : added.inputs)
        if (!input.present()) ++added.missing;
    }
  }

  // An array of this request to the parts that take it.
  void give(const ir::Array& array, const std::vector<PartPort>& ports) {
    for (const PartPort& port : ports) {
      if (port.next_request || port.stream) continue;
      for (std::size_t i = 0; i < parts_.size(); ++i) {
        Part& part = parts_[i];
        const std::size_t first = part.part->first_port;
        if (*part.node != port.node || port.port < first || port.port >= first + part.inputs.size())
          continue;
        part.inputs[port.port - first] = array;
        if (--part.missing == 0) ready_.push_back(i);
      }
    }
  }

  Status fire(Part& part) {
    HostRun& host = out_.hosts[*part.node];
    PartRun& made = host.parts[part.number];
    const CpuDevice& device = request_.devices.at(*part.node);
    const Result<ir::Outputs> outputs =
        ir::evaluate(part.part->graph, part.inputs,
                     [&](std::size_t number, const ir::Call& call, const ir::Outputs& results) {
                       const ir::Operator& op = *part.part->graph.nodes[number].kind;
                       made.work = sum(made.work, cpu_time(device, op, call, results));
                       out_.work += ir::work_of(op, call, results);
                       return true;
                     });
    if (!outputs) return tl::unexpected(outputs.error());
    host.busy = sum(host.busy, made.work);
    for (std::size_t k = 0; k < outputs->size(); ++k) {
      give((*outputs)[k], part.part->outputs[k]);
      made.outputs.push_back((*outputs)[k].forgotten());
    }
    part.inputs.clear();
    return {};
  }

  const PartsRequest& request_;
  const PlacedGraph& placed_;
  std::vector<Part> parts_;
  std::deque<std::size_t> ready_;  // parts
  PartsRun out_;
};

}  // namespace

Result<PartsRun> run_parts(const PartsRequest& request) { return Running(request).run(); }

}  // namespace soliton
