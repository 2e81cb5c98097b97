// Kinds of topologies as values: one file per kind below topologies/kinds, listed in kinds/list.cc.
//
// A new kind is a struct of options with its table of fields, a function that builds the graph, and
// a line in the list. Reader, writer, `soliton list`, schema and documentation follow from the
// value. How packets find their way needs nothing but `routed`: ways are looked up in tables
// (equal_paths.h, shortest_paths.h). A kind whose paths follow from its shape may compute those of
// `fixed` instead and set Topology::next_hops; then memory grows with the nodes and not with the square
// of its switches. They must be those that the tables would give.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/check.h"
#include "protocol/base/fields.h"
#include "protocol/base/result.h"
#include "topologies/topology.h"

namespace soliton {

// A cable into a switch, as far as a pause needs room for what is on it (pause.h).
struct SwitchCable {
  Duration latency{};
  BitRate rate{};
  Duration forwarding{};  // of the switch
};

struct TopologyKind {
  std::string_view name;
  std::string_view words;  // one line of what it is
  // Its own keys. Their values are TopologySpec::options.
  FieldTable fields;
  // Whether it has cables and switches that a file may set: bandwidth, ecn, pfc.
  bool wired = true;
  // Whether there may be several ways between two nodes, among which `routing` chooses, and how it
  // does where a file does not say.
  bool routed = false;
  Routing routing = Routing::kEcmp;
  // Whether the file names its switches and links: TopologySpec::explicit_*.
  bool drawn = false;

  // Places the nodes and builds the part of the graph that they use. Adds all errors to `errors`;
  // if there are any, the topology returned is ignored. Names, marks and pauses are checked and set
  // by build_topology(); kinds that are drawn check names themselves.
  Topology (*build)(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
                    Diagnostics& errors) = nullptr;
  // One of each kind of cable that leads to a switch, used or not.
  std::vector<SwitchCable> (*cables)(const TopologySpec& spec) = nullptr;
  // What one topology of the kind is, in a line: "up to 24 nodes under one switch, 40 Gb/s".
  std::string (*summary)(const TopologySpec& spec) = nullptr;
};

using TopologyKinds = std::span<const TopologyKind* const>;
// All kinds, in the order in which they are listed.
TopologyKinds topology_kinds();
// nullptr if there is none of this name.
const TopologyKind* find_topology_kind(std::string_view name,
                                       TopologyKinds kinds = topology_kinds());
std::vector<std::string> topology_kind_names(TopologyKinds kinds = topology_kinds());
// build_topology() with a list of kinds given by the caller.
Checked<Topology> build_topology(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
                                 TopologyKinds kinds);

// For the files of kinds: the options of a kind without any.
struct NoOptions {};
inline constexpr FieldTable kNoOptions = fields_of<NoOptions>("topology", {});

// The options of a spec as the kind's struct.
template <typename Options>
Options options_of(const TopologySpec& spec, const FieldTable& table) {
  Options options;
  const Status set = assign(table, spec.options, &options);
  SOLITON_CHECK_MSG(set.has_value(), "topology {}: {}", spec.name, set.error().message);
  return options;
}

}  // namespace soliton
