// The keys of cluster, device and topology files: one table for every map they may contain. Options
// whose struct is defined elsewhere (LTL, devices) have their rows beside that struct.
#pragma once

#include <vector>

#include "cluster/file/spec.h"
#include "protocol/base/fields.h"
#include "topologies/topology_fields.h"

namespace soliton {

extern const FieldTable kClusterFields;
extern const FieldTable kFormatFields;        // `formats`: a number format of one's own
extern const FieldTable kDeviceFormatFields;  // of a device: known by name, or defined on the spot
extern const FieldTable kNodeFields;
extern const FieldTable kDeviceFields;  // of both kinds, and `base`
extern const FieldTable kModelFields;
extern const FieldTable kRnnFields;
extern const FieldTable kPartitionFields;
extern const FieldTable kServiceFields;
extern const FieldTable kServiceSlaFields;
extern const FieldTable kServicesFields;   // an entry of `services:`; its members are ServiceSpec's
extern const FieldTable kRequestFields;    // `workload:` of a model
extern const FieldTable kWorkloadsFields;  // an entry of `workloads:`
extern const FieldTable kWorkloadFields;   // and of all kinds of communication
extern const FieldTable kClusterLtlFields;  // those of LTL, with a cluster's defaults
extern const FieldTable kWallKeyFields;     // those of WallOptions, as files spell them
extern const FieldTable kLimitsFields;
extern const FieldTable kTraceFields;
extern const FieldTable kOutputsFields;
extern const FieldTable kManagerFields;
extern const FieldTable kFaultFields;
extern const FieldTable kFaultWhereFields;
extern const FieldTable kFaultLinksFields;
extern const FieldTable kFaultWhenFields;
extern const FieldTable kExpectFields, kExpectEndFields, kExpectFailoverFields;
extern const FieldTable kFaultMatchFields, kFaultPickFields, kFaultPoissonFields,
    kFaultProfileFields;

// `when: {poisson: ...}` of a fault.
struct PoissonKeys {
  std::string every;  // a time that may be longer than any of a run
  double accelerate = 1;
};

// Direction of a fault on a link, as seen from the end that is named first.
enum class Direction : std::uint8_t { kTx, kRx, kBoth };

inline constexpr FieldWord kTimeModes[] = {word("virtual", TimeMode::kVirtual),
                                           word("wall", TimeMode::kWall)};
inline constexpr FieldWord kProcessModes[] = {word("per-node", ProcessMode::kPerNode),
                                              word("packed", ProcessMode::kPacked)};
inline constexpr FieldWord kFidelities[] = {word("packet", Fidelity::kPacket),
                                            word("message", Fidelity::kMessage)};
inline constexpr FieldWord kComputeKinds[] = {word("functional", ComputeKind::kFunctional),
                                              word("timing", ComputeKind::kTiming),
                                              word("sampled", ComputeKind::kSampled)};
inline constexpr FieldWord kCells[] = {word("gru", Cell::kGru), word("lstm", Cell::kLstm),
                                       word("rnn", Cell::kRnn)};
inline constexpr FieldWord kWeightPlaces[] = {word("mrf", false), word("dram", true)};

}  // namespace soliton
