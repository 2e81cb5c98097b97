// How many nodes of each class the beginning of a plan uses: the fewest nodes of one class, the main
// one, for each number of nodes of the others. Internal to the search.
//
// A state at a place of the search (a position of an order, a set of a lattice) is an index into a
// table: numbers of the other classes in mixed radix. Its value is the fewest nodes of the main
// class, kNever if there is no such beginning.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/assign/prices.h"
#include "partition/assign/unit_graph.h"

namespace soliton::assign {

using Count = std::uint32_t;
inline constexpr Count kNever = 1u << 30;

class CountTable {
 public:
  // Values of all states start as kNever, those of place 0 as 0.
  CountTable(const UnitGraph& units, const Prices& prices);

  std::size_t states() const { return states_; }
  void reset(std::size_t places);

  // Ends the updates of a place, when all beginnings that lead to it were relaxed. Drops states
  // that cannot finish `rest` (at the prices) with loads up to `most`; raises nothing else than
  // `next`, the least load at which one of the dropped would stay. False if no state is left.
  bool settle(std::size_t place, Wide rest, std::int64_t most, std::int64_t& next);

  // A segment from one place to a later one on a node of a class.
  void relax(std::size_t from, std::size_t to, std::size_t node_class);

  // The state at `place` that uses the fewest nodes; kNever: none.
  bool reached(std::size_t place) const;

  struct Step {
    std::size_t from = 0;
    std::size_t node_class = 0;
  };
  // Goes back from the last place, over the steps that led there; the last step first.
  std::vector<Step> steps_back(std::size_t place) const;

 private:
  struct Parent {
    std::uint32_t place = 0;
    std::uint32_t node_class = 0;  // kUnused: the same place with one node less of a class
  };
  Count* row(std::size_t place) { return values_.data() + place * states_; }
  void relax_main(std::size_t from, std::size_t to);
  void relax_other(std::size_t from, std::size_t to, std::size_t node_class);
  void spread(std::size_t place);

  std::size_t main_ = 0, states_ = 1;
  Count main_most_ = 0;
  std::vector<std::size_t> stride_;              // by class; 0: no other class
  std::vector<std::vector<bool>> has_one_more_;  // by class, by state
  std::vector<Wide> free_price_;                 // by state: what is left of the other classes
  Wide main_price_ = 0;
  std::vector<Count> values_;
  std::vector<Parent> parents_;
};

}  // namespace soliton::assign
