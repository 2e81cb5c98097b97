// Identities, as distinct types.
#pragma once

#include <cstdint>

namespace soliton {

// A node of the cluster: its position in the cluster file's expanded list of nodes.
enum class NodeId : std::uint32_t {};
constexpr std::uint32_t index(NodeId id) { return static_cast<std::uint32_t>(id); }

// A row of the connection table of one node's LTL.
enum class ConnectionId : std::uint16_t {};
constexpr std::uint16_t index(ConnectionId id) { return static_cast<std::uint16_t>(id); }

// A request of the service: dense from 0 in order of admission, the same on every node.
enum class RequestId : std::uint32_t {};
constexpr std::uint32_t index(RequestId id) { return static_cast<std::uint32_t>(id); }

}  // namespace soliton
