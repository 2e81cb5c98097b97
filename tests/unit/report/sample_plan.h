// A plan of three FPGAs and a host and a run of it, for the snapshots.
#pragma once

#include "cluster/report/summary.h"
#include "partition/plan/plan.h"

namespace soliton::sample {

inline Placement placement(const std::string& node, std::vector<std::string> holds,
                           std::int64_t tiles) {
  Placement p;
  p.node = node;
  p.device = "bw-pocket";
  p.place = "rack0";
  p.holds = std::move(holds);
  p.memory = {{"InitialVrf", 1, 64, Bytes{32}, Bytes{2048}},
              {"MatrixRf", tiles, 100, Bytes{tiles * 80}, Bytes{8000}}};
  return p;
}

// The memory of a host is not counted.
inline Placement host_placement(const std::string& node, std::vector<std::string> holds) {
  Placement p;
  p.node = node;
  p.device = "cpu";
  p.holds = std::move(holds);
  return p;
}

inline Plan plan() {
  Plan p;
  p.model = "language-gru";
  p.host = "host0";
  p.shards.resize(3);
  for (Shard& shard : p.shards) {
    shard.device.name = "bw-pocket";
    shard.device.clock = Frequency{250'000'000};
    shard.device.tile_engines = 1;
    shard.device.native_dim = 32;
    shard.device.lanes = 32;
  }
  p.placements = {placement("fpga0", {"rows 0-63 of gru"}, 81),
                  placement("fpga1", {"rows 64-127 of gru"}, 100),
                  placement("fpga2", {"rows 128-191 of gru", "classifier"}, 2),
                  host_placement("host0", {"/Gather", "/LogSoftmax"})};
  p.certificate.verdict = "optimal";
  p.certificate.plan_class = "contiguous";
  p.certificate.method = "exact chain search, 34 states";
  p.certificate.cost_model = "3";
  p.one_device = "one device would need 1.9 MiB more memory than it has";
  return p;
}

inline RequestRecord request(std::uint32_t number, std::int64_t latency_us) {
  RequestRecord r;
  r.request = RequestId{number};
  r.sent = kRunStart + microseconds(100 * number);
  r.completed = r.sent + microseconds(latency_us);
  r.path = {microseconds(latency_us) * 6 / 10,
            microseconds(latency_us) * 3 / 10,
            {},
            microseconds(latency_us) / 10};
  return r;
}

inline RunResults run() {
  RunResults r;
  r.name = "quickstart";
  r.seed = 7;
  r.time = "virtual";
  for (std::uint32_t i = 0; i < 1200; ++i) r.requests.push_back(request(i, i % 2 == 0 ? 30 : 40));
  r.sent = 1200;
  r.last_completed = kRunStart + milliseconds(120);
  r.operations_per_request = 768'000;
  r.peak_ops_per_second = 3 * 0.512e12;
  r.nodes = {{"fpga0", "bw-pocket", "npu", Bytes{10048}, Bytes{6512}, 0.5, "ok"},
             {"fpga1", "bw-pocket", "npu", Bytes{10048}, Bytes{8032}, 0.5, "ok"},
             {"fpga2", "bw-pocket", "npu", Bytes{10048}, Bytes{192}, 0.2, "ok"},
             {"fpga3", "bw-pocket", "idle", Bytes{10048}, Bytes{}, 0, "ok"},
             {"host0", "cpu", "host", Bytes{}, Bytes{}, 0.01, "ok"}};
  r.partition = {"latency", 3, 2048, nanoseconds(33'750), nanoseconds(29'400), 0.14};
  r.fabric.packets = 214'511;
  r.outputs.checked = 1200;
  r.outputs.accuracy = 0.842;
  r.outputs.accuracy_fp32 = 0.845;
  r.wall = {0.94, 0.1, 100, 5};
  return r;
}

inline SummaryContext context(const Plan& plan) {
  SummaryContext c;
  c.model = "language-gru";
  c.topology = "rack";
  c.precision = "ms-fp9";
  c.layout = "a process per node";
  c.plan = &plan;
  c.folder = "runs/quickstart-20261122-071204";
  return c;
}

}  // namespace soliton::sample
