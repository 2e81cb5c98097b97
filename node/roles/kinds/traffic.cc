// A node's part in a communication workload. Its spec is the Traffic, the same value at every node.
#include "node/deployment/deployment.h"
#include "node/roles/role_bytes.h"
#include "node/roles/roles.h"
#include "node/traffic/traffic_role.h"

namespace soliton {
namespace {

std::unique_ptr<Role> make(const Deployment& deployment, TraceBuffer* trace) {
  return make_traffic_role(deployment.role.get<Traffic>(),
                           {deployment.id, deployment.trace_requests, trace});
}

Asked asked(const RoleSpec& spec, NodeId self) {
  const Traffic& traffic = spec.get<Traffic>();
  const bool rounds = traffic.kind == TrafficKind::kAllGather;
  return {completed_at(traffic, self), rounds ? "rounds completed" : "messages completed"};
}

void write(const RoleSpec& spec, RoleBytesOut& to) {
  const Traffic& traffic = spec.get<Traffic>();
  wire::Traffic::Builder out = to.body.initAs<wire::Traffic>();
  out.setKind(static_cast<std::uint8_t>(traffic.kind));
  out.setSchedule(static_cast<std::uint8_t>(traffic.schedule));
  auto senders = out.initSenders(static_cast<unsigned>(traffic.senders.size()));
  for (unsigned i = 0; i < senders.size(); ++i) senders.set(i, index(traffic.senders[i]));
  out.setReceiver(index(traffic.receiver));
  out.setBytes(traffic.bytes);
  out.setCount(traffic.count);
  out.setSeed(traffic.seed);
  out.setContents(traffic.contents);
}

Result<RoleSpec> read(const RoleBytesIn& from) {
  const wire::Traffic::Reader in = from.body.getAs<wire::Traffic>();
  Traffic traffic;
  traffic.kind = static_cast<TrafficKind>(in.getKind());
  traffic.schedule = static_cast<GatherSchedule>(in.getSchedule());
  for (const std::uint32_t sender : in.getSenders()) traffic.senders.push_back(NodeId{sender});
  traffic.receiver = NodeId{in.getReceiver()};
  traffic.bytes = in.getBytes();
  traffic.count = in.getCount();
  traffic.seed = in.getSeed();
  traffic.contents = in.getContents();
  return RoleSpec(kTrafficRole, std::move(traffic));
}

}  // namespace

const RoleKind kTrafficRole = {.name = "traffic",
                               .make = make,
                               .asked = asked,
                               .weights = nullptr,
                               .write = write,
                               .read = read};

}  // namespace soliton
