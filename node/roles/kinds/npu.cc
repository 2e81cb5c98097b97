// The service of an emulated FPGA. Its spec is its shard.
#include "node/deployment/deployment.h"
#include "node/roles/role_bytes.h"
#include "node/roles/roles.h"
#include "node/service/npu_service.h"
#include "protocol/control/shard_codec.h"

namespace soliton {
namespace {

std::unique_ptr<Role> make(const RoleSpec& spec, const Deployment& deployment, TraceBuffer* trace) {
  NpuServiceOptions options;
  options.self = deployment.id;
  options.time = deployment.time;
  options.functional_every = deployment.functional_every;
  options.trace_requests = deployment.trace_requests;
  return std::make_unique<NpuService>(spec.get<Shard>(), options, *deployment.node_names, trace);
}

std::size_t weights(const RoleSpec& spec) {
  std::size_t sum = 0;
  for (const ShardMatrix& matrix : spec.get<Shard>().matrices) sum += matrix.weights.elements();
  return sum;
}

void write(const RoleSpec& spec, RoleBytesOut& out) {
  write_shard(spec.get<Shard>(), out.body.initAs<wire::Shard>());
}

Result<RoleSpec> read(const RoleBytesIn& in) {
  Result<Shard> shard = read_shard(in.body.getAs<wire::Shard>());
  if (!shard) return tl::unexpected<Error>(shard.error());
  return RoleSpec(kNpuRole, std::move(*shard));
}

}  // namespace

const RoleKind kNpuRole = {.name = "NPU",
                           .make = make,
                           .asked = nullptr,
                           .takes_part = nullptr,
                           .weights = weights,
                           .write = write,
                           .read = read,
                           .data_headers = true};

}  // namespace soliton
