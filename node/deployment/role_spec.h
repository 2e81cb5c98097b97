// What a node does in a run, as a value: a kind of role together with the options of that kind.
//
// A kind of role is one file in node/roles/kinds and one line in the list, node/roles/roles.h. It
// says how a node's role is made, how its options travel to a node process, and what the controller
// has to know of them.
//
//   deployment.role = {kTrafficRole, traffic};            // controller
//   auto role = deployment.role.kind()->make(deployment.role, deployment, &trace);   // node
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <typeinfo>
#include <utility>

#include "protocol/base/check.h"
#include "protocol/base/result.h"
#include "protocol/base/types.h"

namespace soliton {

class Role;
class RoleSpec;
class TraceBuffer;
struct Deployment;
// The bytes of a role's options in a deployment (node/roles/role_bytes.h).
struct RoleBytesOut;
struct RoleBytesIn;

// The part of a workload that a node is expected to complete.
struct Asked {
  std::uint64_t count = 0;           // of the records that this node completes
  const char* records = "requests";  // as in "3 of 40 requests answered"
  const char* done = "answered";
};

struct RoleKind {
  const char* name;  // in logs and in the bytes of a deployment; unique within the list
  // Makes the role of a node with this deployment; returns nullptr if the node has nothing to do.
  // `spec` is the deployment's role or a part of it. All three must outlive the role.
  std::unique_ptr<Role> (*make)(const RoleSpec& spec, const Deployment& deployment,
                                TraceBuffer* trace);
  // Set for roles that have a part in the workload and report when it is done (Role::finished()).
  // Null for roles that serve others and stop when those do.
  Asked (*asked)(const RoleSpec& spec, NodeId self);
  // Whether this spec has a part in the workload. Null: every spec of a kind that sets `asked`.
  bool (*takes_part)(const RoleSpec& spec);
  // Number of weights that each step multiplies by. Null: none.
  std::size_t (*weights)(const RoleSpec& spec);
  void (*write)(const RoleSpec& spec, RoleBytesOut& out);
  // Returns kInvalid if the bytes do not hold the options of this kind.
  Result<RoleSpec> (*read)(const RoleBytesIn& in);
  bool data_headers = false;  // its messages begin with those of data messages
  bool recovers = false;      // it outlives its peers, and takes faults of its node by itself
};

class RoleSpec {
 public:
  RoleSpec() = default;  // idle: no kind
  // `kind` must live as long as the program. `spec` must be of the options type of `kind`.
  template <typename Spec>
  RoleSpec(const RoleKind& kind, Spec spec)
      : kind_(&kind), type_(&typeid(Spec)), spec_(std::make_shared<const Spec>(std::move(spec))) {}

  // Null if the node is idle.
  const RoleKind* kind() const { return kind_; }
  const char* name() const { return kind_ == nullptr ? "idle" : kind_->name; }
  // The options if they are of type T, otherwise null. Copies share them, so the pointer is valid as
  // long as any copy.
  template <typename Spec>
  const Spec* find() const {
    return type_ != nullptr && *type_ == typeid(Spec) ? static_cast<const Spec*>(spec_.get())
                                                      : nullptr;
  }
  // REQUIRES: the options are of type T.
  template <typename Spec>
  const Spec& get() const {
    const Spec* const spec = find<Spec>();
    SOLITON_CHECK_MSG(spec != nullptr, "a spec of role {} holds something else", name());
    return *spec;
  }

  // An idle node is asked for nothing.
  Asked asked(NodeId self) const { return takes_part() ? kind_->asked(*this, self) : Asked{}; }
  bool takes_part() const {
    if (kind_ == nullptr || kind_->asked == nullptr) return false;
    return kind_->takes_part == nullptr || kind_->takes_part(*this);
  }
  std::size_t weights() const {
    return kind_ == nullptr || kind_->weights == nullptr ? 0 : kind_->weights(*this);
  }

 private:
  const RoleKind* kind_ = nullptr;
  const std::type_info* type_ = nullptr;
  std::shared_ptr<const void> spec_;
};

}  // namespace soliton
