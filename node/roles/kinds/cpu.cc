// A CPU host in a run of a graph. Its spec is a CpuSpec.
#include "node/cpu/cpu_codec.h"
#include "node/cpu/cpu_host.h"
#include "node/deployment/deployment.h"
#include "node/roles/role_bytes.h"
#include "node/roles/roles.h"

namespace soliton {
namespace {

std::unique_ptr<Role> make(const RoleSpec& spec, const Deployment& deployment, TraceBuffer* trace) {
  const CpuOptions options{deployment.id, deployment.time, deployment.functional_every,
                           deployment.trace_requests};
  return std::make_unique<CpuHost>(spec.get<CpuSpec>(), options, *deployment.node_names, trace);
}

Asked asked(const RoleSpec& spec, NodeId) {
  Asked out{0, "requests", "answered"};
  for (const GraphClients& clients : spec.get<CpuSpec>().clients)
    out.count += clients.workload.own_requests();
  return out;
}

// A host without clients serves others.
bool takes_part(const RoleSpec& spec) { return asked(spec, NodeId{}).count > 0; }

void write(const RoleSpec& spec, RoleBytesOut& out) {
  write_cpu_spec(spec.get<CpuSpec>(), out.body.initAs<wire::CpuRole>());
}

Result<RoleSpec> read(const RoleBytesIn& in) {
  Result<CpuSpec> spec = read_cpu_spec(in.body.getAs<wire::CpuRole>());
  if (!spec) return tl::unexpected<Error>(spec.error());
  return RoleSpec(kCpuRole, std::move(*spec));
}

}  // namespace

const RoleKind kCpuRole = {.name = "CPU",
                           .make = make,
                           .asked = asked,
                           .takes_part = takes_part,
                           .weights = nullptr,
                           .write = write,
                           .read = read,
                           .data_headers = true};

}  // namespace soliton
