// Nodes of one set do not reach those of another: packets between them are lost on the cable of their
// sender. Shapes are those of partitions that break agreement protocols (Alquraan et al., "An analysis of
// network-partitioning failures in cloud systems", OSDI 2018).
#include <fmt/format.h>

#include <algorithm>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

enum class Shape : std::uint8_t { kSets, kOneWay, kBridge, kRing };
struct PartitionOptions {
  Shape shape = Shape::kSets;
};
constexpr FieldWord kShapes[] = {word("sets", Shape::kSets), word("one-way", Shape::kOneWay),
                                 word("bridge", Shape::kBridge), word("ring", Shape::kRing)};
constexpr Field kRows[] = {
    field<&PartitionOptions::shape>("shape",
                                    "`sets`: no set reaches another; `one-way`: the first reaches "
                                    "no other set, but is reached; "
                                    "`bridge`: the last set is reached by all, and reaches all; "
                                    "`ring`: each node of the one set reaches "
                                    "the nearest half of it, in its order.")
        .spelled(kShapes),
};
constexpr FieldTable kFields = fields_of<PartitionOptions>("fault_partition", kRows);

class Partition final : public LinkEffect {
 public:
  Partition(const PartitionOptions& options, const NodeSets& sets) : o_(options) {
    for (std::size_t set = 0; set < sets.size(); ++set)
      for (std::size_t place = 0; place < sets[set].size(); ++place) {
        const std::uint32_t node = sets[set][place];
        if (node >= places_.size()) places_.resize(node + 1);
        places_[node] = {static_cast<std::uint32_t>(set + 1), static_cast<std::uint32_t>(place)};
      }
    last_ = static_cast<std::uint32_t>(sets.size());
    size_ = sets.empty() ? 0 : static_cast<std::uint32_t>(sets.front().size());
  }
  LinkStage stage() const override { return LinkStage::kSize; }

  FaultAction act(const Encounter& m) const override {
    const Place from = place_of(m.crossing.source), to = place_of(m.crossing.destination);
    if (from.set == 0 || to.set == 0 || reaches(from, to)) return {};
    return {.what = FaultAction::What::kDrop};
  }
  std::string words() const override { return "lost packets between the sets"; }

 private:
  struct Place {
    std::uint32_t set = 0;  // from 1; 0: in none
    std::uint32_t place = 0;
  };

  Place place_of(NodeId node) const {
    return index(node) < places_.size() ? places_[index(node)] : Place{};
  }
  bool reaches(const Place& from, const Place& to) const {
    switch (o_.shape) {
      case Shape::kSets:
        return from.set == to.set;
      case Shape::kOneWay:
        return from.set == to.set || from.set != 1;
      case Shape::kBridge:
        return from.set == to.set || from.set == last_ || to.set == last_;
      case Shape::kRing: {
        const std::uint32_t apart =
            from.place > to.place ? from.place - to.place : to.place - from.place;
        return std::min(apart, size_ - apart) <= (size_ + 2) / 4;
      }
    }
    return true;
  }

  PartitionOptions o_;
  std::vector<Place> places_;  // by node
  std::uint32_t last_ = 0;     // set
  std::uint32_t size_ = 0;     // of the first set
};

}  // namespace

extern const FaultKind kPartitionFault = {
    .name = "partition",
    .words = "sets of nodes do not reach each other",
    .example = "{at: 1 ms, for: 500 us, partition: [\"fpga[0-1]\", \"fpga[2-3]\"]}",
    .short_path = "sets",
    .short_alias = "",
    .target = FaultKind::Target::kNodeSets,
    .must_hold = "D L",
    .fields = kFields,
    .make = make_effect_of_sets<Partition, PartitionOptions, kFields>,
};

}  // namespace soliton
