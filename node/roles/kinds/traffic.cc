// A node's part in a communication workload. Its spec is the Traffic, the same value at every node.
#include <fmt/format.h>

#include "node/deployment/deployment.h"
#include "node/roles/role_bytes.h"
#include "node/roles/roles.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

std::unique_ptr<Role> make(const RoleSpec& spec, const Deployment& deployment, TraceBuffer* trace) {
  const Traffic& traffic = spec.get<Traffic>();
  return make_traffic_role(traffic, {deployment.id, deployment.trace_requests, trace});
}

Asked asked(const RoleSpec& spec, NodeId self) {
  const Traffic& traffic = spec.get<Traffic>();
  return {completed_at(traffic, self), traffic.kind->records, "completed"};
}

// What all kinds share; the kind and its own options stand beside it.
constexpr Field kSharedRows[] = {
    field<&Traffic::senders>("senders", "A flow each."),
    field<&Traffic::receiver>("receiver", "Of kinds that have one."),
    field<&Traffic::bytes>("bytes", "Of a message or block."),
    field<&Traffic::count>("count", "Of messages or rounds."),
    field<&Traffic::seed>("seed", "Of the contents."),
    field<&Traffic::contents>("contents", "Messages have bytes, and they are verified."),
    field<&Traffic::line>("line", "The slowest line of all."),
    field<&Traffic::table>("table", "What the kind has read from its file."),
};
constexpr FieldTable kSharedFields = fields_of<Traffic>("traffic", kSharedRows);

void write(const RoleSpec& spec, RoleBytesOut& out) {
  const Traffic& traffic = spec.get<Traffic>();
  const Settings settings = {{"kind", {std::string(traffic.kind->name)}},
                             {"shared", {collect(kSharedFields, &traffic)}},
                             {"own", {traffic.own}}};
  write_settings(settings, out.options);
}

Result<RoleSpec> read(const RoleBytesIn& in) {
  const Settings settings = read_settings(in.options);
  const FieldValue* const name = find_setting(settings, "kind");
  const FieldValue* const shared = find_setting(settings, "shared");
  const FieldValue* const own = find_setting(settings, "own");
  if (name == nullptr || shared == nullptr || own == nullptr)
    return invalid("shard file: a part of the traffic is missing");
  Traffic traffic;
  traffic.kind = find_traffic_kind(name->text());
  if (traffic.kind == nullptr)
    return invalid(fmt::format("shard file: no traffic called \"{}\"", name->text()));
  traffic.own = std::get<Settings>(own->value);
  const Status assigned = assign(kSharedFields, std::get<Settings>(shared->value), &traffic);
  if (!assigned) return tl::unexpected<Error>(assigned.error());
  return RoleSpec(kTrafficRole, std::move(traffic));
}

}  // namespace

const RoleKind kTrafficRole = {
    .name = "traffic",
    .make = make,
    .asked = asked,
    .takes_part = [](const RoleSpec& spec) { return is_measured(spec.get<Traffic>()); },
    .weights = nullptr,
    .write = write,
    .read = read};

}  // namespace soliton
