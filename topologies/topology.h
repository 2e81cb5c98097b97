// The graph of hosts, switches and links a cluster runs on, as values. Built by build_topology()
// from a TopologySpec.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/fields.h"
#include "protocol/base/quantity.h"
#include "protocol/base/result.h"
#include "protocol/base/types.h"
#include "topologies/other_traffic.h"
#include "topologies/pause.h"

namespace soliton {

// A switch's output queue marks packets (ECN) with a probability that rises from 0 at `kmin` to
// `most` at `kmax`, and all of them above. Defaults: Zhu et al., "Congestion control for
// large-scale RDMA deployments", SIGCOMM 2015, section 5.
struct EcnMarking {
  Bytes kmin{5'000};    // Lower: shorter queues, rates that fall for bursts that would have drained
  Bytes kmax{200'000};  // Lower: the same, harder
  Probability most{10'000'000};  // 1 %. Higher: rates fall sooner when a queue begins to grow
  bool operator==(const EcnMarking&) const = default;
};

inline constexpr Duration kLongestCable = milliseconds(3'600'000);

// A full-duplex cable between two vertices. Each direction has a latency, a rate and an output
// queue of its own.
struct TopologyLink {
  std::string name;            // "fpga0-tor0": the lower end first
  std::uint32_t ends[2] = {};  // vertices; direction 0 goes from ends[0] to ends[1]
  Duration latency{};          // propagation and fixed delays, one way
  BitRate rate{40'000'000'000};
  Bytes queue{16 << 20};  // tail drop above this; per direction; with pauses: of the lossy class
  OtherTraffic other;     // at both ends that are switches
  std::optional<EcnMarking> ecn;
};

inline constexpr std::uint32_t kNoNode = UINT32_MAX;

// Packets that the ports of a switch serve together. The cluster's are told apart by their LTL
// channel.
struct TrafficClass {
  std::string name;
  // Goes before all that are not strict and those behind it in the list, as long as it has packets.
  bool strict = false;
  // Share of the line among those that are not strict, in relation to the others' weights.
  std::int64_t weight = 1;
  std::vector<std::int64_t>
      channels;  // of which LTL packets are; those no class names are the first's
  bool operator==(const TrafficClass&) const = default;
};

// How a switch keeps packets that wait.
struct SwitchQueues {
  // For the packets of all its ports together; unset: each port has room for the link's `queue`.
  std::optional<Bytes> buffer;
  // A queue takes a packet if it is then no longer than this times what is free of the buffer. Lower:
  // room for ports that are idle now stays unused. Higher: one port can take all of it.
  double alpha = 1;
  std::vector<TrafficClass> classes;  // empty: one, first in, first out
  bool operator==(const SwitchQueues&) const = default;
};
inline constexpr std::int64_t kClassesMost = 8;
inline constexpr std::int64_t kChannelsMost = 256;  // those of LTL

struct Vertex {
  std::string name;  // node name or switch name
  bool is_switch = false;
  Duration forwarding{};           // switch: head in to head out, queues empty
  bool store_and_forward = false;  // false: cut-through
  std::string place;               // "rack0", "pod3/rack17"
  // Of a router: the node that it is a part of, whose cables are its. Packets enter and leave the node
  // over a line on the chip (building.h).
  std::uint32_t router_of = kNoNode;
  SwitchQueues queues;  // of a switch
};

// Bytes on the line that are not LTL's: preamble 8, Ethernet 14, IP 20, UDP 8, frame check 4,
// gap 12.
inline constexpr std::int64_t kFrameOverheadBytes = 66;

// One hop of a path: a link and the direction it is crossed in. What feeds a link in one direction
// is a port, so a hop names a port as well.
struct Hop {
  std::uint32_t link = 0;
  std::uint8_t direction = 0;
  bool operator==(const Hop&) const = default;
};

// Ports are numbered 2 x link + direction.
constexpr std::size_t port_of(Hop hop) { return std::size_t{hop.link} * 2 + hop.direction; }
constexpr Hop hop_of(std::size_t port) {
  return {static_cast<std::uint32_t>(port / 2), static_cast<std::uint8_t>(port % 2)};
}

// How a packet finds its way where several are equally good.
enum class Routing : std::uint8_t {
  kEcmp,   // of all ways over the fewest cables, one for each flow (equal_paths.h)
  kSpray,  // the same, one for each packet
  kFixed,  // the shortest one by latency, the same for all flows (shortest_paths.h)
};

// Time from a failure, or its end, until packets are sent on by what is left of the network.
inline constexpr Duration kReroute = microseconds(50);

class NextHops;

struct Topology {
  std::string name;
  std::vector<Vertex> vertices;  // the cluster's nodes first, in order of NodeId, then switches
  std::vector<TopologyLink> links;
  std::uint32_t nodes = 0;             // vertices [0, nodes) are cluster nodes
  std::optional<PriorityPause> pause;  // of every switch; unset: the cluster's class is lossy
  Routing routing = Routing::kFixed;
  std::uint64_t hash_seed = 0;                 // of `ecmp` and `spray`; others choose other ways
  std::optional<Duration> reroute = kReroute;  // unset: ways never change
  // Set by kinds that compute where packets go with `fixed`; otherwise it is looked up in tables
  // (routes.h).
  std::shared_ptr<const NextHops> next_hops;
};

// What the end of a cable is called: a router has its node's name.
const std::string& end_name(const Topology& topology, const TopologyLink& link, int end);
// "tor0 -> fpga16": the port of the first that feeds the cable to the second.
std::string port_name(const Topology& topology, Hop hop);

// A node as the cluster file places it. `at` is a path from the top ("rack0", "pod3/rack17"), the
// name of a switch where the kind is drawn, or empty: places are filled in order.
struct PlacedNode {
  std::string name;
  std::string at;
  std::string position{};  // "file:line:column" for messages; "" when it has none
  BitRate port{};          // of its network port; 0: as fast as its cables
  bool forward = false;    // passes on what is for others, where the kind is drawn
};

// A change of cables that a kind makes, chosen by name. Of several that name a cable the last one
// holds.
struct LinkOverride {
  std::string link;   // a name, a range "leaf[0-3]-spine0" or a glob; either end may come first
  Settings settings;  // the keys of kCableFields (topology_fields.h) that the file says
  std::string position{};  // "file:line:column" for messages
};

// What topologies/*.yaml or the `topology:` key of a cluster file says.
struct TopologySpec {
  std::string name;           // built-in or file name, for messages
  std::string position;       // "file:line:column" for messages; "" when it has none
  std::string kind = "rack";  // one of topology_kinds() (kind.h)
  Settings options;           // the keys of that kind; those left out are as by default
  // Rate of every cable that does not state its own. Ignored by kinds that are not wired.
  BitRate rate{40'000'000'000};
  // Marking at every cable that a switch feeds; unset: no marks.
  std::optional<EcnMarking> ecn = EcnMarking{};
  std::optional<PriorityPause> pause;  // of every switch
  std::optional<Routing> routing;      // of kinds that are routed; unset: as the kind does
  std::uint64_t hash_seed = 0;
  std::optional<Duration> reroute = kReroute;
  SwitchQueues switches;  // of all switches of kinds that are not drawn
  // Kinds that are drawn: switches and links by name; nodes of the cluster are attached by name
  // too.
  std::vector<Vertex> explicit_switches;
  struct NamedLink {
    std::string a, b;
    TopologyLink link;       // name, latency, rate, queue; ends are filled by build_topology()
    std::string position{};  // as above
  };
  std::vector<NamedLink> explicit_links;
  // Of kinds that are wired, drawn or not.
  std::vector<LinkOverride> overrides;
};

inline constexpr std::size_t kTopologyLinksLimit = 65'536;

// Places the nodes and builds the part of the topology they use. A cable runs at the least of its
// own rate and those of the ports it is plugged into. Errors: an unknown place, a rack that is
// full, a link to an unknown name, a name used twice, an override of no cable, more than
// kTopologyLinksLimit links (kInvalid; all of them, each with the position of what causes it). Nodes
// may be without a path to each other: reach.h.
Checked<Topology> build_topology(const TopologySpec& spec, const std::vector<PlacedNode>& nodes);

}  // namespace soliton
