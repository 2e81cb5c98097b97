// `workload: {kind: …}`: communication without a model.
#include <algorithm>
#include <bit>
#include <map>

#include "cluster/spec/names.h"
#include "cluster/spec/parts.h"

namespace soliton {
namespace {

constexpr std::int64_t kMessagesLimit = 100'000'000;
constexpr std::int64_t kMessageBytesLimit = std::int64_t{1} << 30;  // of an LTL message

class TrafficReader {
 public:
  TrafficReader(MapReader& map, const std::vector<NodeSpec>& nodes) : map_(map) {
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
      names_.push_back(nodes[i].name);
      numbers_.emplace(nodes[i].name, NodeId{i});
    }
  }

  void read(Traffic& out) {
    map_.choice("kind", out.kind, traffic_kinds());
    const bool gathers = out.kind == TrafficKind::kAllGather;
    const char* const who = gathers ? "nodes" : "from";
    map_.require(who);
    out.senders = nodes_of(who);
    if (gathers) {
      map_.choice("schedule", out.schedule, gather_schedules());
    } else {
      map_.require("to");
      const std::vector<NodeId> to = nodes_of("to");
      if (to.size() > 1) map_.error("to", "names several nodes; one receives");
      if (!to.empty()) out.receiver = to.front();
    }
    bytes(out.bytes);
    std::int64_t count = kDefaultCount;
    map_.integer("count", count, 1, kMessagesLimit);
    out.count = static_cast<std::uint32_t>(count);
    map_.finish(fmt::format("with kind: {}", spelling(traffic_kinds(), out.kind)));
    // Without nodes there is nothing to hold the names against.
    if (!names_.empty() && !out.senders.empty()) check(out, who);
  }

 private:
  static constexpr std::int64_t kDefaultCount = 1000;

  // One pattern or a list of them: "fpga[0-7]", [fpga0, "fpga[4-7]"].
  std::vector<NodeId> nodes_of(std::string_view key) {
    std::vector<NodeId> out;
    const YamlValue* value = map_.find(key);
    if (value == nullptr) return out;
    if (value->kind == YamlValue::Kind::kMap)
      map_.error(key, "must be the name of a node, a range such as fpga[0-7], or a list of them");
    else if (value->kind == YamlValue::Kind::kScalar)
      add_nodes(key, *value, out);
    else
      for (const YamlValue& item : value->items) add_nodes(key, item, out);
    return out;
  }

  void add_nodes(std::string_view key, const YamlValue& item, std::vector<NodeId>& out) {
    if (names_.empty()) return;
    const auto problem = [&](const std::string& text) {
      map_.context().error(item.mark, fmt::format("{}: {}", map_.label_of(key), text));
    };
    if (item.kind != YamlValue::Kind::kScalar) return problem("must be names of nodes");
    const Result<std::vector<std::string>> names = expand_ranges(item.text, kNodesLimit);
    if (!names) return problem(names.error().message);
    for (const std::string& name : *names) {
      const auto found = numbers_.find(name);
      if (found == numbers_.end() && !map_.context().wants_more()) return problem("");
      if (found == numbers_.end())
        return problem(fmt::format("no node called \"{}\"{}", name, suggestion(name, names_)));
      if (std::find(out.begin(), out.end(), found->second) != out.end())
        return problem(fmt::format("{} is named twice", name));
      out.push_back(found->second);
    }
  }

  // The key names its unit, so a bare number is one of bytes.
  void bytes(std::uint64_t& out) {
    const YamlValue* value = map_.find("bytes");
    if (value == nullptr) return;
    if (value->kind != YamlValue::Kind::kScalar) return map_.error("bytes", "must be one value");
    const Result<std::int64_t> bare = parse_integer(value->text);
    const Result<Bytes> quantity = bare ? Result<Bytes>(Bytes{*bare}) : parse_bytes(value->text);
    if (!quantity) return map_.error("bytes", quantity.error().message);
    if (quantity->count < 1 || quantity->count > kMessageBytesLimit)
      return map_.error("bytes", fmt::format("{} is not between 1 B and 1 GiB", value->text));
    out = static_cast<std::uint64_t>(quantity->count);
  }

  void check(const Traffic& t, const char* who) {
    const std::size_t n = t.senders.size();
    if (t.kind == TrafficKind::kAllGather)
      check_gather(t);
    else if (t.kind != TrafficKind::kIncast && n > 1)
      map_.error(who, fmt::format("names {} nodes; one sends (kind: incast has many)", n));
    else if (std::find(t.senders.begin(), t.senders.end(), t.receiver) != t.senders.end())
      map_.error("to", fmt::format("{} would send to itself", names_[index(t.receiver)]));
    if (expected_records(t) > static_cast<std::uint64_t>(kMessagesLimit))
      map_.error("count", fmt::format("{} messages from each of {} nodes are more than {} in all",
                                      t.count, n, kMessagesLimit));
  }

  void check_gather(const Traffic& t) {
    const std::size_t n = t.senders.size();
    if (n < 2) return map_.error("nodes", "names one node; an all-gather takes two at least");
    if (t.schedule != GatherSchedule::kDoubling) return;
    if (!std::has_single_bit(n))
      map_.error("schedule",
                 fmt::format("doubling pairs the nodes off, so it takes a power of two of them, "
                             "not {}; direct and ring take any number",
                             n));
    else if (t.bytes * (n / 2) > static_cast<std::uint64_t>(kMessageBytesLimit))
      map_.error("bytes", fmt::format("the last step of doubling sends {} blocks in a message, "
                                      "more than 1 GiB",
                                      n / 2));
  }

  MapReader& map_;
  std::vector<std::string> names_;
  std::map<std::string, NodeId> numbers_;
};

}  // namespace

const Choices<TrafficKind>& traffic_kinds() {
  static const Choices<TrafficKind> table = {{"ping", TrafficKind::kPing},
                                             {"stream", TrafficKind::kStream},
                                             {"incast", TrafficKind::kIncast},
                                             {"all-gather", TrafficKind::kAllGather}};
  return table;
}

const Choices<GatherSchedule>& gather_schedules() {
  static const Choices<GatherSchedule> table = {{"direct", GatherSchedule::kDirect},
                                                {"ring", GatherSchedule::kRing},
                                                {"doubling", GatherSchedule::kDoubling}};
  return table;
}

bool asks_for_traffic(MapReader& cluster) {
  const YamlValue* workload = cluster.find("workload");
  return workload != nullptr && workload->kind == YamlValue::Kind::kMap &&
         workload->find("kind") != nullptr;
}

void read_traffic(MapReader& workload, const std::vector<NodeSpec>& nodes, Traffic& out) {
  TrafficReader(workload, nodes).read(out);
}

std::string traffic_text(const Traffic& traffic, const std::vector<NodeSpec>& nodes) {
  std::vector<std::string> senders;
  for (const NodeId node : traffic.senders)
    senders.push_back(fmt::format("\"{}\"", nodes[index(node)].name));
  std::string out = fmt::format("{{kind: {}, ", spelling(traffic_kinds(), traffic.kind));
  if (traffic.kind == TrafficKind::kAllGather)
    out += fmt::format("nodes: [{}], schedule: {}, ", fmt::join(senders, ", "),
                       spelling(gather_schedules(), traffic.schedule));
  else
    out += fmt::format("from: [{}], to: \"{}\", ", fmt::join(senders, ", "),
                       nodes[index(traffic.receiver)].name);
  return out + fmt::format("bytes: {}, count: {}}}", traffic.bytes, traffic.count);
}

}  // namespace soliton
