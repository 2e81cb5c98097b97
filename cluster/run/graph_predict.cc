#include "cluster/run/graph_predict.h"

#include <algorithm>

#include "node/cpu/part_runner.h"
#include "partition/ir/array_bytes.h"
#include "partition/ir/evaluate.h"

namespace soliton {
namespace {

class Play {
 public:
  Play(const PlacedGraph& placed, const std::string& clients, std::size_t outputs,
       const std::map<std::string, CpuDevice>& devices, const MessageTime& message_time)
      : placed_(placed),
        clients_(clients),
        devices_(devices),
        message_time_(message_time),
        missing_(outputs) {}

  Result<GraphPrediction> run(const std::vector<ir::Array>& inputs) {
    for (std::size_t h = 0; h < placed_.hosts.size(); ++h) {
      cpus_.emplace_back(TimeBase::kEmulated);
      for (const CpuPart& part : placed_.hosts[h].parts) add_part(h, part);
    }
    for (std::size_t k = 0; k < inputs.size(); ++k) send(clients_, placed_.sends[k], inputs[k], {});
    while (!due_.empty()) {
      Message message = std::move(due_.begin()->second);
      due_.erase(due_.begin());
      if (const Status done = receive(std::move(message)); !done)
        return tl::unexpected(done.error());
    }
    if (missing_ > 0) return invalid("a part of the model never gets its inputs");
    for (std::size_t h = 0; h < cpus_.size(); ++h)
      out_.busy[placed_.hosts[h].node] = cpus_[h].busy();
    out_.latency = last_.at.time_since_epoch();
    out_.path = last_.path;
    return std::move(out_);
  }

 private:
  struct Part {
    std::size_t host = 0;
    const CpuPart* part = nullptr;
    std::vector<ir::Array> inputs;
    std::size_t missing = 0;
    Arrival last;
  };
  struct Message {
    PartPort to;
    ir::Array array;
    Arrival arrival;
  };

  void add_part(std::size_t host, const CpuPart& part) {
    Part& added = parts_.emplace_back();
    added.host = host;
    added.part = &part;
    added.inputs = part.initial;
    added.inputs.resize(part.graph.inputs.size());
    added.missing = static_cast<std::size_t>(
        std::ranges::count_if(added.inputs, [](const ir::Array& a) { return !a.present(); }));
  }

  void send(const std::string& from, const std::vector<PartPort>& ports, const ir::Array& array,
            const Arrival& leaves) {
    for (const PartPort& port : ports) {
      if (port.next_request) continue;
      Arrival arrival = leaves;
      if (port.node != from) {
        const std::int64_t bytes = ir::array_bytes(array);
        const Duration time = message_time_(from, port.node, bytes);
        arrival.at = later(arrival.at, time);
        arrival.path.network += time;
        out_.cut_bytes += array.bytes();
      }
      due_.emplace(arrival.at, Message{port, array, arrival});
    }
  }

  Status receive(Message message) {
    for (Part& part : parts_) {
      const std::size_t first = part.part->first_port;
      if (placed_.hosts[part.host].node != message.to.node || message.to.port < first ||
          message.to.port >= first + part.inputs.size())
        continue;
      part.inputs[message.to.port - first] = std::move(message.array);
      if (message.arrival.at >= part.last.at) part.last = message.arrival;
      return --part.missing == 0 ? fire(part) : Status();
    }
    --missing_;
    if (message.arrival.at >= last_.at) last_ = message.arrival;
    return {};
  }

  Status fire(Part& part) {
    Duration time{};
    const CpuDevice& device = devices_.at(placed_.hosts[part.host].node);
    const Result<ir::Outputs> outputs =
        ir::evaluate(part.part->graph, part.inputs,
                     [&](std::size_t node, const ir::Call& call, const ir::Outputs& made) {
                       const ir::Operator& op = *part.part->graph.nodes[node].kind;
                       time = sum(time, cpu_time(device, op, call, made));
                       out_.work += ir::work_of(op, call, made);
                     });
    if (!outputs) return tl::unexpected(outputs.error());
    const Arrival leaves = cpus_[part.host].occupy(part.last, time);
    for (std::size_t k = 0; k < outputs->size(); ++k)
      send(placed_.hosts[part.host].node, part.part->outputs[k], (*outputs)[k], leaves);
    return {};
  }

  const PlacedGraph& placed_;
  const std::string& clients_;
  const std::map<std::string, CpuDevice>& devices_;
  const MessageTime& message_time_;
  std::vector<Cpu> cpus_;  // by host
  std::vector<Part> parts_;
  std::multimap<Instant, Message> due_;
  std::size_t missing_;  // outputs of the model
  Arrival last_;
  GraphPrediction out_;
};

}  // namespace

Result<GraphPrediction> predict_graph(const PlacedGraph& placed, const std::string& clients,
                                      std::size_t outputs,
                                      const std::map<std::string, CpuDevice>& devices,
                                      const std::vector<ir::Array>& inputs,
                                      const MessageTime& message_time) {
  return Play(placed, clients, outputs, devices, message_time).run(inputs);
}

}  // namespace soliton
