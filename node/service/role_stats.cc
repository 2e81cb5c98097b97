#include "node/service/role_stats.h"

#include "protocol/base/counters.h"

namespace soliton {

void RoleStats::add(const RoleStats& other) {
  add_counters(kRoleStatsFields, &other, this);
  npu.merge(other.npu);
  device_time.merge(other.device_time);
  recovery.insert(recovery.end(), other.recovery.begin(), other.recovery.end());
}

}  // namespace soliton
