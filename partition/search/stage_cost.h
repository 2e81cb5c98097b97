// What one stage costs on given nodes: lowered alone and played, once per distinct question. Two
// questions are the same when layers make the same programs and the nodes have the same devices at
// the same distances.
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

// Which layers, over how many nodes, in which way: a stage before its nodes are chosen.
struct StageShape {
  std::size_t first = 0;  // layers [first, last)
  std::size_t last = 0;
  std::size_t count = 1;
  StageOption option;
};

// `nodes`: positions in the view, in order of slices.
Stage to_stage(const StageShape& shape, std::span<const std::size_t> nodes);
StageShape shape_of(const Stage& stage);

// What a stage would take if no message met another; good enough to rank plans by.
struct StageEstimate {
  Duration fill{};    // first input to last output, for a request of one step
  Duration period{};  // each further step
  // Something in the stage reads a sequence against the order it is made in and waits for all of
  // it.
  bool barrier = false;
  Duration occupied(std::int64_t steps) const { return sum(fill, times(period, steps - 1)); }
};

class StageCosts {
 public:
  // Both outlive the object.
  StageCosts(const PartitionRequest& request, const NodesView& view);

  // Most nodes the layers can be spread over, and the ways to use a number of them.
  std::size_t most_nodes(std::size_t first, std::size_t last) const;
  std::vector<StageOption> options(std::size_t first, std::size_t last, std::size_t count) const;
  // Whether the layers' tiles could lie on that many nodes if each had as many as the largest.
  bool tiles_could_fit(const StageShape& shape);

  // Nodes with equal devices at equal distances have equal numbers.
  std::uint32_t pattern(std::span<const std::size_t> nodes);

  // Whether no memory of the nodes is over its budget when the stage is all they hold.
  bool fits(const StageShape& shape, std::span<const std::size_t> nodes);

  // Null when the stage is over a memory of one of the nodes. The pointers stay valid.
  const StageEstimate* estimate(const StageShape& shape, std::span<const std::size_t> nodes,
                                std::uint32_t pattern);
  const FreePlay* bound(const StageShape& shape, std::span<const std::size_t> nodes,
                        std::uint32_t pattern);
  // The least any nodes of the cluster could do, as near to each other as two of them ever are.
  // Null when none could hold the stage. Nothing but `fits` is claimed once too much would have to
  // be asked for: all times are zero then.
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
  // `groups`: of the nodes; null: all as near to each other as any two.
  FreePlay play(const StageShape& shape, const Lowered& lowered, const Groups* groups,
                std::int64_t steps, std::int64_t steps_behind);
  std::int64_t needed_behind(const StageShape& shape) const;
  std::optional<FreePlay> find_least(const StageShape& shape);
  std::optional<FreePlay> least_of(const StageShape& shape, const Devices& devices);
  bool is_barrier(const StageShape& shape) const;

  const PartitionRequest& request_;
  const NodesView& view_;
  LayerRuns runs_;
  NpuDevice largest_;  // by matrix register file
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
