// The host: the clients, the CPU part of the model, and the client's end of the service. A state
// machine.
//
// Requests are grouped into batches (batcher.h); by default a batch is one request. Batches are
// numbered densely. The batch number is the request number in its data messages, and each of these
// carries the vectors of all requests of the batch, lane after lane. Every request keeps its own
// record: its latency begins when its client sends it, so the wait for the batch to fill counts as
// queueing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "node/host/batcher.h"
#include "node/host/client_schedule.h"
#include "node/host/client_workload.h"
#include "node/host/host_work.h"
#include "node/service/outbox.h"
#include "node/service/role.h"
#include "protocol/base/trace.h"

namespace soliton {

// The options of the host role, as a deployment carries them.
struct HostSpec {
  HostShard shard;
  HostWorkload workload;
  InputSource inputs;
};

struct HostOptions : HostWorkload {
  NodeId self{};
  TimeBase time = TimeBase::kEmulated;
  std::uint32_t functional_every = 1;  // as in NpuServiceOptions
  std::uint32_t trace_requests = 0;
};

class HostRole : public Role {
 public:
  // `shard`, `inputs` and `trace` must outlive the object.
  HostRole(const HostShard& shard, const InputSource& inputs, const HostOptions& options,
           const std::vector<std::string>& node_names, TraceBuffer* trace);

  void start(Instant at) override;
  void on_message(NodeId peer, Payload message, Instant now) override;
  std::optional<RoleMessage> poll_message(Instant now) override {
    return outbox_.poll(now, options_.time, &Breakdown::host);
  }
  Instant next_deadline() const override;
  void on_deadline(Instant now) override;
  std::vector<std::string> describe_outstanding() const override;

  std::vector<HostRecord> take_records() { return std::exchange(records_, {}); }
  // Whether all requests have been answered.
  bool finished() const override { return started_ && completed_ == options_.requests; }
  void hand_over(Records& to) override;
  void add_stats(RoleStats& to) const override;
  std::uint64_t sent() const { return schedule_.sent(); }
  std::uint64_t batches() const { return next_batch_; }
  // Number of messages that belonged to no open request: late or duplicate replies.
  std::uint64_t duplicated() const { return duplicated_; }
  Duration busy() const { return busy_; }

 private:
  struct Open {
    Batch batch;
    Instant began{};                            // the critical paths of its messages begin here
    std::vector<std::vector<Payload>> replies;  // by reply port
    std::size_t missing = 0;
    Arrival last;
  };
  struct Completion {
    Instant at{};
    std::uint32_t request = 0;
    HostRecord record;
  };

  bool functional(std::uint32_t request) const {
    return options_.functional_every != 0 && request % options_.functional_every == 0;
  }
  // A batch computes values if any of its requests does.
  bool functional(const Batch& batch) const;
  bool traced(std::uint32_t number) const { return trace_ && number < options_.trace_requests; }
  void begin_request(const ClientSchedule::Due& due, Instant now);
  void begin_batch(Batch batch, Instant now);
  std::size_t reply_messages(const Batch& batch) const;
  std::uint64_t lane_bytes(std::size_t reply_port) const {
    return shard_.replies[reply_port].elements * sizeof(Half);
  }
  void send_steps(const DataHeader& header, const Batch& batch, Instant at);
  void send_step(const DataHeader& header, std::size_t port, Payload vectors, Instant at);
  void complete(const Open& open);
  void complete_lane(const Open& open, std::size_t lane);
  void finish_due(Instant now);
  // Reserves the CPU for `work`, from `now` on. Adds the wait and the work to `path`; returns when
  // the work ends.
  Instant occupy_cpu(Instant now, Duration work, Breakdown& path, std::uint32_t request);

  const HostShard& shard_;
  const InputSource& inputs_;
  HostOptions options_;
  TraceBuffer* trace_;
  std::vector<std::vector<NodeId>> peers_;  // by input port, then by destination
  std::vector<std::vector<std::uint32_t>> sent_counts_;
  std::vector<std::uint32_t> received_counts_;  // by reply port
  ClientSchedule schedule_;
  Batcher batcher_;
  std::map<std::uint32_t, Open> open_;  // by batch
  std::multimap<Instant, Completion> completions_;
  Outbox outbox_;
  std::vector<HostRecord> records_;
  bool started_ = false;
  std::uint32_t next_batch_ = 0;
  std::uint32_t completed_ = 0;
  std::uint64_t duplicated_ = 0;
  Instant cpu_free_{};
  Duration busy_{};
};

}  // namespace soliton
