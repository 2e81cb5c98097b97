#include "node/npu/npu.h"

#include <algorithm>

#include "node/npu/chain_timing.h"
#include "node/npu/chain_values.h"
#include "node/npu/compiled_program.h"
#include "node/npu/netq.h"
#include "node/npu/offset_registers.h"
#include "protocol/base/check.h"
#include "protocol/base/counters.h"

namespace soliton {

void NpuStats::merge(const NpuStats& other) { add_counters(kNpuStatsFields, &other, this); }

// The loops of the scalar core: which chain comes next.
class ProgramCounter {
 public:
  explicit ProgramCounter(const Program& program)
      : program_(program), segment_(program.segments.size()) {}

  void begin(std::int64_t steps) {
    steps_ = steps;
    enter(0);
  }
  bool at_end() const { return segment_ == program_.segments.size(); }
  std::uint32_t chain() const { return chain_; }
  std::int64_t iteration() const { return iteration_; }
  std::uint32_t segment() const { return static_cast<std::uint32_t>(segment_); }

  void next() {
    const Segment& segment = program_.segments[segment_];
    if (++chain_ < segment.last) return;
    chain_ = segment.first;
    if (++iteration_ == iterations_) enter(segment_ + 1);
  }

 private:
  // Skips segments that are empty or run no round, as the body of a loop over steps - 1 with one
  // step.
  void enter(std::size_t segment) {
    for (segment_ = segment; !at_end(); ++segment_) {
      const Segment& entered = program_.segments[segment_];
      SOLITON_CHECK(entered.last <= program_.chains.size());
      chain_ = entered.first;
      iteration_ = 0;
      iterations_ = entered.iterations(steps_);
      if (iterations_ > 0 && entered.first < entered.last) return;
    }
  }

  const Program& program_;
  std::size_t segment_;
  std::uint32_t chain_ = 0;
  std::int64_t iteration_ = 0;
  std::int64_t iterations_ = 0;
  std::int64_t steps_ = 0;
};

// Outputs not polled yet; keeps its memory between requests.
class OutputQueue {
 public:
  void push(NpuOutput output) { outputs_.push_back(std::move(output)); }
  std::optional<NpuOutput> pop() {
    if (head_ == outputs_.size()) return std::nullopt;
    NpuOutput output = std::move(outputs_[head_++]);
    if (head_ == outputs_.size()) {
      outputs_.clear();
      head_ = 0;
    }
    return output;
  }

 private:
  std::vector<NpuOutput> outputs_;
  std::size_t head_ = 0;
};

struct Npu::Impl {
  Impl(const Shard& shard_in, ComputeMode mode, NodeId node_in, TraceBuffer* trace_in)
      : shard(shard_in),
        program(shard),
        timing(shard, program),
        offsets(program),
        netq(shard.in_ports),
        counter(shard.program),
        node(node_in),
        trace(trace_in) {
    if (mode == ComputeMode::kFunctional)
      values.push_back(std::make_unique<ChainValues>(shard, program));
  }

  void begin(RequestId id, std::int64_t steps, const Arrival& start, std::uint32_t lanes);
  void add_lanes();
  void run();
  void issue(const CompiledChain& chain);
  void compute(const CompiledChain& chain, Payload message);
  std::optional<NpuOutput> poll_output();
  std::uint64_t lane_bytes(std::uint16_t out_port) const {
    return shard.out_ports[out_port].elements * sizeof(Half);
  }
  void send(const CompiledChain& chain, const ChainTimes& times);
  void record(const CompiledChain& chain, const ChainTimes& times);
  void end_request();

  const Shard& shard;
  CompiledProgram program;
  ChainTiming timing;
  OffsetRegisters offsets;
  std::vector<std::unique_ptr<ChainValues>> values;  // by lane, as many as were ever needed
  NetQ netq;
  ProgramCounter counter;
  OutputQueue outputs;
  NodeId node;
  TraceBuffer* trace;
  std::vector<ChainIssue>* issues = nullptr;

