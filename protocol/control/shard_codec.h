// Shards to and from their Cap'n Proto form (shard.capnp). Serialisation only.
#pragma once

#include "protocol/base/result.h"
#include "protocol/control/shard.capnp.h"
#include "protocol/isa/shard.h"

namespace soliton {

void write_shard(const Shard& shard, wire::Shard::Builder out);
// REQUIRES: written by write_shard() of the same build. A program that does not decode is kInvalid.
Result<Shard> read_shard(wire::Shard::Reader in);

// Parts of the above (device_codec.cc).
void write_format(const NumberFormat& format, wire::NumberFormat::Builder out);
NumberFormat read_format(wire::NumberFormat::Reader in);
void write_device(const NpuDevice& device, wire::NpuDevice::Builder out);
NpuDevice read_device(wire::NpuDevice::Reader in);

}  // namespace soliton
