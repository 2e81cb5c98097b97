// The role of a CPU host in a run of models: it runs parts of their graphs, and has the clients of services. A
// state machine.
//
// Every array is a data message of its own to a port of a CPU host, and a stream of fp16 messages, one
// for each token, to and from FPGAs (StreamCut, StreamIn). What goes from one part of a host to
// another, or to its clients, never leaves it and takes no time.
//
// Requests that run together are a batch, which is one request to everything but the clients: it has
// a number of its own, and messages carry what belongs to it lane by lane. The host works on one lane
// after the other and answers all of them together.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "node/cpu/cpu_options.h"
#include "node/cpu/cpu_spec.h"
#include "node/cpu/model_clients.h"
#include "node/cpu/part_runner.h"
#include "node/cpu/stream_assembler.h"
#include "node/service/outbox.h"
#include "node/service/role.h"
#include "protocol/base/trace.h"

namespace soliton {

class CpuHost : public Role {
 public:
  // `spec`, `node_names` and `trace` must outlive the object.
  CpuHost(const CpuSpec& spec, const CpuOptions& options,
          const std::vector<std::string>& node_names, TraceBuffer* trace);

  // Of its one service, as ModelClients has it. Returns whether it has clients.
  bool serve(RequestSource& source);
  void start(Instant at) override;
  void on_message(NodeId peer, Payload message, Instant now) override;
  std::optional<RoleMessage> poll_message(Instant now) override {
    return outbox_.poll(now, options_.time, &Breakdown::host);
  }
  Instant next_deadline() const override;
  void on_deadline(Instant now) override;
  std::vector<std::string> describe_outstanding() const override;
  bool finished() const override;
  void hand_over(Records& to) override;
  void add_stats(RoleStats& to) const override;
  std::uint32_t first_open() const override;
  void restart(std::uint32_t first, Instant now) override;
  void adopt(const RoleSpec& spec) override;

 private:
  void make_parts();
  // Arrays that stay on this host, on their way to a port.
  struct Local {
    DataHeader header;
    LaneArrays arrays;
    Arrival arrival;
  };

  bool traced(std::uint32_t request) const {
    return trace_ != nullptr && request < options_.trace_requests;
  }
  NodeId number_of(const std::string& node) const;
  // A stream on its way to one port of an FPGA.
  struct Stream {
    NodeId peer{};
    DataHeader header;
    const StreamCut* cut = nullptr;
    const LaneArrays* lanes = nullptr;
  };
  void send(const Departure& departure) { send(departure.arrays, departure.batch, departure.at); }
  // Sends arrays of a batch; they leave at `leaves`.
  void send(std::span<const Leaving> arrays, const BatchHead& batch, const Arrival& leaves);
  void send_streams(const std::vector<Stream>& streams, Instant at);
  void send_away(NodeId peer, const DataHeader& header, Payload payload, Instant at);
  void record_received(NodeId peer, const DataHeader& header, std::uint64_t bytes, Instant now);
  void on_stream(NodeId peer, std::size_t stream, const DataMessage& message, Instant now);
  void on_arrays(const DataHeader& header, LaneArrays arrays, const Arrival& arrival, Instant now);
  void run_parts(std::size_t part);

  // What a port is for.
  struct PortUse {
    enum class Kind : std::uint8_t { kNothing, kPart, kStream, kClients } kind = Kind::kNothing;
    std::size_t number = 0;
  };
  void know_ports();
  PortUse use_of(std::uint16_t port) const { return port < uses_.size() ? uses_[port] : PortUse{}; }

  const CpuSpec* spec_;
  CpuOptions options_;
  const std::vector<std::string>& names_;
  TraceBuffer* trace_;
  Cpu cpu_;
  std::vector<PartRunner> parts_;
  std::vector<StreamAssembler> streams_;
  std::vector<ModelClients> clients_;    // by service
  std::vector<PortUse> uses_;            // by port
  std::multimap<Instant, Local> local_;  // by arrival; of equal ones in order of sending
  Outbox outbox_;
  std::map<std::pair<std::uint32_t, std::uint16_t>, std::uint32_t> sent_counts_;  // by node, port
  std::map<std::uint16_t, std::uint32_t> received_counts_;                        // by port
  std::uint64_t duplicated_ = 0;
  std::uint64_t overflows_ = 0;  // values for FPGAs that were beyond fp16
  std::string failure_;          // why a stream could not be sent
};

}  // namespace soliton
