#include "cluster/run/constraints.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "cluster/run/operator_places.h"
#include "cluster/yaml/files.h"
#include "partition/ir/shown_name.h"
#include "partition/plan/read_plan.h"
#include "protocol/base/located.h"
#include "protocol/base/names.h"
#include "protocol/base/suggestion.h"

namespace soliton {
namespace {

constexpr std::size_t kPlanBytesMost = std::size_t{64} << 20U;
constexpr std::size_t kNamesShown = 4;

using Nodes = std::vector<std::size_t>;  // ascending

Nodes common(const Nodes& a, const Nodes& b) {
  Nodes out;
  std::ranges::set_intersection(a, b, std::back_inserter(out));
  return out;
}

// An operator that a rule restricts to some nodes.
struct Pinned {
  std::string name;
  std::size_t layer = 0;
  Nodes nodes;
  const PlacementRule* rule = nullptr;
};

std::string words(const ClusterSpec& spec, const Pinned& it) {
  std::vector<std::string> names;
  for (const std::size_t node : it.nodes)
    if (names.size() < kNamesShown) names.push_back(spec.nodes[node].name);
  const std::size_t more = it.nodes.size() - names.size();
  return fmt::format("{} pinned to {}{}", shown_name(it.name), fmt::join(names, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

// Finds operators that cannot all be where they are placed, whatever the memories.
class Contradictions {
 public:
  // `pinned` in the order of layers; `joined_by`: by layer, for those that are joined.
  Contradictions(const ClusterSpec& spec, const PlanConstraints& constraints,
                 const std::vector<Pinned>& pinned,
                 const std::map<std::size_t, const Colocation*>& joined_by)
      : spec_(spec), constraints_(constraints), pinned_(pinned), joined_by_(joined_by) {}

  Diagnostics run() {
    for (const Pinned& it : pinned_) check_usable(it);
    check_stages();
    if (problems_.empty()) check_between();
    return std::move(problems_);
  }

 private:
  void add(const std::string& position, std::string message) {
    problems_.add(ErrorCode::kInvalid, located(position, std::move(message)));
  }
  std::string words(const Pinned& it) const { return soliton::words(spec_, it); }

  void check_usable(const Pinned& it) {
    const auto forbidden = [&](std::size_t node) { return constraints_.forbids(node); };
    if (std::ranges::all_of(it.nodes, forbidden))
      add(it.rule->position, fmt::format("operator {}, which partition.forbid forbids", words(it)));
  }

  // Whatever must be in one stage needs a node on which all of it may lie.
  void check_stages() {
    for (std::size_t first = 0; first < pinned_.size();) {
      std::size_t end = first + 1;
      while (end < pinned_.size() && one_stage(pinned_[end - 1].layer, pinned_[end].layer)) ++end;
      check_stage(first, end);
      first = end;
    }
  }

  bool one_stage(std::size_t from, std::size_t to) const {
    for (std::size_t layer = from + 1; layer <= to; ++layer)
      if (!constraints_.joins(layer)) return false;
    return true;
  }

  void check_stage(std::size_t first, std::size_t end) {
    Nodes left = pinned_[first].nodes;
    for (std::size_t i = first + 1; i < end; ++i) {
      const Pinned& later = pinned_[i];
      left = common(left, later.nodes);
      if (!left.empty()) continue;
      for (std::size_t k = first; k < i; ++k)
        if (common(pinned_[k].nodes, later.nodes).empty()) return contradict(pinned_[k], later);
      return add(later.rule->position,
                 fmt::format("operator {}, of which no node is left to all {} operators that share "
                             "its stage",
                             words(later), i - first + 1));
    }
  }

  void contradict(const Pinned& a, const Pinned& b) {
    if (a.layer == b.layer)
      return add(b.rule->position,
                 fmt::format("operator {} and fused into one layer with {}", words(a), words(b)));
    const auto by = joined_by_.find(b.layer);
    add(by->second->position, fmt::format("operator {} and colocated with {}", words(a), words(b)));
  }

  // A node holds one run of layers, so what lies between two layers of one node lies there, too.
  void check_between() {
    std::map<std::size_t, std::size_t> last;  // by node: its last operator in pinned_
    for (std::size_t i = 0; i < pinned_.size(); ++i) {
      const Nodes& nodes = constraints_.only_on[pinned_[i].layer];
      if (nodes.size() != 1) continue;
      const auto [before, fresh] = last.try_emplace(nodes.front(), i);
      for (std::size_t k = before->second + 1; k < i; ++k) {
        if (!common(constraints_.only_on[pinned_[k].layer], nodes).empty()) continue;
        add(pinned_[k].rule->position,
            fmt::format("operator {} lies between {} and {}, both pinned to {}, which holds one "
                        "run of layers",
                        words(pinned_[k]), shown_name(pinned_[before->second].name),
                        shown_name(pinned_[i].name), spec_.nodes[nodes.front()].name));
        return;
      }
      before->second = i;
    }
  }

  const ClusterSpec& spec_;
  const PlanConstraints& constraints_;
  const std::vector<Pinned>& pinned_;
  const std::map<std::size_t, const Colocation*>& joined_by_;
  Diagnostics problems_;
};

class Constraints {
 public:
  Constraints(const ClusterSpec& spec, const LayerGraph& model,
              const std::vector<OtherOperator>& others, FilesRead& files)
      : spec_(spec), model_(model), others_(others), files_(files) {
    for (std::size_t layer = 0; layer < model.layers.size(); ++layer)
      for (const std::string& name : layer_operators(model.layers[layer]))
        layers_of_.emplace(name, layer);
  }

  Checked<PlanConstraints> run() {
    forbid();
    pin();
    for (const Colocation& together : spec_.partition.colocate) colocate(together);
    problems_.append(Contradictions(spec_, out_, pinned_, joined_by_).run());
    read_given();
    if (!problems_.empty()) return tl::unexpected(std::move(problems_));
    return std::move(out_);
  }

 private:
  void add(const std::string& position, std::string message) {
    problems_.add(ErrorCode::kInvalid, located(position, std::move(message)));
  }

  void forbid() {
    std::set<std::string> names(spec_.partition.forbid.begin(), spec_.partition.forbid.end());
    for (const std::uint32_t spare : spares_of(spec_)) names.insert(spec_.nodes[spare].name);
    if (names.empty()) return;
    for (const NodeSpec& node : spec_.nodes) out_.forbidden.push_back(names.count(node.name) > 0);
  }

  void pin() {
    for (std::size_t layer = 0; layer < model_.layers.size() && !spec_.placement.empty(); ++layer) {
      for (const std::string& name : layer_operators(model_.layers[layer])) {
        const PlacementRule* rule = rule_for(spec_.placement, name);
        Nodes nodes = rule == nullptr ? Nodes() : npus_of(spec_, *rule);
        if (nodes.empty()) continue;
        Pinned it{name, layer, std::move(nodes), rule};
        out_.only_on.resize(model_.layers.size());
        Nodes& own = out_.only_on[layer];
        own = own.empty() ? it.nodes : common(own, it.nodes);
        pinned_.push_back(std::move(it));
      }
    }
  }

  // The layers of all operators of an entry, and those between them, become one stage.
  void colocate(const Colocation& together) {
    std::set<std::size_t> layers;
    std::string on_fpgas;
    const OtherOperator* on_host = nullptr;
    for (const std::string& pattern : together.patterns) {
      bool any = false;
      for (const auto& [name, layer] : layers_of_) {
        if (!glob_matches(pattern, name)) continue;
        any = true;
        layers.insert(layer);
        on_fpgas = name;
      }
      for (const OtherOperator& other : others_) {
        if (!glob_matches(pattern, other.name)) continue;
        any = true;
        if (other.host.empty()) continue;
        if (on_host != nullptr && on_host->host != other.host)
          add(together.position,
              fmt::format("operator {} runs on {} and is colocated with {} on {}",
                          shown_name(on_host->name), on_host->host, shown_name(other.name),
                          other.host));
        on_host = &other;
      }
      if (!any) unknown(together, pattern);
    }
    if (on_host != nullptr && !layers.empty())
      add(together.position,
          fmt::format("operator {} runs on {} and is colocated with {} on FPGAs",
                      shown_name(on_host->name), on_host->host, shown_name(on_fpgas)));
    if (layers.size() < 2) return;
    out_.joined.resize(model_.layers.size());
    for (std::size_t layer = *layers.begin() + 1; layer <= *layers.rbegin(); ++layer) {
      out_.joined[layer] = true;
      joined_by_.emplace(layer, &together);
    }
  }

  void unknown(const Colocation& together, const std::string& pattern) {
    std::vector<std::string> names;
    for (const auto& [name, layer] : layers_of_) names.push_back(shown_name(name));
    for (const OtherOperator& other : others_) names.push_back(shown_name(other.name));
    add(together.position,
        fmt::format("partition.colocate: no operator of {} is called \"{}\"{}", model_.name,
                    shown_name(pattern), did_you_mean(pattern, names)));
  }

  void read_given() {
    const PartitionSpec& partition = spec_.partition;
    if (partition.plan.empty()) return;
    files_.note(partition.plan);
    const Result<std::string> text = read_text_file(partition.plan, kPlanBytesMost);
    if (!text) return add(partition.plan_position, "partition.plan: " + text.error().message);
    Result<std::vector<PlanStage>> stages = read_plan_stages(*text);
    if (!stages)
      return add(partition.plan_position,
                 fmt::format("partition.plan: {} {}", partition.plan, stages.error().message));
    out_.given = std::move(*stages);
  }

  const ClusterSpec& spec_;
  const LayerGraph& model_;
  const std::vector<OtherOperator>& others_;
  FilesRead& files_;
  std::multimap<std::string, std::size_t> layers_of_;   // by name of an operator
  std::vector<Pinned> pinned_;                          // in order of their layers
  std::map<std::size_t, const Colocation*> joined_by_;  // by layer
  PlanConstraints out_;
  Diagnostics problems_;
};

}  // namespace

Checked<PlanConstraints> constraints_of(const ClusterSpec& spec, const LayerGraph& model,
                                        const std::vector<OtherOperator>& others,
                                        FilesRead& files) {
  return Constraints(spec, model, others, files).run();
}

const std::string& position_of_refusal(const ClusterSpec& spec, const std::string& message) {
  const PartitionSpec& partition = spec.partition;
  if (message.starts_with("min_nodes") && !partition.position.empty()) return partition.position;
  if (message.starts_with("partition.plan")) return partition.plan_position;
  if (message.starts_with("no usable node") && !partition.forbid.empty())
    return partition.forbid_position;
  return spec.model.position;
}

}  // namespace soliton
