#include "node/deployment/recovery_log.h"

#include "node/deployment/manager_options.h"

namespace soliton {

std::string_view recovery_word(RecoveryEvent::What what) {
  using What = RecoveryEvent::What;
  switch (what) {
    case What::kDead:
      return "dead";
    case What::kHung:
      return "hung";
    case What::kLost:
      return "lost";
    case What::kLeaseLost:
      return "lease_lost";
    case What::kRefused:
      return "refused";
    case What::kRejoined:
      return "rejoined";
    case What::kGranted:
      return "granted";
    case What::kConfigured:
      return "configured";
    case What::kFailed:
      return "failed";
    case What::kReplayed:
      return "replayed";
    case What::kAnswered:
      return "answered";
    case What::kManagerUp:
      return "manager_up";
    case What::kAlone:
      return "alone";
    case What::kDivided:
      return "divided";
    case What::kNoSpare:
      return "no_spare";
    case What::kIsolated:
      return "isolated";
  }
  return "";
}

void check_manager_keys(void* manager, FieldCheck& check) {
  auto& it = *static_cast<ManagerOptions*>(manager);
  if (!check.has("lease") && check.has("timeout")) it.lease = times(it.timeout, 10);
  if (it.heartbeat > it.timeout)
    check.error("heartbeat", "is longer than timeout, so that every node would be missed");
  if (it.lease < it.timeout) check.error("lease", "is shorter than timeout");
}

}  // namespace soliton
