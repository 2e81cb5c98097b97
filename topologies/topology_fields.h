// The keys of topologies that all kinds share, as tables (protocol/base/fields.h): cables,
// switches, marks and pauses. The keys of one kind are in its file (topologies/kinds).
#pragma once

#include <vector>

#include "protocol/base/fields.h"
#include "topologies/kind.h"
#include "topologies/topology.h"

namespace soliton {

inline constexpr Bytes kLongestQueue{std::int64_t{1} << 40};

inline constexpr Field kEcnRows[] = {
    field<&EcnMarking::kmin>("kmin", "A queue up to this length marks nothing.")
        .between(Bytes{0}, kLongestQueue)
        .trade("rates fall for bursts that would have drained", "longer queues"),
    field<&EcnMarking::kmax>("kmax", "A queue above this length marks every packet.")
        .between(Bytes{0}, kLongestQueue)
        .trade("the same as for `kmin`, harder", "longer queues"),
    field<&EcnMarking::most>("probability", "Share of packets marked at `kmax`.")
        .between(Probability{0}, Probability{1'000'000'000})
        .trade("rates fall late", "rates fall as soon as a queue grows"),
};
void check_ecn_keys(void* ecn, FieldCheck& check);
inline constexpr FieldTable kEcnFields =
    fields_of<EcnMarking>("ecn", kEcnRows).ruled(&check_ecn_keys);

inline constexpr Field kWatchdogRows[] = {
    field<&PauseWatchdog::poll>("poll", "Time between two looks at a paused port.")
        .between(microseconds(1), milliseconds(60'000))
        .trade("a long pause is taken for a standstill", "a standstill lasts longer"),
    field<&PauseWatchdog::polls>("polls", "Looks in a row at which the port has sent nothing.")
        .between(1, 1'000)
        .trade("a long pause is taken for a standstill", "a standstill lasts longer"),
    field<&PauseWatchdog::restore>("restore", "The port then drops what comes for this long.")
        .between(Duration{0}, milliseconds(60'000))
        .trade("the standstill comes back", "a port that would work again loses more"),
};
inline constexpr FieldTable kWatchdogFields =
    fields_of<PauseWatchdog>("pfc_watchdog", kWatchdogRows);

inline constexpr FieldWord kAutoBytes[] = {{"auto", kUnset}};
inline constexpr Field kPauseRows[] = {
    field<&PriorityPause::xoff>(
        "xoff", "A switch that holds more than this of one cable pauses what feeds it.")
        .between(Bytes{1}, kLongestQueue)
        .trade("pauses where rates would have fallen in time", "larger buffers"),
    field<&PriorityPause::xon>("xon", "At this or less the switch lets the cable resume.")
        .between(Bytes{0}, kLongestQueue)
        .spelled(kAutoBytes)
        .by_default("auto: two packets below `xoff`")
        .trade("longer pauses, idle lines", "more pauses"),
    field<&PriorityPause::headroom>("headroom",
                                    "Room for what comes after a switch has paused the cable.")
        .between(Bytes{0}, kLongestQueue)
        .spelled(kAutoBytes)
        .by_default("auto: what each cable needs")
        .trade("losses", "larger buffers"),
    map_field<&PriorityPause::watchdog, kWatchdogFields>(
        "watchdog",
        "A port that is paused for too long drops what waits for it; `false`: it waits for ever.")
        .switchable(),
};
void check_pause_keys(void* pause, FieldCheck& check);
inline constexpr FieldTable kPauseFields =
    fields_of<PriorityPause>("pfc", kPauseRows).ruled(&check_pause_keys);

inline constexpr Duration kLongestBurst = milliseconds(1'000);
inline constexpr Field kListedBurstRows[] = {
    field<&ListedBurst::length>("length", "Time that it takes the line.")
        .between(Duration{1}, kLongestBurst)
        .needed(),
    field<&ListedBurst::share>("share", "Of the bursts, in relation to the others' shares.")
        .between(1, 1'000'000),
};
inline constexpr FieldTable kListedBurstFields =
    fields_of<ListedBurst>("listed_burst", kListedBurstRows);
inline constexpr FieldWord kBurstWords[] = {
    word("uniform", BurstLengths::kUniform), word("exponential", BurstLengths::kExponential),
    word("pareto", BurstLengths::kPareto), word("listed", BurstLengths::kListed)};
inline constexpr Field kOtherTrafficRows[] = {
    field<&OtherTraffic::busy>("busy", "Share of the time in which others have the line.")
        .between(Probability{0}, Probability{1'000'000'000})
        .needed(),
    field<&OtherTraffic::lengths>(
        "lengths",
        "How long their bursts are: `uniform` between zero and `longest`, `exponential`, `pareto`, "
        "or those `listed`.")
        .spelled(kBurstWords)
        .if_changed(),
    field<&OtherTraffic::mean>("mean", "Of `exponential` and `pareto`: mean length.")
        .between(Duration{1}, kLongestBurst)
        .if_changed(),
    field<&OtherTraffic::shape>("shape",
                                "Of `pareto`, above 1: the share of bursts longer than x falls as "
                                "x to the power of minus this.")
        .if_changed()
        .trade("few long bursts are most of the load", "lengths that differ little"),
    maps_field<&OtherTraffic::listed, kListedBurstFields>("listed", "Lengths, with their shares.")
        .if_changed(),
    field<&OtherTraffic::longest>("longest", "Longest of their bursts; longer ones are cut off.")
        .between(Duration{0}, kLongestBurst)
        .by_default("exponential 20, pareto 1000 times `mean`; required with uniform"),
};
void check_other_traffic_keys(void* other, FieldCheck& check);
inline constexpr FieldTable kOtherTrafficFields =
    fields_of<OtherTraffic>("other_traffic", kOtherTrafficRows).ruled(&check_other_traffic_keys);

inline constexpr Field kTrafficClassRows[] = {
    field<&TrafficClass::name>("name", "For messages.").as(FieldType::kName).needed(),
    field<&TrafficClass::strict>(
        "strict", "Goes before all that are not strict, and strict ones behind it in the list.")
        .if_changed(),
    field<&TrafficClass::weight>(
        "weight", "Share of the line among classes that are not strict, as their weights are.")
        .between(1, 1'000)
        .if_changed(),
    field<&TrafficClass::channels>(
        "channels",
        "LTL channels of its packets; those that no class names are of the first class.")
        .between(std::int64_t{0}, kChannelsMost - 1)
        .if_changed(),
};
void check_traffic_class_keys(void* its, FieldCheck& check);
inline constexpr FieldTable kTrafficClassFields =
    fields_of<TrafficClass>("class", kTrafficClassRows).ruled(&check_traffic_class_keys);

inline constexpr FieldWord kOffBytes[] = {{"off", kUnset}};
inline constexpr Field kSwitchQueueRows[] = {
    field<&SwitchQueues::buffer>("buffer",
                                 "Shared by all ports of the switch; `off`: each port has room for "
                                 "the cable's `queue` only.")
        .between(Bytes{2'048}, kLongestQueue)
        .spelled(kOffBytes)
        .if_changed()
        .trade("losses in bursts", "long queues"),
    field<&SwitchQueues::alpha>("alpha",
                                "A queue takes what leaves it at most this times what is free of "
                                "`buffer`; 1/128 to 128.")
        .if_changed()
        .trade("room for idle ports stays unused", "one port can take all"),
    maps_field<&SwitchQueues::classes, kTrafficClassFields>(
        "classes", "Classes of packets with a queue each at every port.")
        .if_changed(),
};
void check_switch_queue_keys(void* queues, FieldCheck& check);
inline constexpr FieldTable kSwitchQueueFields =
    fields_of<SwitchQueues>("switch_queues", kSwitchQueueRows).ruled(&check_switch_queue_keys);

// A row of SwitchQueues, for the switch that has them.
template <std::size_t row>
constexpr Field switch_queue_row() {
  Field out = kSwitchQueueRows[row];
  out.get = [](const void* vertex) {
    return kSwitchQueueRows[row].get(&static_cast<const Vertex*>(vertex)->queues);
  };
  out.set = [](void* vertex, const FieldValue& value) {
    kSwitchQueueRows[row].set(&static_cast<Vertex*>(vertex)->queues, value);
  };
  if (out.enter != nullptr)
    out.enter = [](void* vertex) -> void* {
      return kSwitchQueueRows[row].enter(&static_cast<Vertex*>(vertex)->queues);
    };
  return out;
}

// Names of switches and cables may be ranges ("leaf[0-3]"), which the reader expands.
inline constexpr Field kSwitchRows[] = {
    described("name", "A name, or a range of names.", FieldType::kText).needed(),
    field<&Vertex::forwarding>("forwarding", "Head in to head out with empty queues.")
        .between(Duration{0}, milliseconds(1'000)),
    field<&Vertex::store_and_forward>("store_and_forward", "`false`: cut-through."),
    field<&Vertex::place>("place", "Place of the switch.").if_changed(),
    switch_queue_row<0>(),
    switch_queue_row<1>(),
    switch_queue_row<2>(),
};
void check_switch_keys(void* vertex, FieldCheck& check);
inline constexpr FieldTable kSwitchFields =
    fields_of<Vertex>("switch", kSwitchRows).ruled(&check_switch_keys);

inline constexpr Field kCableRows[] = {
    described("between",
              "A cable of kind `explicit`: both ends, `[fpga0, tor0]`; a range stands for as many "
              "cables."),
    described(
        "link",
        "Or those that there are, by name, range (`leaf[0-3]-spine0`) or glob (`leaf0-*`): the "
        "other keys change them.",
        FieldType::kText),
    described("name", "The ends joined by a dash when left out.", FieldType::kText),
    field<&TopologyLink::latency>("latency", "Latency of one direction.")
        .between(Duration{0}, kLongestCable)
        .by_default("required with `between`"),
    field<&TopologyLink::rate>("bandwidth", "Rate of each direction.")
        .between(kSlowestRate, kFastestRate)
        .by_default("the topology's bandwidth"),
    field<&TopologyLink::queue>("queue", "Output queue of each direction; tail drop above it.")
        .between(Bytes{2'048}, kLongestQueue)
        .trade("losses in bursts", "long queues"),
    map_field<&TopologyLink::other, kOtherTrafficFields>(
        "other_traffic", "Traffic of others on the cable's switch ports.")
        .if_changed(),
    refused("class", "traffic classes are not supported in this version"),
};
inline constexpr FieldGroup kCableGroups[] = {
    {FieldGroup::Kind::kOneOf, {"between", "link"}},
    {FieldGroup::Kind::kNeeds, {"name", "between"}},
};
inline constexpr FieldTable kCableFields =
    fields_of<TopologyLink>("cable", kCableRows).with(kCableGroups);

// What all kinds share, in the order of a file; the keys of a kind stand between the last two.
inline constexpr Field kTopologyNameRows[] = {
    field<&TopologySpec::name>("name", "For messages and results.")
        .as(FieldType::kName)
        .by_default("its kind"),
    field<&TopologySpec::kind>("kind", "What is built.").as(FieldType::kName).needed(),
};
inline constexpr Field kTopologyRateRows[] = {
    field<&TopologySpec::rate>("bandwidth", "Rate of every cable that does not state its own.")
        .between(kSlowestRate, kFastestRate),
};
inline constexpr Field kTopologyQueueRows[] = {
    map_field<&TopologySpec::ecn, kEcnFields>(
        "ecn", "Marks of the switches' output queues; `false`: none.")
        .switchable(),
    map_field<&TopologySpec::pause, kPauseFields>(
        "pfc", "Switches pause what feeds them instead of dropping the cluster's packets.")
        .switchable()
        .if_changed(),
};
inline constexpr FieldWord kRoutingWords[] = {
    word("ecmp", Routing::kEcmp), word("spray", Routing::kSpray), word("fixed", Routing::kFixed)};
inline constexpr FieldWord kNeverWords[] = {{"never", kUnset}};
inline constexpr Field kTopologyRoutedRows[] = {
    field<&TopologySpec::routing>(
        "routing",
        "Which way a packet takes: `ecmp`, of all ways over the fewest cables one for each pair of "
        "nodes; `spray`, one for each packet; `fixed`, the shortest by latency.")
        .spelled(kRoutingWords)
        .by_default("ecmp; datacenter fixed"),
    field<&TopologySpec::hash_seed>("hash_seed",
                                    "Another one makes `ecmp` and `spray` choose other ways.")
        .if_changed(),
    field<&TopologySpec::reroute>(
        "reroute",
        "Time from a failure of a link or switch, or its end, until packets take the ways that are "
        "left; `never`: they keep to theirs.")
        .between(Duration{0}, milliseconds(60'000))
        .spelled(kNeverWords)
        .if_changed()
        .trade("sooner than routers agree", "more is lost at the failure"),
};
inline constexpr Field kTopologyLinksRows[] = {
    described("links", "Cables of kind `explicit`, and changes of cables by name.",
              FieldType::kMaps)
        .of(kCableFields),
};
inline constexpr Field kTopologySwitchesRows[] = {
    map_field<&TopologySpec::switches, kSwitchQueueFields>("switches", "How all switches queue.")
        .if_changed(),
};
inline constexpr Field kTopologyDrawnRows[] = {
    described("switches", "Switches by name.", FieldType::kMaps).of(kSwitchFields),
};
inline constexpr FieldTable kTopologyNameFields =
    fields_of<TopologySpec>("topology", kTopologyNameRows);
inline constexpr FieldTable kTopologyRateFields =
    fields_of<TopologySpec>("topology", kTopologyRateRows);
inline constexpr FieldTable kTopologyQueueFields =
    fields_of<TopologySpec>("topology", kTopologyQueueRows);
inline constexpr FieldTable kTopologyRoutedFields =
    fields_of<TopologySpec>("topology", kTopologyRoutedRows);
inline constexpr FieldTable kTopologySwitchesFields =
    fields_of<TopologySpec>("topology", kTopologySwitchesRows);
inline constexpr FieldTable kTopologyDrawnFields =
    fields_of<TopologySpec>("topology", kTopologyDrawnRows);

// The keys that a topology of this kind has, with the members of TopologySpec or of the kind's
// options, and behind them as described rows those that only other kinds have.
std::vector<Field> topology_rows(const TopologyKind& kind, TopologyKinds kinds = topology_kinds());

// The options of a kind with every key, those that `options` does not name as by default.
Settings all_options(const TopologyKind& kind, const Settings& options);

// The keys of all kinds, each once, for schemas and documentation.
extern const FieldTable kTopologyFields;

}  // namespace soliton
