// What of a switch its ports share, and the classes of packets at each of them (SwitchQueues).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "topologies/topology.h"

namespace soliton {

// Whether what one port of a switch does depends on its other ports in the same instant: they share a
// buffer, or what it holds pauses a cable. Such a switch is not to be divided; of others each port stands for
// itself.
inline bool whole_switch(const Topology& topology, std::uint32_t vertex) {
  const Vertex& its = topology.vertices[vertex];
  return its.is_switch && (topology.pause.has_value() || its.queues.buffer.has_value());
}

// The class of each packet at each switch.
class ClassTable {
 public:
  explicit ClassTable(const Topology& topology) : by_vertex_(topology.vertices.size()) {
    std::map<std::vector<TrafficClass>, std::uint32_t, Less> known;
    for (std::size_t v = 0; v < topology.vertices.size(); ++v) {
      const std::vector<TrafficClass>& classes = topology.vertices[v].queues.classes;
      most_ = std::max(most_, classes.size());
      const auto [its, fresh] =
          known.try_emplace(classes, static_cast<std::uint32_t>(tables_.size()));
      if (fresh) tables_.push_back(table_of(classes));
      by_vertex_[v] = its->second;
    }
  }

  // Of a packet of this LTL channel.
  std::size_t of(std::uint32_t vertex, std::uint8_t channel) const {
    return tables_[by_vertex_[vertex]][channel];
  }
  // Of any switch; at least 1.
  std::size_t most() const { return most_; }

 private:
  using Table = std::array<std::uint8_t, 256>;  // by channel
  struct Less {
    bool operator()(const std::vector<TrafficClass>& a, const std::vector<TrafficClass>& b) const {
      return std::ranges::lexicographical_compare(a, b, {}, &TrafficClass::channels,
                                                  &TrafficClass::channels);
    }
  };

  static Table table_of(const std::vector<TrafficClass>& classes) {
    Table table{};
    for (std::size_t c = 0; c < classes.size(); ++c)
      for (const std::int64_t channel : classes[c].channels)
        table[static_cast<std::size_t>(channel)] = static_cast<std::uint8_t>(c);
    return table;
  }

  std::vector<Table> tables_;
  std::vector<std::uint32_t> by_vertex_;
  std::size_t most_ = 1;
};

}  // namespace soliton
