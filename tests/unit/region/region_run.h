// Runs a graph that is split between CPU hosts and FPGAs on the roles of its nodes, without a
// network.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/workload/direct_run.h"
#include "node/cpu/cpu_host.h"
#include "node/service/npu_service.h"
#include "partition/ir/array_bytes.h"
#include "partition/ir/evaluate.h"
#include "partition/join/join_fpgas.h"

namespace soliton::test {

// Of 8 elements a native vector, so that small models are divided.
inline NpuDevice small_device() {
  NpuDevice device;
  device.name = "small";
  device.native_dim = 8;
  device.lanes = 8;
  device.matrix_rf_tiles = 4096;
  device.functions.clear();
  for (const NpuFunctionRow& row : kNpuFunctions) device.functions.push_back(row.function);
  device.formats = {{*parse_format("fp32"), 1}};
  return device;
}

struct RegionRun {
  // `lengths`: of the extents that the graph's inputs leave open, by request.
  explicit RegionRun(ir::Graph of, bool all_functions = true,
                     const std::vector<std::int64_t>& lengths = {})
      : graph(std::move(of)) {
    for (const ir::Input& input : graph.inputs)
      if (lengths.empty()) given.kinds.push_back(ir::Array::unknown(input.type, input.shape));
    for (const std::int64_t length : lengths) {
      GraphInputs one;
      for (const ir::Input& input : graph.inputs) {
        ir::Shape shape = input.shape;
        std::ranges::replace(shape, ir::kOpen, length);
        one.kinds.push_back(ir::Array::unknown(input.type, std::move(shape)));
      }
      given.given.push_back(one.request(static_cast<std::uint32_t>(given.given.size())));
    }
    given.step_axis = ir::varying_axis(given.given);
    shapes = lengths.empty() ? ir::alike(*ir::infer(graph, given.kinds))
                             : ir::infer_shapes(graph, ir::trials_of(given.given, given.step_axis));
    split = split_model({&graph,
                         &shapes,
                         [&](Opcode opcode) {
                           const NpuFunctionRow* row = function_of(opcode);
                           return all_functions || row == nullptr ||
                                  std::ranges::find(kUsualFunctions, row->function) !=
                                      std::end(kUsualFunctions);
                         },
                         {}});
  }

  // `stages` of a number of FPGAs each, which numbers their layers from 0 on. Returns by request the
  // outputs, all inputs drawn at random.
  std::vector<std::vector<ir::Array>> run(const std::vector<Stage>& stages, std::size_t fpgas,
                                          std::uint32_t requests = 1) {
    auto out = try_run(stages, fpgas, requests);
    EXPECT_TRUE(out);
    return out ? std::move(*out) : std::vector<std::vector<ir::Array>>();
  }
  // Nothing if the layers cannot be divided so.
  std::optional<std::vector<std::vector<ir::Array>>> try_run(const std::vector<Stage>& stages,
                                                             std::size_t fpgas,
                                                             std::uint32_t requests = 1);

  // The whole graph in fp32 for the same inputs.
  std::vector<ir::Array> in_fp32(std::uint32_t request = 0) const {
    return *ir::evaluate(graph, inputs().request(request));
  }
  const GraphInputs& inputs() const { return given; }

  ir::Graph graph;
  GraphInputs given;
  ir::RequestShapes shapes;
  SplitModel split;
  NpuDevice device = small_device();
};

inline std::optional<std::vector<std::vector<ir::Array>>> RegionRun::try_run(
    const std::vector<Stage>& stages, std::size_t fpgas, std::uint32_t requests) {
  PlacedGraph placed = *place_graph(
      place_request(graph, split, {"host"}, std::vector<std::size_t>(graph.nodes.size()), "host"));
  const GraphEnds ends = ends_of(placed);
  LowerRequest request;
  request.model = &split.fpga;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < fpgas; ++i) {
    names.push_back("fpga" + std::to_string(i));
    request.nodes.push_back({names.back(), device});
  }
  names.emplace_back("host");
  request.stages = stages;
  request.host = "host";
  request.ends = &ends;
  const Result<Lowered> lowered = lower(request);
  if (!lowered) return std::nullopt;
  for (const Shard& shard : lowered->shards)
    for (const Error& error : check_shard(shard).errors) ADD_FAILURE() << error.message;
  join_fpgas(lowered->host, split, shapes, placed);
  std::vector<std::unique_ptr<Role>> owned(names.size());
  for (std::size_t i = 0; i < lowered->shards.size(); ++i) {
    const std::size_t node = lowered->node[i];
    NpuServiceOptions options;
    options.self = NodeId{static_cast<std::uint32_t>(node)};
    owned[node] = std::make_unique<NpuService>(lowered->shards[i], options, names, nullptr);
  }
  CpuSpec spec;
  for (HostParts& host : placed.hosts) {
    spec.parts = std::move(host.parts);
    spec.streams = std::move(host.streams);
  }
  GraphClients& clients = spec.clients.emplace_back();
  clients.workload.clients = 1;
  clients.workload.requests = requests;
  clients.inputs = inputs();
  clients.copies[0].sends = placed.sends;
  clients.copies[0].initial = placed.initial;
  clients.copies[0].first_port = placed.first_reply;
  clients.replies = static_cast<std::uint16_t>(graph.outputs.size());
  CpuOptions options;
  options.self = NodeId{static_cast<std::uint32_t>(fpgas)};
  owned.back() = std::make_unique<CpuHost>(spec, options, names, nullptr);
  std::vector<Role*> roles;
  for (const auto& role : owned) roles.push_back(role.get());
  run_directly(roles);
  Records records;
  owned.back()->hand_over(records);
  std::vector<std::vector<ir::Array>> out;
  for (const HostRecord& record : records.requests) {
    if (!given.given.empty()) {
      EXPECT_EQ(record.steps, given.steps(index(record.request)));
    }
    Payload payload;
    payload.bytes = record.arrays;
    out.push_back(*ir::arrays_of(payload));
  }
  // State that is carried is there for a request that never comes.
  if (graph.states.empty())
    for (const Role* role : roles)
      for (const std::string& text :
           role == nullptr ? std::vector<std::string>() : role->describe_outstanding())
        ADD_FAILURE() << text;
  EXPECT_EQ(out.size(), requests);
  return out;
}

// The largest difference, as a share of the largest element that is wanted.
inline double error_of(const ir::Array& got, const ir::Array& want) {
  double most = 0, difference = 0;
  const auto a = got.as<float>(), b = want.as<float>();
  EXPECT_EQ(got.shape(), want.shape());
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    most = std::max(most, std::fabs(static_cast<double>(b[i])));
    difference = std::max(difference, std::fabs(static_cast<double>(a[i]) - b[i]));
  }
  return difference / std::max(most, 1e-30);
}

}  // namespace soliton::test
