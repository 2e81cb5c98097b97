// Several roles in one node. Their specs travel one by one, each as that of a node with one role.
#include "node/roles/several.h"

#include <algorithm>

#include "node/deployment/deployment.h"
#include "node/roles/role_bytes.h"
#include "node/roles/roles.h"

namespace soliton {
namespace {

std::unique_ptr<Role> make(const RoleSpec& spec, const Deployment& deployment, TraceBuffer* trace) {
  std::vector<SeveralRole::Part> parts;
  for (const SeveralRoles::Part& part : spec.get<SeveralRoles>().parts)
    if (auto role = part.role.kind()->make(part.role, deployment, trace))
      parts.push_back({std::move(role), part.tag, part.start, part.role.takes_part()});
  if (parts.empty()) return nullptr;
  return std::make_unique<SeveralRole>(deployment.id, std::move(parts),
                                       spec.get<SeveralRoles>().ending);
}

Asked asked(const RoleSpec& spec, NodeId self) {
  Asked out{0, "records", "completed"};
  for (const SeveralRoles::Part& part : spec.get<SeveralRoles>().parts)
    out.count += part.role.asked(self).count;
  return out;
}

bool takes_part(const RoleSpec& spec) {
  const auto& parts = spec.get<SeveralRoles>().parts;
  return std::any_of(parts.begin(), parts.end(),
                     [](const SeveralRoles::Part& part) { return part.role.takes_part(); });
}

std::size_t weights(const RoleSpec& spec) {
  std::size_t sum = 0;
  for (const SeveralRoles::Part& part : spec.get<SeveralRoles>().parts) sum += part.role.weights();
  return sum;
}

void write(const RoleSpec& spec, RoleBytesOut& out) {
  const auto& parts = spec.get<SeveralRoles>().parts;
  auto body = out.body.initAs<wire::SeveralRoles>();
  auto list = body.initParts(static_cast<unsigned>(parts.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    list[i].setTag(parts[i].tag);
    list[i].setStartPs(parts[i].start.count());
    write_role(parts[i].role, list[i].initRole());
  }
  const auto& ending = spec.get<SeveralRoles>().ending;
  if (!ending) return;
  auto to = body.initEnding();
  to.setJudge(index(ending->judge));
  to.setAwaited(ending->awaited);
  auto told = to.initTold(static_cast<unsigned>(ending->told.size()));
  for (unsigned i = 0; i < told.size(); ++i) told.set(i, index(ending->told[i]));
}

Result<RoleSpec> read(const RoleBytesIn& in) {
  SeveralRoles several;
  const auto body = in.body.getAs<wire::SeveralRoles>();
  for (const auto part : body.getParts()) {
    Result<RoleSpec> role = read_role(part.getRole(), kRoleKinds);
    if (!role) return tl::unexpected<Error>(role.error());
    several.parts.push_back({std::move(*role), part.getTag(), Duration{part.getStartPs()}});
  }
  if (body.hasEnding()) {
    const auto from = body.getEnding();
    SeveralRoles::Ending& ending = several.ending.emplace();
    ending = {NodeId{from.getJudge()}, from.getAwaited(), {}};
    for (const std::uint32_t node : from.getTold()) ending.told.push_back(NodeId{node});
  }
  return RoleSpec(kSeveralRoles, std::move(several));
}

}  // namespace

const RoleKind kSeveralRoles = {.name = "several",
                                .make = make,
                                .asked = asked,
                                .takes_part = takes_part,
                                .weights = weights,
                                .write = write,
                                .read = read};

}  // namespace soliton
