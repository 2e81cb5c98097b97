// What an assignment of operators to nodes is worth, from its definition alone
// (partition/priced/assignment.h states it): loads, memory, order and value. Plain functions of
// values. Nothing is shared with what finds assignments (partition/assign): tests/link proves it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "partition/priced/assignment.h"
#include "partition/priced/priced_graph.h"

namespace soliton::verify {

using Places = std::vector<priced::Place>;  // by operator

// What one node has to do for a request.
struct NodeUse {
  priced::Place place;
  Duration computing{};
  Duration fetching{};  // of outputs of other nodes; 0 on a CPU
  Duration sending{};   // of outputs that other nodes read; 0 on a CPU
  Bytes bytes{};        // of memory

  Duration load() const { return computing + fetching + sending; }
};

// The first rule about single operators that is broken, in words: a place that does not exist, an
// operator where it cannot run, a group on two nodes. "" if there is none; the functions below
// require that.
std::string misplaced(const priced::PricedGraph& graph, const Places& places);

// Every node that holds operators, in the order of places. For objective latency the numbers of
// CPUs mean nothing.
std::vector<NodeUse> uses_of(const priced::PricedGraph& graph, const Places& places);

// The first accelerator with more on it than its memory holds, in words; "" if there is none.
std::string overfull(const priced::PricedGraph& graph, const std::vector<NodeUse>& uses);

// Nodes that wait for each other in a circle, in words; "" if there is none. For objective latency
// an operator on a CPU waits alone.
std::string circle(const priced::PricedGraph& graph, priced::Objective objective,
                   const Places& places);

// The value of the objective, also of an assignment that breaks the rules of memory and order; but
// nullopt for the latency of one with a circle, which never ends.
std::optional<Duration> value_of(const priced::PricedGraph& graph, priced::Objective objective,
                                 const Places& places);

}  // namespace soliton::verify
