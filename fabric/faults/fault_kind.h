// The kinds of faults. One is a file in fabric/faults/kinds and a line in the list, kinds/list.cc:
// the reader of cluster files and what it writes, their schema, `soliton list faults`, the bytes of
// a deployment and explanations of a run all follow from it.
//
// What a kind does to packets is a LinkEffect, which the simulated network and the interceptor of
// wall time ask alike. Chance is a function of (seed, rule, link, direction, packet ordinal). What a kind
// does to nodes is a NodeFaultKind, and chance a function of (seed, rule, node, window).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fabric/faults/fault_action.h"
#include "fabric/faults/fault_times.h"
#include "fabric/faults/node_trouble.h"
#include "protocol/base/check.h"
#include "protocol/base/fields.h"
#include "protocol/base/rng.h"
#include "protocol/base/time.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {

// A packet on one direction of a link.
struct Crossing {
  Instant start{};  // first bit leaves: rules of chance apply if they are in force now
  Instant end{};    // last bit arrives without delay: a cut also hits what is on the wire
  // Of the packet on this link and direction: what chance is a function of.
  std::uint64_t ordinal = 0;
  BitRate rate{};  // of the line
  Bytes size{};    // of LTL
  PacketKind kind = PacketKind::kData;
  NodeId source{}, destination{};
  bool marked = false;  // by a queue on its way (ECN)
  bool at_end = false;  // the link leads to where the packet is for
};
// What a datagram says of itself, beside `where` it crosses.
Crossing crossing_of(const Datagram& datagram, Crossing where);

// What an effect knows of a link and direction between packets. What it keeps where is its own affair.
struct LinkMemory {
  Instant until{}, second{};
  std::uint64_t number = 0;
  std::uint32_t state = 0;
};

// A packet in front of one rule that is in force.
struct Encounter {
  Hop hop;
  const Crossing& crossing;
  // At `crossing.start`, or in force only from a moment at which the packet was on the wire.
  FaultWindow window;
  std::uint64_t burst =
      0;  // packets lost right before it on this link and direction, by whatever rules
  const Random& chance;  // the rule's own, on this link and direction
  LinkMemory& memory;    // the same

  bool on_the_wire() const { return crossing.start < window.from; }
};

// The order in which rules act on a link: what is lost is not damaged, and what is damaged is copied so.
enum class LinkStage : std::uint8_t { kCut, kHold, kRate, kSize, kLoss, kDamage, kCopy, kDelay };

// What a rule does to the packets of a link. A value without state of its own.
class LinkEffect {
 public:
  virtual ~LinkEffect() = default;
  virtual LinkStage stage() const = 0;
  // Called for each packet on the link, in their order, while the rule is in force. Only a cut is asked
  // about packets that are on the wire when it comes into force.
  virtual FaultAction act(const Encounter& m) const = 0;
  // The most that act() delays a packet by, and the most that its copies are behind.
  virtual Duration most_delay() const { return {}; }
  // What happened to the link, for explanations: "lost 1 % of its packets".
  virtual std::string words() const = 0;

  bool cuts() const { return stage() == LinkStage::kCut; }
  bool delays() const { return stage() == LinkStage::kDelay; }
};

struct FaultRule;
class PortEffect;

struct FaultKind {
  std::string_view name;
  std::string_view words;    // for lists: what it does
  std::string_view example;  // in the short form
  // Where the value of the short form, `NAME: value`, stands in the long form: a path of keys such
  // as "model.p". Empty: the short form is `NAME: true`.
  std::string_view short_path;
  // Another key that stands for the kind in the short form when NAME is left out; "": none.
  std::string_view short_alias;
  // What a rule names: links; switches, all of whose links it is about; sets of nodes, whose cables it is
  // about; nodes themselves; switches that lead to each other in a circle, whose ports it is about; or what
  // an earlier run has recorded.
  enum class Target : std::uint8_t {
    kLinks,
    kSwitches,
    kNodeSets,
    kNodes,
    kCircle,
    kRecorded
  } target = Target::kLinks;
  // Whether it does the same to all packets of a link, so that `fidelity: message` can play it.
  bool whole_links = false;
  // What must hold whatever the rule does (docs/faults.md): D delivered once, in order, intact; R results
  // bit-identical; L completes after the end of the rule; B budgets hold; E else an error that names it.
  std::string_view must_hold;
  FieldTable fields;  // its own keys; their values are FaultRule::options
  std::unique_ptr<LinkEffect> (*make)(const FaultRule& rule);
  const NodeFaultKind* node = nullptr;  // of kinds that are about nodes
  // Of kinds that act at ports (port_effect.h); the result may be null: this rule does not.
  std::unique_ptr<PortEffect> (*port)(const FaultRule& rule) = nullptr;
};

// FaultKind::make of a kind that does nothing to the packets on links.
std::unique_ptr<LinkEffect> nothing_on_links(const FaultRule& rule);

// All kinds, in the order of lists.
std::span<const FaultKind* const> fault_kinds();
// nullptr if there is no kind of this name.
const FaultKind* find_fault_kind(std::string_view name);

// The options of a rule as the kind's struct.
template <typename T>
T fault_options(const FieldTable& table, const Settings& settings) {
  T out;
  const Status assigned = assign(table, settings, &out);
  SOLITON_CHECK_MSG(assigned.has_value(), "{}", assigned.error().message);
  return out;
}

// The kinds that come with the project.
extern const FaultKind kLossFault, kDelayFault, kLinkDownFault, kSwitchDownFault, kMisrouteFault;

// Options of rules made in code.
struct LossFaultOptions {
  Probability p{};
  std::uint32_t max_burst = 0;
};
struct DelayFaultOptions {
  Duration delay{};
  Duration jitter{};
};
Settings loss_settings(const LossFaultOptions& options);
Settings delay_settings(const DelayFaultOptions& options);

}  // namespace soliton
