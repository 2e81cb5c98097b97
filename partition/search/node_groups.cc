#include "partition/search/node_groups.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <tuple>

namespace soliton {
namespace {

// What of a cable decides how long something takes on it, seen from one end.
using Cable = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

Cable cable_of(const TopologyLink& link) {
  return {link.latency.count(), link.rate.bits_per_second, link.queue.count,
          link.other.busy.parts_per_billion, link.other.longest.count()};
}

struct Attachment {
  std::uint32_t to = 0;
  Cable cable;
  bool operator==(const Attachment&) const = default;
};

// Per vertex, in order of link numbers: routes prefer the lower one.
std::vector<std::vector<Attachment>> attachments(const Topology& topology) {
  std::vector<std::vector<Attachment>> out(topology.vertices.size());
  for (const TopologyLink& link : topology.links) {
    out[link.ends[0]].push_back({link.ends[1], cable_of(link)});
    out[link.ends[1]].push_back({link.ends[0], cable_of(link)});
  }
  return out;
}

std::vector<Attachment> without(std::vector<Attachment> list, std::uint32_t vertex) {
  std::erase_if(list, [&](const Attachment& it) { return it.to == vertex; });
  return list;
}

auto content(const NpuDevice& it) {
  const NpuTimingParameters& t = it.timing;
  std::string formats;
  for (const NpuFormat& format : it.formats)
    formats += format.format.name + ":" + std::to_string(format.beats_per_tile) + " ";
  return std::tuple(it.matrix_rf_tiles, it.clock, it.tile_engines, it.lanes, it.native_dim,
                    it.batch_lanes, it.initial_vrf, it.add_sub_vrf_0, it.add_sub_vrf_1,
                    it.multiply_vrf, it.instruction_words, it.dram, it.dram_rate, t.dispatch_cycles,
                    t.slot_overhead_cycles, t.depth_cycles, t.depth_cycles_per_vector,
                    t.vector_cycles, t.vector_cycles_per_vector, t.request_cycles, it.name,
                    std::move(formats), it.cores, it.host_rate, t.word_cycles, t.word_rows,
                    t.word_depth_cycles, t.load_cycles, t.spread_cycles);
}

}  // namespace

bool name_before(const std::string& a, const std::string& b) {
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (!digit(a[i]) || !digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
      continue;
    }
    std::size_t end_a = i;
    std::size_t end_b = j;
    while (end_a < a.size() && digit(a[end_a])) ++end_a;
    while (end_b < b.size() && digit(b[end_b])) ++end_b;
    while (i + 1 < end_a && a[i] == '0') ++i;
    while (j + 1 < end_b && b[j] == '0') ++j;
    if (end_a - i != end_b - j) return end_a - i < end_b - j;
    if (const int order = a.compare(i, end_a - i, b, j, end_b - j); order != 0) return order < 0;
    i = end_a;
    j = end_b;
  }
  if (i < a.size() || j < b.size()) return j < b.size();
  return a < b;
}

std::vector<GroupedNode> classify(const PartitionRequest& request,
                                  const std::vector<std::size_t>& nodes) {
  std::vector<const NpuDevice*> seen;
  for (const std::size_t node : nodes) {
    const NpuDevice& device = request.nodes[node].device.npu;
    const auto same = [&](const NpuDevice* other) { return *other == device; };
    if (std::ranges::none_of(seen, same)) seen.push_back(&device);
  }
  std::ranges::stable_sort(
      seen, [](const NpuDevice* a, const NpuDevice* b) { return content(*b) < content(*a); });
  std::vector<GroupedNode> out;
  for (const std::size_t node : nodes) {
    const auto at = std::ranges::find_if(
        seen, [&](const NpuDevice* it) { return *it == request.nodes[node].device.npu; });
    out.push_back({node, static_cast<std::size_t>(at - seen.begin()), 0});
  }
  return out;
}

std::vector<std::vector<GroupedNode>> twins(const PartitionRequest& request,
                                            std::vector<GroupedNode> nodes) {
  std::ranges::sort(nodes, [&](const GroupedNode& a, const GroupedNode& b) {
    return name_before(request.nodes[a.node].name, request.nodes[b.node].name);
  });
  std::vector<std::vector<Attachment>> cables;
  if (request.topology != nullptr) cables = attachments(*request.topology);
  const auto alike = [&](const GroupedNode& a, const GroupedNode& b) {
    if (a.device_class != b.device_class || a.signature != b.signature) return false;
    if (cables.empty()) return true;
    const auto u = static_cast<std::uint32_t>(a.node);
    const auto v = static_cast<std::uint32_t>(b.node);
    return without(cables[u], v) == without(cables[v], u);
  };
  std::vector<std::vector<GroupedNode>> out;
  for (const GroupedNode& node : nodes) {
    const auto at =
        std::ranges::find_if(out, [&](const auto& group) { return alike(group.front(), node); });
    if (at == out.end()) {
      out.push_back({node});
    } else {
      at->push_back(node);
    }
  }
  return out;
}

namespace {

// A switch on which nodes hang that have no other cable: what is above it, and what hangs on it.
struct Leaf {
  bool plain = true;  // no host or other stranger hangs on it
  std::vector<Attachment> above;
  // class, signature, count, cable
  std::vector<std::tuple<std::size_t, std::size_t, std::size_t, Cable>> below;
  Duration forwarding{};
  bool store_and_forward = false;
  bool operator==(const Leaf&) const = default;
};

}  // namespace

std::vector<LeafOfGroup> exchangeable_leaves(const PartitionRequest& request,
                                             const std::vector<std::vector<GroupedNode>>& groups) {
  std::vector<LeafOfGroup> out;
  const std::size_t strangers = request.topology == nullptr ? 0 : request.topology->vertices.size();
  for (std::size_t g = 0; g < groups.size(); ++g) out.push_back({strangers + g, strangers + g});
  if (request.topology == nullptr) return out;
  const Topology& topology = *request.topology;
  const auto cables = attachments(topology);
  std::map<std::uint32_t, Leaf> leaves;
  std::vector<std::size_t> known(topology.vertices.size(), 0);  // usable nodes below
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto& own = cables[groups[g].front().node];
    if (own.size() != 1 || !topology.vertices[own[0].to].is_switch) continue;
    const GroupedNode& any = groups[g].front();
    leaves[own[0].to].below.emplace_back(any.device_class, any.signature, groups[g].size(),
                                         own[0].cable);
    known[own[0].to] += groups[g].size();
    out[g].leaf = own[0].to;
  }
  for (auto& [vertex, leaf] : leaves) {
    leaf.forwarding = topology.vertices[vertex].forwarding;
    leaf.store_and_forward = topology.vertices[vertex].store_and_forward;
    std::size_t below = 0;
    for (const Attachment& it : cables[vertex]) {
      if (topology.vertices[it.to].is_switch) {
        leaf.above.push_back(it);
      } else {
        ++below;
      }
    }
    leaf.plain = below == known[vertex];
    std::ranges::sort(leaf.below);
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto own = leaves.find(static_cast<std::uint32_t>(out[g].leaf));
    if (own == leaves.end() || !own->second.plain) continue;
    const auto same = [&](const auto& it) { return it.second == own->second; };
    out[g].kind = std::ranges::find_if(leaves, same)->first;
  }
  return out;
}

}  // namespace soliton
