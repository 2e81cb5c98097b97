// How many nodes of each class the beginning of a plan uses: the fewest nodes of one class, the main
// one, for each number of nodes of the others. Internal to the search.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/assign/prices.h"
#include "partition/assign/unit_graph.h"

namespace soliton::assignment {

using Count = std::uint32_t;
inline constexpr Count kNever = 1u << 30;  // "no such beginning"

// States are numbers of nodes of all classes but the main one, in mixed radix: a state with more
// nodes has a larger index.
class CountShape {
 public:
  CountShape(const UnitGraph& units, const Prices& prices);

  std::size_t states() const { return states_; }
  std::size_t classes() const { return stride_.size(); }
  std::size_t main() const { return main_; }
  Count main_most() const { return main_most_; }
  // By what a node of a class raises the index; 0 for the main class and classes without nodes.
  std::size_t stride(std::size_t node_class) const { return stride_[node_class]; }
  bool has_one_more(std::size_t state, std::size_t node_class) const {
    return has_one_more_[node_class][state];
  }
  bool has_free(std::size_t state, Count main, std::size_t node_class) const {
    return node_class == main_ ? main < main_most_
                               : stride_[node_class] > 0 && has_one_more(state, node_class);
  }
  // What the nodes that are left are worth for a unit of time.
  Wide free_price(std::size_t state, Count main) const {
    return free_price_[state] + main_price_ * static_cast<std::int64_t>(main_most_ - main);
  }
  // What is left has to be paid at least, in prices: units of `rest` and, where no node is left
  // that pays no transfers, transfers of `border`.
  Wide to_pay(std::size_t state, Wide rest, std::int64_t border) const {
    return only_paying_left_[state] ? rest + paying_price_ * border : rest;
  }

 private:
  std::size_t main_ = 0, states_ = 1;
  Count main_most_ = 0;
  std::vector<std::size_t> stride_;              // by class
  std::vector<std::vector<bool>> has_one_more_;  // by class, by state
  std::vector<bool> only_paying_left_;           // by state
  std::vector<Wide> free_price_;                 // by state, without the main class
  Wide main_price_ = 0, paying_price_ = 0;
};

// States at the positions of an order, taken from the front to the back.
class CountTable {
 public:
  CountTable(const UnitGraph& units, const Prices& prices) : shape_(units, prices) {}

  // Values of all states start as kNever, those of place 0 as 0.
  void reset(std::size_t places);

  // Ends the updates of a place, when all beginnings that lead to it were relaxed. Drops states
  // that cannot finish `rest` and `border` (CountShape::to_pay) with loads up to `most`, and lowers
  // `next` to the least load at which one of the dropped would stay. False if none is left.
  struct Rest {
    Wide price = 0;
    std::int64_t border = 0;
  };
  bool settle(std::size_t place, const Rest& rest, std::int64_t most, std::int64_t& next);

  // Whether the nodes that reach `place` also reach `further`, in each state.
  bool covers(std::size_t further, std::size_t place) const;

  // A segment from one place to a later one on a node of a class.
  void relax(std::size_t from, std::size_t to, std::size_t node_class);

  struct Step {
    std::size_t from = 0;
    std::size_t node_class = 0;
  };
  // Goes back from a place that is reached, over the steps that led there; the last step first.
  std::vector<Step> steps_back(std::size_t place) const;

 private:
  struct Parent {
    std::uint32_t place = 0;
    std::uint32_t node_class = 0;
  };
  Count* row(std::size_t place) { return values_.data() + place * shape_.states(); }
  const Count* row(std::size_t place) const { return values_.data() + place * shape_.states(); }
  void relax_main(std::size_t from, std::size_t to);
  void relax_other(std::size_t from, std::size_t to, std::size_t node_class);
  void spread(std::size_t place);

  CountShape shape_;
  std::vector<Count> values_;
  std::vector<Parent> parents_;
};

}  // namespace soliton::assignment
