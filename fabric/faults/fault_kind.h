// The kinds of faults. One is a file in fabric/faults/kinds and a line in the list, kinds/list.cc:
// the reader of cluster files and what it writes, their schema, `soliton list faults`, the bytes of
// a deployment and explanations of a run all follow from it.
//
// What a kind does to packets is a LinkEffect, which the simulated network and the interceptor of
// wall time ask alike. Chance is a function of (seed, rule, link, direction, packet ordinal).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "protocol/base/check.h"
#include "protocol/base/fields.h"
#include "protocol/base/rng.h"
#include "protocol/base/time.h"

namespace soliton {

// When a rule is in force.
struct FaultWindow {
  Instant from{};          // inclusive
  Instant until = kNever;  // exclusive
  bool holds(Instant at) const { return from <= at && at < until; }
  bool operator==(const FaultWindow&) const = default;
};

// A packet on one direction of a link.
struct Crossing {
  Instant start{};  // first bit leaves: rules of chance apply if they are in force now
  Instant end{};    // last bit arrives without delay: a cut also hits what is on the wire
  // Of the packet on this link and direction: what chance is a function of.
  std::uint64_t ordinal = 0;
};

// What a rule does to the packets of a link. A value without state of its own.
class LinkEffect {
 public:
  virtual ~LinkEffect() = default;
  // Whether the packet is lost. `burst` packets were lost right before it on this link and
  // direction, by whatever rules; `chance` is the rule's own, on this link and direction.
  virtual bool drops(const FaultWindow&, const Crossing&, std::uint64_t /*burst*/,
                     const Random& /*chance*/) const {
    return false;
  }
  // Whether nothing crosses the link: such a rule is charged with a loss before rules of chance.
  virtual bool cuts() const { return false; }
  virtual bool delays() const { return false; }
  // How much later a packet arrives that left while the rule was in force. At most most_delay().
  virtual Duration delay(std::uint64_t /*ordinal*/, const Random& /*chance*/) const { return {}; }
  virtual Duration most_delay() const { return {}; }
  // What happened to the link, for explanations: "lost 1 % of its packets".
  virtual std::string words() const = 0;
};

struct FaultKind {
  std::string_view name;
  std::string_view words;    // for lists: what it does
  std::string_view example;  // in the short form
  // Where the value of the short form, `NAME: value`, stands in the long form: a path of keys such
  // as "model.p". Empty: the short form is `NAME: true`.
  std::string_view short_path;
  // Another key that stands for the kind in the short form when NAME is left out; "": none.
  std::string_view short_alias;
  // What a rule names: links, or switches, all of whose links it is about.
  enum class Target : std::uint8_t { kLinks, kSwitches } target = Target::kLinks;
  FieldTable fields;  // its own keys; their values are FaultRule::options
  std::unique_ptr<LinkEffect> (*make)(const Settings& options);
};

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
extern const FaultKind kLossFault, kDelayFault, kLinkDownFault, kSwitchDownFault;

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
