#include "node/service/shared_npu.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {

SharedNpu::SharedNpu(const SharedShards& shards, const NpuServiceOptions& options,
                     const std::vector<std::string>& node_names, TraceBuffer* trace) {
  SOLITON_CHECK(!shards.parts.empty());
  for (const SharedShards::Part& part : shards.parts) {
    NpuServiceOptions own = options;
    own.first_port = part.first_port;
    own.turn = &turn_;
    parts_.push_back(
        {part.first_port, std::make_unique<NpuService>(part.shard, own, node_names, trace)});
  }
}

void SharedNpu::on_message(NodeId peer, Payload message, Instant now) {
  Result<DataMessage> data = unpack_data(message);
  if (!data) {
    ++unreadable_;
    return;
  }
  // Ports below the first part's are nobody's; the first part refuses them.
  std::size_t to = 0;
  while (to + 1 < parts_.size() && parts_[to + 1].first_port <= data->header.port) ++to;
  parts_[to].service->take(peer, std::move(*data), now);
  while (NpuService* service = next_to_begin()) service->begin_next();
}

NpuService* SharedNpu::next_to_begin() const {
  NpuService* out = nullptr;
  for (const Part& part : parts_)
    if (part.service->may_begin() &&
        (out == nullptr || part.service->waits_since() < out->waits_since()))
      out = part.service.get();
  return out;
}

NpuService* SharedNpu::next_to_send() const {
  return std::ranges::min_element(parts_, {},
                                  [](const Part& part) { return part.service->next_departure(); })
      ->service.get();
}

std::optional<RoleMessage> SharedNpu::poll_message(Instant now) {
  return next_to_send()->poll_message(now);
}

Instant SharedNpu::next_deadline() const { return next_to_send()->next_departure(); }

std::vector<std::string> SharedNpu::describe_outstanding() const {
  std::vector<std::string> out;
  for (const Part& part : parts_)
    for (std::string& words : part.service->describe_outstanding()) out.push_back(std::move(words));
  return out;
}

void SharedNpu::add_stats(RoleStats& to) const {
  for (const Part& part : parts_) part.service->add_stats(to);
}

std::uint64_t SharedNpu::refused() const {
  std::uint64_t sum = unreadable_;
  for (const Part& part : parts_) sum += part.service->refused();
  return sum;
}

}  // namespace soliton
