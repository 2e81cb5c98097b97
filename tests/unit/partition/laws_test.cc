// The closed forms of tensor-parallel recurrent steps in docs/timing.md against the best of the
// ways to spread a layer, played through the cost model.
#include <gtest/gtest.h>

#include <cstdio>

#include "partition/cost/cost_model.h"
#include "partition/lower/stage_options.h"
#include "partition/search/plain_host.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

// Microseconds for `bytes` over 40 Gb/s in frames of 1408 with 66 bytes each.
double line_us(double bytes) { return (bytes + 66 * std::ceil(bytes / 1408)) / 5000; }

double up(std::int64_t a, std::int64_t b) { return static_cast<double>((a + b - 1) / b); }

// Nodes like bw-s10: 6 tile engines, native tiles of 400 x 400, 10 cycles of 4 ns each.
struct Law {
  Cell cell;
  std::int64_t hidden;
  std::int64_t nodes;

  double matrices() const { return cell == Cell::kGru ? 6 : 8; }
  double floor_us() const { return cell == Cell::kGru ? 2.53 : 2.90; }
  double rows_us() const { return rows_us((hidden + nodes - 1) / nodes); }
  // The device splits whole tile rows, so the fullest node may hold more than its even share.
  double whole_rows_us() const {
    const std::int64_t tile_rows = (hidden + 399) / 400;
    return rows_us(400 * ((tile_rows + nodes - 1) / nodes));
  }
  double rows_us(std::int64_t rows) const {
    const double compute = 0.04 * std::ceil(matrices() * up(rows, 400) * up(hidden, 400) / 6);
    const double exchange =
        1.44 + static_cast<double>(nodes - 1) * line_us(2 * static_cast<double>(rows));
    return std::max(floor_us(), compute) + (nodes > 1 ? exchange : 0);
  }
  double sides_us() const {
    const auto h = static_cast<double>(hidden);
    return std::max({floor_us(), matrices() * h * h / 24e6 / 2, line_us(matrices() * h)});
  }
};

struct Best {
  double us = 1e9;
  std::string option;
};

double step_us(const Lowered& lowered, const Topology& rack, const Routes& routes) {
  CostRequest request;
  request.shards = lowered.shards;
  request.topology = &rack;
  request.routes = &routes;
  const auto last_output = [&](std::int64_t steps) {
    const PricedHost host = plain_host("host0", lowered.host, steps);
    request.hosts = {&host, 1};
    return predict(request).last_output;
  };
  return in_us(last_output(60) - last_output(20)) / 40;
}

bool fits(const Lowered& lowered) {
  for (const Shard& shard : lowered.shards)
    for (const MemoryUse& use : memory_use(shard))
      if (use.used > use.capacity) return false;
  return true;
}

// Of all ways to use exactly so many nodes in one rack.
Best best(Cell cell, std::int64_t hidden, std::size_t nodes, bool reset_after = true) {
  const LayerGraph model =
      rnn({.cell = cell, .hidden = hidden, .reset_after = reset_after, .with_weights = false});
  TopologySpec spec;
  spec.kind = "rack";
  std::vector<PlacedNode> placed;
  for (std::size_t i = 0; i < nodes; ++i) placed.push_back({"fpga" + std::to_string(i), ""});
  placed.push_back({"host0", ""});
  const Topology rack = build_topology(spec, placed).value();
  const Routes routes(rack);
  Best out;
  for (const StageOption& option : stage_options(model, 0, 1, nodes, 400)) {
    Stage one = stage(0, 1, 0, nodes);
    one.option = option;
    const Lowered way = lowered(model, bw_s10(), nodes, {one}, "ms-fp8", false);
    if (!fits(way)) continue;
    const double us = step_us(way, rack, routes);
    std::printf("    %2zu nodes: %.2f us%s\n", nodes, us, describe(option).c_str());
    if (us < out.us) out = {us, describe(option)};
  }
  return out;
}

TEST(Laws, WideLayersScaleAsTheLawSays) {
  Best so_far;
  for (std::int64_t nodes = 11; nodes <= 16; ++nodes) {
    const Law law{Cell::kGru, 8192, nodes};
    const Best found = best(Cell::kGru, 8192, static_cast<std::size_t>(nodes));
    if (found.us < so_far.us) so_far = found;
    std::printf("GRU 8192 on up to %lld nodes: %.2f us%s, law %.2f (x %.3f)\n",
                static_cast<long long>(nodes), so_far.us, so_far.option.c_str(), law.rows_us(),
                so_far.us / law.rows_us());
    EXPECT_LE(so_far.us, 1.25 * law.rows_us());
  }
}

// One node makes no exchange, so its floor is that of the published rows, which reset before.
TEST(Laws, OthersAgree) {
  for (const Law& law : {Law{Cell::kGru, 2800, 1},
                         {Cell::kGru, 2816, 2},
                         {Cell::kGru, 3072, 2},
                         {Cell::kLstm, 2400, 1},
                         {Cell::kLstm, 4096, 4},
                         {Cell::kLstm, 5632, 8}}) {
    const Best found =
        best(law.cell, law.hidden, static_cast<std::size_t>(law.nodes), law.nodes > 1);
    std::printf("%s %lld on %lld: %.2f us%s, law %.2f (%+.1f %%), in whole tile rows %.2f\n",
                cell_name(law.cell), static_cast<long long>(law.hidden),
                static_cast<long long>(law.nodes), found.us, found.option.c_str(), law.rows_us(),
                100 * (found.us / law.rows_us() - 1), law.whole_rows_us());
    EXPECT_LE(found.us, 1.05 * law.whole_rows_us());
  }
}

TEST(Laws, TwoSidesOfALayerNeedNoRoundTripAStep) {
  const Law law{Cell::kGru, 3072, 2};
  const Best found = best(Cell::kGru, 3072, 2);
  std::printf("GRU 3072 in two sides: %.2f us%s, law %.2f\n", found.us, found.option.c_str(),
              law.sides_us());
  EXPECT_NEAR(found.us, law.sides_us(), 0.05 * law.sides_us());
}

}  // namespace
}  // namespace soliton::test
