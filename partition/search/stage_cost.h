// What one stage costs on given nodes: it is lowered and played alone, once for each distinct
// question. Two questions are the same if the layers make the same programs and the nodes have the
// same devices at the same distances.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "partition/cost/free_play.h"
#include "partition/lower/stage_options.h"
#include "partition/search/layer_runs.h"
#include "partition/search/memo.h"
#include "partition/search/nodes_view.h"

namespace soliton {

// Layers, a number of nodes, and a way to spread the layers over them: a stage before its nodes are
// chosen.
struct StageShape {
  std::size_t first = 0;  // layers [first, last)
  std::size_t last = 0;
  std::size_t count = 1;
  StageOption option;
};

// `nodes`: indices into the view, in order of slices.
Stage to_stage(const StageShape& shape, std::span<const std::size_t> nodes);
StageShape shape_of(const Stage& stage);

// The time of a stage if no messages met each other; good enough to rank plans.
struct StageEstimate {
  Duration fill{};    // from first input to last output, for a request of one step
  Duration period{};  // each further step
  // A layer of the stage reads a sequence against the order in which it is made, so it waits for
  // all of it.
  bool barrier = false;
  Duration occupied(std::int64_t steps) const { return sum(fill, times(period, steps - 1)); }
};

class StageCosts {
 public:
  // Both must outlive the object.
  StageCosts(const PartitionRequest& request, const NodesView& view);

  // The largest number of nodes over which the layers can be spread, and the ways to use a given
  // number.
  std::size_t most_nodes(std::size_t first, std::size_t last) const;
  std::vector<StageOption> options(std::size_t first, std::size_t last, std::size_t count) const;
  // Whether the layers' tiles would fit that many nodes if each were as large as the largest node.
  bool tiles_could_fit(const StageShape& shape);

  // Equal numbers for nodes with equal devices at equal distances.
  std::uint32_t pattern(std::span<const std::size_t> nodes);

  // Whether no memory of the nodes is over its budget if they hold nothing but the stage.
  bool fits(const StageShape& shape, std::span<const std::size_t> nodes);

  // Null if the stage exceeds a memory of one of the nodes. The pointers stay valid.
  const StageEstimate* estimate(const StageShape& shape, std::span<const std::size_t> nodes,
                                std::uint32_t pattern);
  const FreePlay* bound(const StageShape& shape, std::span<const std::size_t> nodes,
                        std::uint32_t pattern);
  // A lower bound for any nodes of the cluster, as if they were as near to each other as any two
  // nodes are. Null if no nodes could hold the stage. If too many questions would have to be asked,
  // only `fits` is meaningful and all times are zero.
  const FreePlay* least(const StageShape& shape);

  std::uint32_t layer_class(std::size_t layer) const { return runs_.layer_class(layer); }
  // In the units of PlanPlayer::work().
  std::int64_t work() const { return work_; }

 private:
  struct Key {
    std::uint32_t run = 0;
    std::uint64_t shape = 0;
    std::uint32_t pattern = 0;
    bool operator==(const Key&) const = default;
  };
  struct Mix {
    std::size_t operator()(const Key& key) const;
  };
  using Devices = std::vector<const NpuDevice*>;
  using Groups = std::vector<std::size_t>;

  Key key(const StageShape& shape, std::uint32_t pattern);
  Devices devices_of(std::span<const std::size_t> nodes) const;
  Groups groups_of(std::span<const std::size_t> nodes) const;
  std::optional<Lowered> shards(const StageShape& shape, const Devices& devices);
  bool tiles_fit(const StageShape& shape, const Devices& devices) const;
  StageEstimate measure(const StageShape& shape, const Lowered& lowered, const Groups& groups);
  Duration cable_time(const StageShape& shape, const Lowered& lowered, const Groups& groups) const;
  // `groups`: those of the nodes; null: all nodes are as near to each other as any two are.
  // `steps_behind`: 0 for an estimate, else for a bound.
  FreePlay play(const StageShape& shape, const Lowered& lowered, const Groups* groups,
                std::int64_t steps, std::int64_t steps_behind);
  std::int64_t needed_behind(const StageShape& shape) const;
  std::optional<FreePlay> find_least(const StageShape& shape);
  std::optional<FreePlay> least_of(const StageShape& shape, const Devices& devices);
  bool is_barrier(const StageShape& shape) const;

  const PartitionRequest& request_;
  const NodesView& view_;
  LayerReaders readers_;
  LayerRuns runs_;
  NpuDevice largest_;  // the device with the largest matrix register file
  std::map<std::vector<std::uint32_t>, std::uint32_t> patterns_;
  Memo<Key, std::optional<StageEstimate>, Mix> estimates_;
  Memo<Key, std::optional<FreePlay>, Mix> bounds_;
  Memo<Key, std::optional<FreePlay>, Mix> least_;
  Memo<Key, bool, Mix> could_fit_;
  Memo<Key, bool, Mix> fits_;
  std::int64_t work_ = 0;
  std::int64_t least_work_ = 0;
};

}  // namespace soliton
