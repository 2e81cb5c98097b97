// The services of an emulated FPGA that holds several models side by side. Each has a program, memory and
// numbers of requests of its own; the device serves one request at a time, of whichever model, in the
// order in which their first messages came. A state machine.
//
// Requests of different models have no common order, so two devices that wait for each other within a
// request could each be taken by another one. Hence a model that shares a device has that device only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/service/npu_service.h"
#include "node/service/role.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct SharedShards {
  struct Part {
    Shard shard;
    std::uint16_t first_port = 0;  // of its ports at the node
  };
  std::vector<Part> parts;  // ascending by first_port
};

class SharedNpu final : public Role {
 public:
  // `shards` and `trace` must outlive the object.
  SharedNpu(const SharedShards& shards, const NpuServiceOptions& options,
            const std::vector<std::string>& node_names, TraceBuffer* trace);

  void on_message(NodeId peer, Payload message, Instant now) override;
  std::optional<RoleMessage> poll_message(Instant now) override;
  Instant next_deadline() const override;
  void on_deadline(Instant) override {}
  std::vector<std::string> describe_outstanding() const override;
  void add_stats(RoleStats& to) const override;

  std::uint64_t refused() const;

 private:
  struct Part {
    std::uint16_t first_port = 0;
    std::unique_ptr<NpuService> service;
  };
  // Whose request has waited longest; null if none can begin.
  NpuService* next_to_begin() const;
  NpuService* next_to_send() const;

  DeviceTurn turn_;
  std::vector<Part> parts_;
  std::uint64_t unreadable_ = 0;
};

}  // namespace soliton
