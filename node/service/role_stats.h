// Counters of a role, of any kind: each kind fills in those that apply to it.
#pragma once

#include <cstdint>
#include <vector>

#include "node/deployment/recovery_log.h"
#include "node/npu/npu_stats.h"
#include "protocol/base/histogram.h"
#include "protocol/base/time.h"

namespace soliton {

struct RoleStats {
  std::uint64_t sent = 0;        // requests that the host has sent
  std::uint64_t duplicated = 0;  // replies that belonged to no open request
  NpuStats npu;
  DurationHistogram device_time;  // modelled time that each request kept the NPU busy
  Duration host_busy{};
  // Messages of background traffic that have arrived, and those that were not what was sent.
  std::uint64_t background_messages = 0, background_bytes = 0, background_damaged = 0;
  // In runs with a resource manager: messages of an older generation that were refused, requests that were
  // sent again, and what happened.
  std::uint64_t stale = 0, replayed = 0;
  std::vector<RecoveryEvent> recovery;

  void add(const RoleStats& other);
};

// The counters that do not belong to the NPU.
inline constexpr Field kRoleStatsRows[] = {
    field<&RoleStats::sent>("sent", "Requests sent by the host."),
    field<&RoleStats::duplicated>("duplicated", "Answers that belonged to no open request."),
    field<&RoleStats::host_busy>("host_busy", "Time the host's CPU was busy."),
    field<&RoleStats::background_messages>("background_messages",
                                           "Messages of background traffic."),
    field<&RoleStats::background_bytes>("background_bytes", "Their payload."),
    field<&RoleStats::background_damaged>("background_damaged",
                                          "Of them, those that were not what was sent."),
    field<&RoleStats::stale>("stale", "Messages of an older generation that were refused."),
    field<&RoleStats::replayed>("replayed", "Requests that were sent again."),
};
inline constexpr FieldTable kRoleStatsFields = fields_of<RoleStats>("role", kRoleStatsRows);

}  // namespace soliton
