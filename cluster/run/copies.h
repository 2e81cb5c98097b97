// The copies of a service's model: replicas on devices of their own, each with a front, the host that
// numbers its requests. The plan is that of the first copy; the others are the same on other nodes.
//
// The NPUs that a service may use are cut into as many slices as there are copies, in the order of the
// file. The plan is searched in the first slice, and a copy has the nodes at the same positions of its own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cluster/file/spec.h"
#include "partition/ir/cpu_part.h"
#include "partition/place/place_graph.h"
#include "partition/search/partition.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct PreparedRun;

struct CopyPlace {
  // A host with clients that is not the front.
  struct Guest {
    std::string node;
    std::uint16_t inputs = 0;   // first port of the front for its batches
    std::uint16_t replies = 0;  // first port of the guest for answers
  };
  std::string front;
  std::map<std::string, std::string> nodes;  // in place of those of the plan; others stay
  // By node of the plan: what comes before the plan's ports there.
  std::map<std::string, std::uint16_t> first_port;
  std::vector<Guest> guests;

  const std::string& node(const std::string& of_plan) const;
  std::uint16_t port(const std::string& node_of_plan, std::uint16_t of_plan) const;
};

// Where a service's clients are, in the order in which they are dealt to: at least one, if any node has a
// CPU.
std::vector<std::string> client_hosts_of(const ClusterSpec& spec);

// Keeps the search for a plan to what a copy may have. Without replicas and other services: nothing changes.
void confine(const PreparedRun& run, PlanConstraints& constraints);
// "with 4 replicas each may use 2 of 8 devices: ", "beside other services: ", or "".
std::string slice_words(const PreparedRun& run);

// Places all copies, the plan's first: fills run.copies, and says where they are in run.plan.explanation.
// Errors: kDoesNotFit, too few devices, with the bytes short; state that is carried.
Diagnostics place_copies(PreparedRun& run);
// Gives the hosts of all services ports that differ. Error: there are not so many.
Diagnostics deal_ports(PreparedRun& run);

// What a copy has, from what the plan has.
Shard shard_at(const Shard& shard, const CopyPlace& copy);
HostParts parts_at(const HostParts& host, const CopyPlace& copy);
std::vector<PartPort> ports_at(const std::vector<PartPort>& ports, const CopyPlace& copy);
std::vector<InitialArray> initial_at(const std::vector<InitialArray>& initial,
                                     const CopyPlace& copy);

}  // namespace soliton
