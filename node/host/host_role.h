// The host: clients in a closed loop, the CPU part of the model, and the client's end of the
// service. A state machine.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "node/host/host_work.h"
#include "node/service/outbox.h"
#include "node/service/role.h"
#include "protocol/base/trace.h"

namespace soliton {

struct HostOptions {
  NodeId self{};
  TimeBase time = TimeBase::kEmulated;
  std::uint32_t clients = 1;
  std::uint32_t requests = 0;
  Duration think{};                    // between an answer and the client's next request
  std::uint32_t functional_every = 1;  // as NpuServiceOptions
  std::uint32_t trace_requests = 0;
};

// A finished request. `output` is fp32, empty when it was not computed.
struct HostRecord {
  RequestId request{};
  std::uint32_t client = 0;
  std::int64_t steps = 0;
  Instant sent{};
  Instant completed{};
  Breakdown path;
  std::vector<float> output;
};

class HostRole : public Role {
 public:
  // `shard`, `inputs` and `trace` outlive the object.
  HostRole(const HostShard& shard, const InputSource& inputs, const HostOptions& options,
           const std::vector<std::string>& node_names, TraceBuffer* trace);

  // The clients begin at `at`. Before this the host does nothing.
  void start(Instant at);
  void on_message(NodeId peer, Payload message, Instant now) override;
  std::optional<RoleMessage> poll_message(Instant now) override {
    return outbox_.poll(now, options_.time);
  }
  Instant next_deadline() const override;
  void on_deadline(Instant now) override;
  std::vector<std::string> describe_outstanding() const override;

  std::vector<HostRecord> take_records() { return std::exchange(records_, {}); }
  // All requests have been answered.
  bool finished() const { return started_ && completed_ == options_.requests; }
  std::uint64_t sent() const { return next_request_; }
  // Messages that belong to no open request: late or doubled answers.
  std::uint64_t duplicated() const { return duplicated_; }
  Duration busy() const { return busy_; }

 private:
  struct Open {
    std::uint32_t client = 0;
    std::int64_t steps = 0;
    Instant sent{};
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
  bool traced(std::uint32_t request) const { return trace_ && request < options_.trace_requests; }
  void begin_request(std::uint32_t client, Instant now);
  void send_steps(std::uint32_t request, const Open& open, Instant at, const Breakdown& path);
  void send_step(const DataHeader& header, std::size_t port, Payload vector, Instant at);
  void complete(std::uint32_t request, Open open);
  void finish_due(Instant now);
  // Reserves the CPU from `now` for `work`; the wait and the work are added to `path`. Returns the
  // end.
  Instant occupy_cpu(Instant now, Duration work, Breakdown& path, std::uint32_t request);

  const HostShard& shard_;
  const InputSource& inputs_;
  HostOptions options_;
  TraceBuffer* trace_;
  std::vector<std::vector<NodeId>> peers_;  // by input port, destination
  std::vector<std::vector<std::uint32_t>> sent_counts_;
  std::vector<std::uint32_t> received_counts_;  // by reply port
  std::map<std::uint32_t, Open> open_;
  std::multimap<Instant, std::uint32_t> waiting_;  // clients by the instant of their next request
  std::multimap<Instant, Completion> completions_;
  Outbox outbox_;
  std::vector<HostRecord> records_;
  bool started_ = false;
  std::uint32_t next_request_ = 0;
  std::uint32_t completed_ = 0;
  std::uint64_t duplicated_ = 0;
  Instant cpu_free_{};
  Duration busy_{};
};

}  // namespace soliton
