// The arrays that pass between CPU hosts and FPGAs: who needs results, and who sends sources. Inside
// partition/place only.
#pragma once

#include <vector>

#include "partition/place/place_graph.h"

namespace soliton::place {

// A part while it is made, with the values behind its ports.
struct Part {
  std::size_t host = 0;
  CpuPart part;
  std::vector<ir::ValueId> inputs, outputs;
  std::size_t number = 0;  // among the parts of its host
};

// The ports of parts to which a value goes.
std::vector<PartPort> consumers(const PlaceRequest& request, const std::vector<Part>& parts,
                                ir::ValueId id, bool next_request);

// Fills FpgaPlaces::readers and sources. REQUIRES: the parts have their ports and numbers.
void find_fpga_places(const PlaceRequest& request, const std::vector<Part>& parts,
                      PlacedGraph& placed);

}  // namespace soliton::place
