// Priced graphs of any size for the bench. Determined by their sizes: the same on every machine.
#pragma once

#include "partition/priced/priced_graph.h"

namespace soliton {

// Of nodes, with room for 1.5 times the average share of all operators on each of them.
struct GeneratedNodes {
  std::int64_t fast = 64;
  std::int64_t slow = 0;  // take 1 to 3 times as long as the fast ones, by operator
};

// A backbone: every operator reads the one before it, and one in ten also one of the twenty before
// that. There is one topological order only.
priced::PricedGraph backbone(std::size_t operators, const GeneratedNodes& nodes);

// Blocks of two to four branches of one to six operators each, one after the other; some branches
// read a weight. There are as many topological orders as ways to mix the branches.
priced::PricedGraph branches(std::size_t operators, const GeneratedNodes& nodes);

}  // namespace soliton
