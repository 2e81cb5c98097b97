#include "cluster/cli/isa_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "protocol/base/clock_domain.h"
#include "protocol/base/rng.h"
#include "protocol/isa/memory_map.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

constexpr std::size_t kIssuesShown = 400;
constexpr std::size_t kOutputsShown = 8;
constexpr std::size_t kValuesShown = 6;

std::string wait_name(Wait wait) {
  switch (wait) {
    case Wait::kNothing:
      return "-";
    case Wait::kMessage:
      return "message";
    case Wait::kVector:
      return "vectors";
    case Wait::kDram:
      return "dram";
    case Wait::kMatrix:
      return "matrix";
    case Wait::kUnit:
      return "unit";
    case Wait::kOperands:
      return "operands";
  }
  return "?";
}

// Entries of `rows` vectors that every access by this offset can reach; at least one.
std::uint64_t entries_of(const Shard& shard, ScalarRegister target, std::uint32_t rows) {
  const Indexing wanted =
      target == ScalarRegister::kOffset0 ? Indexing::kOffset0 : Indexing::kOffset1;
  const std::vector<Touch> all = touches(shard);
  std::int64_t least = 65'536;
  for (const Chain& chain : shard.program.chains)
    for (const Instruction& instruction : chain.instructions)
      if (instruction.indexing == wanted)
        // An access at `index` may reach up to the furthest word that the program writes to its
        // memory.
        least = std::min(least, (furthest_end(all, instruction.memory, false) -
                                 std::int64_t{instruction.index}) /
                                    rows);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(least, 1));
}

// Ports whose messages are read as indices, with the number of entries.
std::map<std::uint32_t, std::uint64_t> index_ports(const Shard& shard) {
  std::map<std::uint32_t, std::uint64_t> out;
  for (const Chain& chain : shard.program.chains)
    for (const Instruction& instruction : chain.instructions)
      if (instruction.opcode == Opcode::kSRd)
        out[scalar_value(instruction)] =
            entries_of(shard, scalar_register(instruction), chain.rows);
  return out;
}

Payload payload_of(const std::vector<Half>& values) {
  Payload out;
  const auto bytes = std::as_bytes(std::span<const Half>(values));
  out.bytes.assign(bytes.begin(), bytes.end());
  return out;
}

Payload message(const Shard& shard, std::uint32_t port, std::optional<std::uint64_t> entries,
                const Random& random) {
  const std::uint32_t elements = shard.in_ports[port].elements;
  std::vector<Half> values(elements);
  if (holds_sums(shard, Opcode::kMvRd, port)) return payload_of(values);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = to_half(static_cast<float>(random.unit(i) - 0.5));
  // Only the first value of such a message is read, as an integer.
  if (entries) values[0] = static_cast<Half>(random.below(elements, *entries));
  return payload_of(values);
}

template <typename Number>
std::vector<Number> unpacked(const NpuOutput& output) {
  std::vector<Number> values(output.vectors.bytes.size() / sizeof(Number));
  std::memcpy(values.data(), output.vectors.bytes.data(), values.size() * sizeof(Number));
  return values;
}

// Hexadecimal, two digits for each byte of a number.
template <typename Number>
Json digits(const NpuOutput& output) {
  Json out = Json::array();
  for (const Number value : unpacked<Number>(output))
    out.push_back(fmt::format("{:0{}x}", value, 2 * sizeof(Number)));
  return out;
}

std::string first_values(const std::vector<float>& values) {
  std::string text;
  for (std::size_t i = 0; i < std::min(values.size(), kValuesShown); ++i)
    text += fmt::format(" {}", values[i]);
  return values.size() > kValuesShown ? text + " ..." : text;
}

std::int64_t cycles_of(const Shard& shard, Duration duration) {
  return ClockDomain(shard.device.clock, 1).ticks(duration);
}

double ns(Duration duration) { return static_cast<double>(duration.count()) / 1000.0; }

std::string issue_text(const Shard& shard, const ChainIssue& issue) {
  const Duration start = issue.start - kRunStart;
  const Duration end = issue.end - kRunStart;
  const std::string& label = shard.program.chains[issue.chain].label;
  return fmt::format("{:5}  {:3}:{:<5} {:<12} {:>9} {:>9} {:>12.1f} {:>12.1f} {:>6}  {}\n",
                     issue.chain, issue.segment, issue.iteration, label, cycles_of(shard, start),
                     cycles_of(shard, end), ns(start), ns(end), cycles_of(shard, issue.slot),
                     wait_name(issue.wait));
}

std::string counters_text(const NpuStats& stats) {
  return fmt::format(
      "fp16 overflows {} · poisoned blocks {} · poisoned weights {} · index faults {}\n",
      stats.fp16_overflows, stats.poisoned_blocks, stats.poisoned_weights, stats.index_faults);
}

}  // namespace

