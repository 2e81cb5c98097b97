// The `ltl` map of a cluster file; its keys are in fabric/ltl/options.h.
#include "cluster/file/parts.h"

namespace soliton {

void read_ltl(MapReader& cluster, ClusterSpec& out) {
  if (!read_map(cluster, "ltl", kClusterLtlFields, &out.ltl)) return;
  const YamlValue* ltl = cluster.find("ltl");
  if (ltl != nullptr && ltl->find("auth") != nullptr) out.auth = out.ltl.auth;
}

std::string auth_name(AuthMode mode) { return std::string(spelling(kAuthModes, mode)); }

AuthMode auth_of(const ClusterSpec& spec) {
  // No other process can write into virtual time or into memory without a name; any process of this
  // host can write to a socket. Without a checksum, a tag over the header would not protect the
  // payload.
  const bool needed =
      spec.time == TimeMode::kWall && spec.wall.carrier == CarrierKind::kUdp && spec.ltl.crc;
  const AuthMode unwritten = !is_loopback(spec.wall.listen) ? AuthMode::kAead
                             : needed                       ? AuthMode::kHeader
                                                            : AuthMode::kNone;
  return spec.auth.value_or(unwritten);
}

}  // namespace soliton
