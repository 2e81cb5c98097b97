// The clients of a service on one host: when they send, which copy of the model gets it, how many may be
// open, and what has become of each request. For a copy whose front this host is, it also numbers the
// batches of other hosts and passes their answers on. A state machine without clock; CpuHost owns one for
// each service and sends what it says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/cpu/balancer.h"
#include "node/cpu/batcher.h"
#include "node/cpu/client_schedule.h"
#include "node/cpu/cpu_options.h"
#include "node/cpu/cpu_spec.h"
#include "node/deployment/records.h"
#include "protocol/control/data_message.h"

namespace soliton {

class ModelClients {
 public:
  // `spec` and `trace` must outlive the object.
  ModelClients(const GraphClients& spec, const CpuOptions& options, TraceBuffer* trace);

  // Requests come from `source` in place of the workload, and are answered there. REQUIRES: not started.
  void serve(RequestSource& source);
  void start(Instant at) { schedule_.start(at); }
  Instant next_deadline() const;
  // The next batch that leaves by `now`.
  std::optional<Departure> take_due(Instant now);

  // Those where it takes arrays, ascending.
  std::vector<std::uint16_t> ports() const;
  // Answers of a copy, or a guest's inputs, at one of its ports. What leaves because of them is appended to
  // `out`. Returns false if nobody waits for them. REQUIRES: it is one
  // of ports().
  bool on_arrays(const DataHeader& header, LaneArrays arrays, const Arrival& arrival, Instant now,
                 std::vector<Departure>& out);

  // The rest of Role, of these clients.
  bool takes_part() const { return schedule_.asked() > 0; }
  bool finished() const { return completed_ + refused_ == schedule_.asked(); }
  std::uint32_t sent() const { return schedule_.sent(); }
  void hand_over(std::vector<HostRecord>& to);
  void describe(std::size_t most, std::vector<std::string>& out) const;

  // --- recovery, with one copy and without guests
  std::uint32_t first_open() const;
  // What is open is sent again.
  void restart(std::uint32_t first, Instant now, std::vector<Departure>& out);
  // Of another division of the same model: the clients, and what they wait for, stay.
  void adopt(const GraphClients& spec);

 private:
  // A batch at a copy whose outputs are not all there: of this host's clients, or of a guest.
  struct Open {
    Batch batch;
    Instant began{};
    std::vector<LaneArrays> outputs;
    std::size_t missing = 0;
    Arrival last;
    std::optional<std::size_t> guest;
    BatchHead of_guest;  // as the guest knows it
  };
  // A batch of a guest whose inputs are not all there.
  struct Coming {
    std::vector<LaneArrays> inputs;
    std::size_t missing = 0;
    BatchHead batch;
    Arrival last;
  };
  struct Copy {
    std::uint32_t next = 0;                                          // number of the next batch
    std::map<std::uint32_t, Open> open;                              // by number
    std::map<std::pair<std::size_t, std::uint32_t>, Coming> coming;  // by guest and its number
    std::vector<std::vector<std::vector<PartPort>>> replies;         // by guest and output
  };
  // What a port is for.
  struct Use {
    std::size_t copy = 0;
    std::optional<std::size_t> guest;  // none: an answer
    std::size_t number = 0;            // input or output of the model
  };

  void know_ports();
  bool functional(std::uint32_t request) const {
    return options_.functional_every != 0 && request % options_.functional_every == 0;
  }
  bool traced(std::uint32_t request) const {
    return trace_ != nullptr && request < options_.trace_requests;
  }
  bool is_full() const {
    return spec_->workload.queue_limit > 0 && open_requests_ >= spec_->workload.queue_limit;
  }
  std::int64_t steps_of(std::uint32_t request) const;
  void refuse(const ClientSchedule::Due& due, Instant now);
  Departure begin_batch(Batch batch, Instant now);
  // The inputs of a batch, for the first time or again.
  Departure inputs_of(std::size_t copy, std::uint32_t number, const Batch& batch,
                      Instant now) const;
  bool on_input(const Use& use, const DataHeader& header, LaneArrays arrays, const Arrival& arrival,
                std::vector<Departure>& out);
  Departure admit(std::size_t copy, std::size_t guest, Coming whole);
  bool on_output(const Use& use, const DataHeader& header, LaneArrays arrays,
                 const Arrival& arrival, Instant now, std::vector<Departure>& out);
  void complete(std::size_t copy, const Open& open, std::size_t lane, Instant now);

  const GraphClients* spec_;
  CpuOptions options_;
  TraceBuffer* trace_;
  RequestSource* source_ = nullptr;
  ClientSchedule schedule_;
  Batcher batcher_;
  Balancer balancer_;
  std::map<std::uint16_t, Use> ports_;
  std::vector<Copy> copies_;
  std::vector<std::uint32_t> at_copy_;      // this host's requests that are open, by copy
  std::uint32_t open_requests_ = 0;         // of this host, in a batch that forms or at a copy
  std::vector<Batch> sent_batches_;         // of a model that carries state: all, by number
  std::uint32_t sent_again_ = 0;            // answers to batches below this one may come twice
  std::vector<std::uint32_t> turned_away_;  // clients whose last request was refused
  std::vector<HostRecord> records_;
  std::uint32_t completed_ = 0, refused_ = 0;
};

}  // namespace soliton