  RequestId request{};
  std::uint32_t lanes = 1;
  Instant sent{};  // origin of all paths of the request
  Instant start_at{};
  Instant free_at{};
  Ticks mvu_busy = 0;  // over all requests: converted once
  Ticks busy = 0;
  NpuStats stats;
};

void Npu::Impl::begin(RequestId id, std::int64_t steps, const Arrival& start,
                      std::uint32_t lanes_in) {
  SOLITON_CHECK_MSG(counter.at_end(), "request {} begins while {} runs", index(id), index(request));
  SOLITON_CHECK_MSG(start.at >= free_at, "request {} begins {} before the NPU is free", index(id),
                    to_string(free_at - start.at));
  SOLITON_CHECK(steps >= 0);
  SOLITON_CHECK_MSG(lanes_in >= 1 && lanes_in <= shard.batch,
                    "the batch has {} lanes, but the shard is made for 1 to {}", lanes_in,
                    shard.batch);
  request = id;
  lanes = lanes_in;
  // All paths of a request begin when its client sent it. So the parts of every path must add up to
  // the time since then, which is checked for each message that comes and goes.
  sent = start.at - start.path.total();
  start_at = start.at;
  netq.begin(steps, lanes);
  timing.begin(start, lanes);
  offsets.begin();
  if (!values.empty()) add_lanes();
  counter.begin(steps);
  stats.requests += lanes;
  run();
}

void Npu::Impl::add_lanes() {
  // Lanes are kept for later batches that need as many.
  while (values.size() < lanes)
    values.push_back(std::make_unique<ChainValues>(ChainValues::Lane{*values.front()}));
  for (std::uint32_t lane = 0; lane < lanes; ++lane) values[lane]->begin();
}

// Issues chains until one reads a port that has no message yet; deliver() continues from there.
void Npu::Impl::run() {
  while (!counter.at_end()) {
    const CompiledChain& chain = program.chain(counter.chain());
    if (chain.takes_message() && !netq.ready(chain.port)) return;
    issue(chain);
    counter.next();
  }
  end_request();
}

// Offsets come first, as they give the chain its addresses, then times, then values. A chain by
// offset has two forms: its values go by the real address, its times only by what the timing model
// may know.
void Npu::Impl::issue(const CompiledChain& chain) {
  NetqMessage message;
  if (chain.takes_message()) message = netq.take(chain.port);
  if (chain.kind == ChainKind::kScalar)
    offsets.run(chain, chain.from_netq ? &message.vectors : nullptr);
  const ResolvedChain* resolved = chain.by_offset ? &offsets.resolve(chain) : nullptr;
  const ChainTimes times = timing.issue(resolved != nullptr ? resolved->timing : chain,
                                        chain.takes_message() ? &message.arrival : nullptr);
  if (!values.empty() && chain.kind != ChainKind::kScalar)
    compute(resolved != nullptr ? resolved->values : chain, std::move(message.vectors));
  send(chain, times);
  ++stats.chains;
  stats.mvu_macs += lanes * chain.macs;
  mvu_busy = add_ticks(mvu_busy, timing.slot(chain));
  if (issues != nullptr) record(chain, times);
  if (trace != nullptr && trace->enabled()) {
    const Instant at = timing.instant(times.start.at);
    trace->record({at, timing.instant(times.result.at) - at, node, TraceKind::kChain,
                   counter.chain(), index(request), counter.iteration()});
  }
}

void Npu::Impl::record(const CompiledChain& chain, const ChainTimes& times) {
  issues->push_back({counter.chain(), counter.segment(), counter.iteration(),
                     timing.instant(times.start.at), timing.instant(times.written.at),
                     timing.clock().duration(timing.slot(chain)), times.wait});
}

void Npu::Impl::compute(const CompiledChain& chain, Payload message) {
  if (lanes == 1) return values.front()->issue(chain, std::move(message));
  const std::uint64_t bytes = message.size() / lanes;
  for (std::uint32_t lane = 0; lane < lanes; ++lane)
    values[lane]->issue(chain, message.slice(lane * bytes, bytes));
}

// Outputs are queued with sizes only. Their values are taken lane by lane, in the order in which
// chains wrote them, which is also the order of this queue.
std::optional<NpuOutput> Npu::Impl::poll_output() {
  std::optional<NpuOutput> output = outputs.pop();
  if (!output || values.empty()) return output;
  // By the size that was recorded when it was sent: the present request may have another number of
  // lanes.
  const std::uint64_t of_lanes = std::exchange(output->vectors.ghost, 0) / lane_bytes(output->port);
  output->vectors = values.front()->take_message();
  for (std::uint64_t lane = 1; lane < of_lanes; ++lane)
    output->vectors.append(values[lane]->take_message());
  return output;
}

void Npu::Impl::send(const CompiledChain& chain, const ChainTimes& times) {
  for (const WriteTarget& target : chain.writes) {
    if (!target.to_netq) continue;
    NpuOutput output{target.port, {}, timing.arrival(times.sent)};
    SOLITON_CHECK_MSG(sent + output.leaves.path.total() == output.leaves.at,
                      "the path is {} ps long, but the request was sent {} ps ago",
                      output.leaves.path.total().count(), (output.leaves.at - sent).count());
    // The values are filled in when the output is polled; the later that is, the more products can
    // share one reading of a matrix.
    output.vectors.ghost = lanes * lane_bytes(target.port);
    outputs.push(std::move(output));
  }
}

void Npu::Impl::end_request() {
  SOLITON_CHECK_MSG(netq.empty(), "request {} ended with unread messages: {}", index(request),
                    netq.describe_unread());
  free_at = timing.instant(timing.last_result());
  // Summed in ticks and converted once, so that rounding does not add up over requests.
  busy = add_ticks(busy, timing.last_result() - timing.waited());
  stats.mvu_busy = timing.clock().duration(mvu_busy);
  stats.busy = timing.clock().duration(busy);
  // Counts of lanes are totals over all requests. Reading them also computes what is still queued,
  // as ChainValues::begin() requires.
  stats.fp16_overflows = stats.poisoned_blocks = stats.poisoned_weights = 0;
  for (const std::unique_ptr<ChainValues>& lane : values) {
    stats.fp16_overflows += lane->counts().fp16_overflows;
    stats.poisoned_blocks += lane->counts().poisoned_blocks;
    stats.poisoned_weights += lane->counts().poisoned_weights;
  }
  stats.index_faults = offsets.faults();
}

Npu::Npu(const Shard& shard, ComputeMode mode, NodeId node, TraceBuffer* trace)
    : x_(std::make_unique<Impl>(shard, mode, node, trace)) {}

Npu::~Npu() = default;

void Npu::begin(RequestId request, std::int64_t steps, Arrival start, std::uint32_t lanes) {
  x_->begin(request, steps, start, lanes);
}

void Npu::deliver(std::uint16_t port, Payload vectors, Arrival arrival) {
  SOLITON_CHECK_MSG(!finished(), "port {}: a message arrived while no request runs", port);
  SOLITON_CHECK_MSG(arrival.at - arrival.path.total() == x_->sent,
                    "port {}: the path is {} ps long, but the request was sent {} ps ago", port,
                    arrival.path.total().count(), (arrival.at - x_->sent).count());
  x_->netq.push(port, {std::move(vectors), arrival});
  x_->run();
}

void Npu::give_up_when(const std::atomic<bool>& given_up) {
  for (const std::unique_ptr<ChainValues>& lane : x_->values) lane->give_up_when(given_up);
}

void Npu::record_issues(std::vector<ChainIssue>* log) { x_->issues = log; }

std::optional<NpuOutput> Npu::poll_output() { return x_->poll_output(); }

bool Npu::finished() const { return x_->counter.at_end(); }

Instant Npu::free_at() const {
  SOLITON_CHECK(finished());
  return x_->free_at;
}

std::optional<std::uint16_t> Npu::waiting_port() const {
  if (finished()) return std::nullopt;
  // While a request is open, run() has stopped at a chain that reads a port without a message.
  return x_->program.chain(x_->counter.chain()).port;
}

std::string Npu::waiting_for() const {
  const std::optional<std::uint16_t> port = waiting_port();
  return port ? x_->netq.describe_wait(*port) : "";
}

std::span<const Half> Npu::vector(Memory memory, std::uint32_t index) const {
  if (x_->values.empty()) return {};
  return x_->values.front()->vector(x_->program.layout().flat(memory, index));
}

const NpuStats& Npu::stats() const { return x_->stats; }

}  // namespace soliton
