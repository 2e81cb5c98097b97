// A role under a resource manager, and the manager itself. What the node can be travels as the specs of
// nodes that are just that.
#include "node/recovery/managed_role.h"
#include "node/roles/role_bytes.h"
#include "node/roles/roles.h"

namespace soliton {
namespace {

std::unique_ptr<Role> make(const RoleSpec& spec, const Deployment& deployment, TraceBuffer* trace) {
  const auto make_slot = [trace](const RoleSpec& role, const Deployment& as) {
    return role.kind()->make(role, as, trace);
  };
  return std::make_unique<ManagedRole>(spec.get<ManagedRoles>(), deployment, make_slot);
}

// Of the slot that the node has at the start.
const RoleSpec* own(const RoleSpec& spec) {
  const ManagedRoles& managed = spec.get<ManagedRoles>();
  for (const ManagedRoles::Play& play : managed.plays)
    if (play.layout == 0 && play.slot == managed.slot) return &play.role;
  return nullptr;
}

Asked asked(const RoleSpec& spec, NodeId self) {
  const RoleSpec* const role = own(spec);
  return role == nullptr ? Asked{} : role->asked(self);
}

bool takes_part(const RoleSpec& spec) {
  const RoleSpec* const role = own(spec);
  return role != nullptr && role->takes_part();
}

std::size_t weights(const RoleSpec& spec) {
  std::size_t most = 0;
  for (const ManagedRoles::Play& play : spec.get<ManagedRoles>().plays)
    most = std::max(most, play.role.weights());
  return most;
}

void write(const RoleSpec& spec, RoleBytesOut& out) {
  const ManagedRoles& managed = spec.get<ManagedRoles>();
  write_settings(collect(kManagerOptionFields, &managed.options), out.options);
  auto body = out.body.initAs<wire::ManagedRoles>();
  body.setManager(index(managed.manager));
  body.setSlot(index(managed.slot));
  auto plays = body.initPlays(static_cast<unsigned>(managed.plays.size()));
  for (unsigned i = 0; i < plays.size(); ++i) {
    plays[i].setLayout(managed.plays[i].layout);
    plays[i].setSlot(index(managed.plays[i].slot));
    plays[i].setReadyAfterPs(managed.plays[i].ready_after.count());
    write_role(managed.plays[i].role, plays[i].initRole());
  }
  auto nodes = body.initNodes(static_cast<unsigned>(managed.nodes.size()));
  for (unsigned i = 0; i < nodes.size(); ++i) {
    nodes[i].setNode(index(managed.nodes[i].node));
    nodes[i].setSlot(index(managed.nodes[i].slot));
    auto can = nodes[i].initCan(static_cast<unsigned>(managed.nodes[i].can.size()));
    for (unsigned k = 0; k < can.size(); ++k) can.set(k, index(managed.nodes[i].can[k]));
  }
  auto layouts = body.initLayouts(static_cast<unsigned>(managed.layouts.size()));
  for (unsigned i = 0; i < layouts.size(); ++i) {
    const ManagedLayout& layout = managed.layouts[i];
    layouts[i].setLost(index(layout.lost));
    auto slots = layouts[i].initSlots(static_cast<unsigned>(layout.slots.size()));
    for (unsigned k = 0; k < slots.size(); ++k) slots.set(k, index(layout.slots[k]));
  }
}

Result<RoleSpec> read(const RoleBytesIn& in) {
  ManagedRoles managed;
  const Status assigned = assign(kManagerOptionFields, read_settings(in.options), &managed.options);
  if (!assigned) return tl::unexpected<Error>(assigned.error());
  const auto body = in.body.getAs<wire::ManagedRoles>();
  managed.manager = NodeId{body.getManager()};
  managed.slot = NodeId{body.getSlot()};
  for (const auto play : body.getPlays()) {
    Result<RoleSpec> role = read_role(play.getRole(), kRoleKinds);
    if (!role) return tl::unexpected<Error>(role.error());
    managed.plays.push_back({play.getLayout(), NodeId{play.getSlot()}, std::move(*role),
                             Duration{play.getReadyAfterPs()}});
  }
  for (const auto node : body.getNodes()) {
    ManagedNode& read = managed.nodes.emplace_back();
    read.node = NodeId{node.getNode()};
    read.slot = NodeId{node.getSlot()};
    for (const std::uint32_t slot : node.getCan()) read.can.push_back(NodeId{slot});
  }
  for (const auto layout : body.getLayouts()) {
    ManagedLayout& read = managed.layouts.emplace_back();
    read.lost = NodeId{layout.getLost()};
    for (const std::uint32_t slot : layout.getSlots()) read.slots.push_back(NodeId{slot});
  }
  return RoleSpec(kManagedRole, std::move(managed));
}

}  // namespace

const RoleKind kManagedRole = {.name = "managed",
                               .make = make,
                               .asked = asked,
                               .takes_part = takes_part,
                               .weights = weights,
                               .write = write,
                               .read = read,
                               .recovers = true};

}  // namespace soliton
