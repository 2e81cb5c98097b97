// The services of an emulated FPGA that holds several models.
#include "node/service/shared_npu.h"

#include "node/deployment/deployment.h"
#include "node/roles/role_bytes.h"
#include "node/roles/roles.h"
#include "protocol/control/shard_codec.h"

namespace soliton {
namespace {

std::unique_ptr<Role> make(const RoleSpec& spec, const Deployment& deployment, TraceBuffer* trace) {
  NpuServiceOptions options;
  options.self = deployment.id;
  options.time = deployment.time;
  options.functional_every = deployment.functional_every;
  options.trace_requests = deployment.trace_requests;
  return std::make_unique<SharedNpu>(spec.get<SharedShards>(), options, *deployment.node_names,
                                     trace);
}

std::size_t weights(const RoleSpec& spec) {
  std::size_t sum = 0;
  for (const SharedShards::Part& part : spec.get<SharedShards>().parts)
    for (const ShardMatrix& matrix : part.shard.matrices) sum += matrix.weights.elements();
  return sum;
}

void write(const RoleSpec& spec, RoleBytesOut& out) {
  const auto& parts = spec.get<SharedShards>().parts;
  auto to = out.body.initAs<wire::SharedShards>().initParts(static_cast<unsigned>(parts.size()));
  for (unsigned i = 0; i < to.size(); ++i) {
    to[i].setFirstPort(parts[i].first_port);
    write_shard(parts[i].shard, to[i].initShard());
  }
}

Result<RoleSpec> read(const RoleBytesIn& in) {
  SharedShards shards;
  for (const auto part : in.body.getAs<wire::SharedShards>().getParts()) {
    Result<Shard> shard = read_shard(part.getShard());
    if (!shard) return tl::unexpected<Error>(shard.error());
    shards.parts.push_back({std::move(*shard), part.getFirstPort()});
  }
  return RoleSpec(kSharedNpuRole, std::move(shards));
}

}  // namespace

const RoleKind kSharedNpuRole = {.name = "shared NPU",
                                 .make = make,
                                 .asked = nullptr,
                                 .takes_part = nullptr,
                                 .weights = weights,
                                 .write = write,
                                 .read = read,
                                 .data_headers = true};

}  // namespace soliton
