// Requests played through all NPUs and hosts of a plan, one after the other, over the transport and
// network of a run.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "partition/cost/cable_load.h"
#include "partition/cost/cost_model.h"
#include "partition/cost/message_flow.h"
#include "partition/cost/playback_network.h"
#include "partition/cost/played_device.h"
#include "partition/cost/played_host.h"

namespace soliton {

// Endpoints are the shards in order, then the hosts.
class Playback {
 public:
  // `request` must outlive the object.
  explicit Playback(const CostRequest& request);

  // To be called once.
  Prediction run();

 private:
  void resolve(const std::map<std::string, std::size_t>& endpoints);
  bool is_host(std::size_t endpoint) const { return endpoint >= devices_.size(); }
  PlayedHost& host(std::size_t endpoint) { return hosts_[endpoint - devices_.size()]; }
  bool last() const { return request_number_ == request_.before; }

  void begin();
  // `tensor_bytes`: what the message carries for one request.
  void send(const FlowMessage& message, std::int64_t tensor_bytes);
  void send_to_itself(const FlowMessage& message);
  void depart(std::size_t from, const PlayedHost::Departure& what, std::uint32_t request,
              Instant started, const Arrival& leaves);
  bool over_limit(const FlowMessage& message, Instant at) const;
  void deliver(FlowMessage message, Instant at);
  void deliver_to_device(const FlowMessage& message);
  void deliver_to_host(const FlowMessage& message, Instant left);
  void drain(std::size_t endpoint);
  void take_reply(const FlowMessage& message);
  void answer();
  void finish();

  const CostRequest& request_;
  PlaybackNetwork network_;
  CableLoad load_;
  Duration most_ahead_{};
  MessageFlow flow_;
  std::vector<PlayedDevice> devices_;
  std::vector<PlayedHost> hosts_;
  std::size_t clients_ = 0;                // the endpoint of their host
  std::vector<std::size_t> destinations_;  // endpoints, of all ports of all shards
  std::vector<std::vector<std::size_t>> first_destination_;  // by shard and port
  std::uint32_t request_number_ = 0;                         // under way
  Instant sent_ = kRunStart;                                 // then
  std::int64_t replies_ = 0;
  Arrival last_reply_;
  Arrival latest_;  // of all that went to another node
  Prediction out_;
};

}  // namespace soliton