bool holds_sums(const Shard& shard, Opcode opcode, std::uint32_t port) {
  return std::ranges::any_of(shard.program.chains, [&](const Chain& chain) {
    return std::ranges::any_of(chain.instructions, [&](const Instruction& it) {
      return it.opcode == opcode && it.index == port;
    });
  });
}

std::vector<float> numbers_of(const Shard& shard, const NpuOutput& output) {
  if (holds_sums(shard, Opcode::kMvWr, output.port)) return unpacked<float>(output);
  std::vector<float> out;
  for (const Half value : unpacked<Half>(output)) out.push_back(to_float(value));
  return out;
}

IsaTrace trace_program(const Shard& shard, std::int64_t steps, std::uint64_t seed,
                       const std::vector<GivenMessages>& given) {
  IsaTrace out;
  const Random random(seed, "isa messages");
  const std::map<std::uint32_t, std::uint64_t> indices = index_ports(shard);
  Npu npu(shard, ComputeMode::kFunctional);
  npu.record_issues(&out.issues);
  npu.begin(RequestId{0}, steps, {kRunStart, {}});
  std::map<std::uint32_t, std::size_t> taken;  // of the given ones
  for (std::uint64_t count = 0; const auto port = npu.waiting_port(); ++count) {
    const auto own = std::ranges::find(given, *port, &GivenMessages::port);
    const auto found = indices.find(*port);
    const std::optional<std::uint64_t> entries =
        found != indices.end() ? std::optional(found->second) : std::nullopt;
    npu.deliver(*port,
                own != given.end()
                    ? payload_of(own->messages[taken[*port]++ % own->messages.size()])
                    : message(shard, *port, entries, random.child(*port).child(count)),
                {kRunStart, {}});
  }
  while (auto output = npu.poll_output()) out.outputs.push_back(std::move(*output));
  out.stats = npu.stats();
  out.total = npu.free_at() - kRunStart;
  return out;
}

std::string trace_text(const Shard& shard, const IsaTrace& trace) {
  std::string text =
      "   pc  seg:round label         start cyc   end cyc     start ns       end ns   slot  waited "
      "for\n";
  for (std::size_t i = 0; i < std::min(trace.issues.size(), kIssuesShown); ++i)
    text += issue_text(shard, trace.issues[i]);
  if (trace.issues.size() > kIssuesShown)
    text += fmt::format("and {} chains more\n", trace.issues.size() - kIssuesShown);
  text += "\n";
  for (std::size_t i = 0; i < std::min(trace.outputs.size(), kOutputsShown); ++i) {
    const NpuOutput& output = trace.outputs[i];
    text += fmt::format("out {} at {:.1f} ns:{}\n", shard.out_ports[output.port].name,
                        ns(output.leaves.at - kRunStart), first_values(numbers_of(shard, output)));
  }
  if (trace.outputs.size() > kOutputsShown)
    text += fmt::format("and {} messages more\n", trace.outputs.size() - kOutputsShown);
  text +=
      fmt::format("{} chains issued, {} cycles, {:.3f} us; matrix-vector unit busy {:.1f} %\n",
                  trace.stats.chains, cycles_of(shard, trace.total), ns(trace.total) / 1000,
                  trace.total.count() == 0 ? 0 : 100 * ns(trace.stats.mvu_busy) / ns(trace.total));
  return text + counters_text(trace.stats);
}

Json trace_json(const Shard& shard, const IsaTrace& trace) {
  Json out;
  out["issues"] = Json::array();
  for (const ChainIssue& issue : trace.issues)
    out["issues"].push_back({{"pc", issue.chain},
                             {"segment", issue.segment},
                             {"round", issue.iteration},
                             {"label", shard.program.chains[issue.chain].label},
                             {"start_ns", ns(issue.start - kRunStart)},
                             {"end_ns", ns(issue.end - kRunStart)},
                             {"slot_cycles", cycles_of(shard, issue.slot)},
                             {"waited_for", wait_name(issue.wait)}});
  out["outputs"] = Json::array();
  for (const NpuOutput& output : trace.outputs) {
    const bool sums = holds_sums(shard, Opcode::kMvWr, output.port);
    out["outputs"].push_back(
        {{"port", shard.out_ports[output.port].name},
         {"leaves_ns", ns(output.leaves.at - kRunStart)},
         {sums ? "fp32" : "fp16", sums ? digits<std::uint32_t>(output) : digits<Half>(output)}});
  }
  out["cycles"] = cycles_of(shard, trace.total);
  out["counters"] = {{"chains", trace.stats.chains},
                     {"mvu_macs", trace.stats.mvu_macs},
                     {"fp16_overflows", trace.stats.fp16_overflows},
                     {"poisoned_blocks", trace.stats.poisoned_blocks},
                     {"poisoned_weights", trace.stats.poisoned_weights},
                     {"index_faults", trace.stats.index_faults}};
  return out;
}

}  // namespace soliton
