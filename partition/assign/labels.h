// The fastest plans over the sets of a lattice, by labels: what beginnings of plans that run a set
// of units can be known by. A label holds the accelerators used and when each result that is still
// needed is there; of two labels of a set the one that is nowhere better is dropped (Desrochers and
// Soumis 1988, for shortest paths with resources). Internal to the search.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "partition/assign/flow_graph.h"
#include "partition/assign/lattice.h"
#include "partition/assign/segment_walk.h"

namespace soliton::assignment {

struct LabelLimits {
  std::size_t labels_of_set = 0;  // the most promising are kept
  std::int64_t steps = 0;         // of work; search() lowers it
};

class LabelSearch {
 public:
  // The arguments outlive the object.
  LabelSearch(const UnitGraph& units, const FlowGraph& flow, const Lattice& lattice);

  // A plan faster than `below`, the fastest one over the lattice unless complete() is false.
  std::optional<LatencyPlan> search(std::int64_t below, LabelLimits& limits);
  // Whether no label was dropped for want of room or steps: then without a plan there is none over
  // the lattice.
  bool complete() const { return complete_; }

 private:
  static constexpr Index kNone = static_cast<Index>(-1);

  struct Label {
    Index set = 0, parent = kNone;
    Index node_class = 0;    // of the last segment, or unit on a CPU
    Index state = 0;         // accelerators used, mixed radix
    std::int64_t end = 0;    // when all is done so far
    std::int64_t bound = 0;  // no plan from here is done earlier
    std::size_t times = 0;   // into times_: of the set's open operators
  };
  void find_open();
  void find_radix();
  void expand(Index set);
  void map_slots(Index set);
  void run_on_cpu(Index set, const Lattice::Step& step);
  void run_on_cpu(Index at, const Lattice::Step& step, Index node_class);
  bool visit(Index start, Index set);
  std::int64_t tail_outside(Index op, Index set) const;
  void map_segment(Index start, Index set);
  void run_segment(Index start, Index set, Index node_class, std::int64_t load);
  void add(Label made);
  bool dominates(const Label& a, const std::int64_t* times_a, const Label& b,
                 const std::int64_t* times_b) const;
  std::size_t used(const Label& label, std::size_t node_class) const {
    return label.state / radix_[node_class] % (most_[node_class] + 1);
  }
  bool fewer_used(Index a, Index b) const;
  LatencyPlan plan_of(Index label) const;

  const UnitGraph& units_;
  const FlowGraph& flow_;
  const Lattice& lattice_;
  SegmentWalk walk_;
  Rows<Index> members_;                    // operators by unit, topologically
  std::vector<Index> member_slot_;         // by operator: its place among them
  Rows<Index> open_;                       // by set: operators with a consumer outside, ascending
  std::vector<std::size_t> radix_, most_;  // by class; 0 for CPUs
  std::vector<Label> labels_;
  std::vector<std::vector<Index>> of_set_;
  std::vector<std::int64_t> times_;
  // Of the set that is expanded.
  std::vector<Index> slot_of_;      // by operator: its place among the open ones
  std::vector<Index> from_;         // of the set a label is made for: slots of its open operators
  std::vector<Index> needed_;       // slots that a segment reads
  std::int64_t tail_ = 0;           // the longest rest after one of the segment's open operators
  std::vector<std::int64_t> ends_;  // of the operators of a unit on a CPU
  std::vector<std::int64_t> made_;  // times of a label that is being made
  std::int64_t below_ = kForever, steps_ = 0;
  std::size_t room_ = 0;
  bool complete_ = true;
};

}  // namespace soliton::assignment
