// From a graph and a CPU host, or FPGAs, for each of its operators to the parts that the hosts run and
// the ports that join them.
//
// What FPGAs run is decided before and divided later (partition/region, partition/search): here they
// are places that take arrays, the sources, and make others, the results. When it is known which
// FPGA has which slices, attach_streams() adds their ports.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "partition/ir/cpu_part.h"
#include "protocol/base/result.h"

namespace soliton {

struct HostParts {
  std::string node;
  std::vector<CpuPart> parts;
  std::vector<StreamIn> streams = {};
};

// Where an array is sent from: an output of a part, an input of the model that clients send, or a
// result of FPGAs that a host hands on.
struct ArrayOrigin {
  enum class Kind : std::uint8_t { kPart, kClients, kResult } kind = Kind::kClients;
  std::string node;
  std::size_t part = 0;    // of the node
  std::size_t number = 0;  // output of the part, input of the model, or FpgaPlaces::readers
};

// The arrays that pass between CPU hosts and FPGAs.
struct FpgaPlaces {
  struct Source {
    ArrayOrigin origin;
    // State that is carried: what one request leaves goes to the next, and the first finds this.
    bool next_request = false;
    ir::Array initial;
  };
  std::vector<Source> sources;  // as PlaceRequest::sources
  // A host that needs a result, and where the array goes on it and from it.
  struct Reader {
    std::size_t result = 0;
    std::string node;
    std::vector<PartPort> to;
  };
  std::vector<Reader> readers;
  std::map<std::string, std::uint16_t> first_port;  // by host: of its first port for slices
};

struct PlacedGraph {
  std::vector<HostParts> hosts;              // those that run something, in the order given
  std::string clients;                       // node of the clients
  std::vector<std::vector<PartPort>> sends;  // by input of the graph: where the clients send it
  std::vector<InitialArray> initial;         // that the clients send as well
  std::uint16_t first_reply = 0;  // output k comes to port first_reply + k of the clients' node
  FpgaPlaces fpgas;
};

struct PlaceRequest {
  const ir::Graph* graph = nullptr;
  std::vector<std::string> hosts;
  std::vector<std::size_t> host_of;  // by node of the graph: index into `hosts`, or kOnFpgas
  std::string clients;               // node of the clients; may be one of the hosts
  // Arrays that FPGAs take, and that they make for others.
  std::vector<ir::ValueId> sources, results;
};
inline constexpr std::size_t kOnFpgas = static_cast<std::size_t>(-1);

// A host runs as few parts as possible without two of them waiting for each other: a part is all
// operators of one host that need as many changes of host before them. Error: kInvalid, the graph
// has no inputs, or needs more ports than a node has.
Result<PlacedGraph> place_graph(const PlaceRequest& request);

// A slice of every row of a source, and who takes it; and a slice of every row of what a reader
// gets.
struct SourceSlice {
  std::size_t source = 0;
  StreamCut cut;
  std::vector<std::pair<std::string, std::uint16_t>> to;  // FPGAs and their ports
};
struct ResultSlice {
  std::size_t reader = 0;
  StreamSlice slice;
};
// Joins the hosts with the FPGAs. `slices` of a reader come to consecutive ports, reader after
// reader on each host. `types` and `shapes`: by result, of the array; `tokens` as StreamIn.
struct FpgaSlices {
  std::vector<SourceSlice> sources;
  std::vector<ResultSlice> results;
  std::vector<ir::ElementType> types;
  std::vector<ir::Shape> shapes;
  std::vector<std::int64_t> tokens;
};
void attach_streams(const FpgaSlices& slices, PlacedGraph& placed);

}  // namespace soliton
