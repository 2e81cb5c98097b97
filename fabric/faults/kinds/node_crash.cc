// A node is gone: it takes nothing in, sends nothing and has forgotten all. With `restart` it comes back as
// another incarnation, whose role has forgotten its state or kept it (a process that is started again
// beside a device that kept its memory).
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

enum class State : std::uint8_t { kLost, kKept };
struct Restart {
  Duration after{};
  State state = State::kLost;
};
struct CrashOptions {
  std::optional<Restart> restart;
};
constexpr FieldWord kStates[] = {word("lost", State::kLost), word("kept", State::kKept)};
constexpr Field kRestartRows[] = {
    field<&Restart::after>("after", "How long it is gone.")
        .between(Duration{1}, kLongestTime)
        .needed(),
    field<&Restart::state>("state", "Of its role when it is back: `lost`, or `kept`.")
        .spelled(kStates),
};
constexpr FieldTable kRestartFields = fields_of<Restart>("fault_restart", kRestartRows);
constexpr Field kRows[] = {
    map_field<&CrashOptions::restart, kRestartFields>(
        "restart", "It comes back; without, and without `for`, it is gone for good.")
        .if_changed(),
};
constexpr FieldTable kFields = fields_of<CrashOptions>("fault_node_crash", kRows);

NodeTrouble trouble(const FaultRule& rule, const FaultWindow& window, const Random&) {
  const auto options = fault_options<CrashOptions>(kFields, rule.options);
  NodeTrouble out{NodeTrouble::What::kOff, 0, window.until};
  if (!options.restart) return out;
  out.until = later(window.from, options.restart->after);
  out.value = options.restart->state == State::kKept ? 1 : 0;
  return out;
}

// What was on its way to it is lost with it, so somebody has to begin anew.
bool managed(const FaultRule& rule) {
  return fault_options<CrashOptions>(kFields, rule.options).restart.has_value() ||
         rule.when.until != kNever || rule.when.length > Duration{};
}

constexpr NodeFaultKind kNode = {
    .trouble = trouble, .past = "crashed", .managed = managed, .own_length = true};

}  // namespace

extern const FaultKind kNodeCrashFault = {
    .name = "node_crash",
    .words = "a node is gone, for good or until it restarts",
    .example = "{node: fpga1, at: 1 ms, node_crash: true, restart: {after: 5 ms}}",
    .short_path = "",
    .short_alias = "",
    .target = FaultKind::Target::kNodes,
    .must_hold = "F R",
    .fields = kFields,
    .make = nothing_on_links,
    .node = &kNode,
};

}  // namespace soliton
