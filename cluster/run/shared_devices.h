// Devices that hold models of several services. A service with `share` is planned as if a device were as
// large as those before it leave it.
#pragma once

#include <set>
#include <string>

#include "cluster/file/spec.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct PreparedRun;

// Where the services of `run` have parts of their models on NPUs.
std::set<std::string> nodes_in_use(const PreparedRun& run);

// Takes from the devices of `spec`, which has the nodes of `run`, what its services have of their
// memories. Returns the nodes that nobody else can use: a model on several devices has them for itself
// (node/service/shared_npu.h), or a memory is full.
std::set<std::string> take_memory_in_use(const PreparedRun& run, ClusterSpec& spec);

// Whether `device` can have what was planned for that of `shard`: but for the sizes of memories they are
// the same, and these suffice.
bool can_have(const NpuDevice& device, const Shard& shard);

}  // namespace soliton
