#include "node/runtime/reports.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/debug.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "node/runtime/firing_codec.h"
#include "protocol/control/control.capnp.h"
#include "protocol/control/settings.h"

namespace soliton {
namespace {

// A node that is not what it was may report anything. What no node of ours writes makes the report
// damaged, as bytes that are no message do.
template <typename Enum>
Enum read_choice(std::uint8_t value, Enum last) {
  KJ_REQUIRE(value <= static_cast<std::uint8_t>(last), "no such choice");
  return static_cast<Enum>(value);
}

void read_counters(const FieldTable& table, wire::Settings::Reader in, void* object) {
  KJ_REQUIRE(assign(table, read_settings(in), object).has_value(), "not the fields of a table");
}

// Cap'n Proto has no integers of 128 bits, so the sum goes in two halves.
void write_histogram(const DurationHistogram& histogram, wire::Histogram::Builder out) {
  const std::vector<DurationHistogram::Bucket> buckets = histogram.buckets();
  auto list = out.initBuckets(static_cast<unsigned>(buckets.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    list[i].setNumber(buckets[i].number);
    list[i].setCount(buckets[i].count);
  }
  out.setMinPs(histogram.min().count());
  out.setMaxPs(histogram.max().count());
  out.setSumPsLow(static_cast<std::uint64_t>(histogram.sum_ps()));
  out.setSumPsHigh(static_cast<std::int64_t>(histogram.sum_ps() >> 64));
}

DurationHistogram read_histogram(wire::Histogram::Reader in) {
  std::vector<DurationHistogram::Bucket> buckets;
  for (const auto bucket : in.getBuckets())
    buckets.push_back({bucket.getNumber(), bucket.getCount()});
  const __int128 sum = static_cast<__int128>(in.getSumPsHigh()) << 64 | in.getSumPsLow();
  return DurationHistogram::restore(buckets, Duration{in.getMinPs()}, Duration{in.getMaxPs()}, sum);
}

void write_record(const HostRecord& record, wire::Record::Builder out) {
  out.setRequest(index(record.request));
  out.setClient(record.client);
  out.setSteps(static_cast<std::uint32_t>(record.steps));
  out.setSentPs(record.sent.time_since_epoch().count());
  out.setCompletedPs(record.completed.time_since_epoch().count());
  out.setComputePs(record.path.compute.count());
  out.setNetworkPs(record.path.network.count());
  out.setQueuePs(record.path.queue.count());
  out.setHostPs(record.path.host.count());
  out.setArrays({reinterpret_cast<const capnp::byte*>(record.arrays.data()), record.arrays.size()});
  out.setService(record.service);
  out.setCopy(record.copy);
  out.setRefused(record.refused);
}

HostRecord read_record(wire::Record::Reader in) {
  HostRecord record;
  record.request = RequestId{in.getRequest()};
  record.client = in.getClient();
  record.steps = in.getSteps();
  record.sent = Instant{Duration{in.getSentPs()}};
  record.completed = Instant{Duration{in.getCompletedPs()}};
  record.path = {Duration{in.getComputePs()}, Duration{in.getNetworkPs()},
                 Duration{in.getQueuePs()}, Duration{in.getHostPs()}};
  record.service = in.getService();
  record.copy = in.getCopy();
  record.refused = in.getRefused();
  const auto arrays = in.getArrays();
  record.arrays.assign(reinterpret_cast<const std::byte*>(arrays.begin()),
                       reinterpret_cast<const std::byte*>(arrays.end()));
  return record;
}

void write_record(const TrafficRecord& record, wire::TrafficRecord::Builder out) {
  out.setFlow(record.flow);
  out.setNumber(record.number);
  out.setSentPs(record.sent.time_since_epoch().count());
  out.setCompletedPs(record.completed.time_since_epoch().count());
  out.setDamaged(record.damaged);
  out.setWorkload(record.workload);
}

TrafficRecord read_record(wire::TrafficRecord::Reader in) {
  return {in.getFlow(),
          in.getNumber(),
          Instant{Duration{in.getSentPs()}},
          Instant{Duration{in.getCompletedPs()}},
          in.getDamaged(),
          in.getWorkload()};
}

// Records, traces and histograms are typed, as a report has very many of them; counters go by their
// tables (write_fields()).
void write_trace(const std::vector<TraceEvent>& events,
                 capnp::List<wire::TraceEvent>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) {
    out[i].setAtPs(events[i].at.time_since_epoch().count());
    out[i].setDurationPs(events[i].duration.count());
    out[i].setNode(index(events[i].node));
    out[i].setKind(static_cast<std::uint8_t>(events[i].kind));
    out[i].setA(events[i].a);
    out[i].setB(events[i].b);
    out[i].setC(events[i].c);
  }
}

std::vector<TraceEvent> read_trace(capnp::List<wire::TraceEvent>::Reader in) {
  std::vector<TraceEvent> events;
  for (const auto event : in)
    events.push_back({Instant{Duration{event.getAtPs()}}, Duration{event.getDurationPs()},
                      NodeId{event.getNode()}, read_choice(event.getKind(), TraceKind::kFaultEnd),
                      event.getA(), event.getB(), event.getC()});
  return events;
}

void write_lost(const std::vector<LostPeer>& lost,
                capnp::List<wire::Stats::LostPeer>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) {
    out[i].setHow(static_cast<std::uint8_t>(lost[i].how));
    out[i].setPeer(index(lost[i].peer));
    out[i].setAtPs(lost[i].at.time_since_epoch().count());
    out[i].setDetail(lost[i].detail);
    out[i].setSilencePs(lost[i].silence.count());
  }
}

std::vector<LostPeer> read_lost(capnp::List<wire::Stats::LostPeer>::Reader in) {
  std::vector<LostPeer> lost;
  for (const auto peer : in)
    lost.push_back({read_choice(peer.getHow(), LostPeer::How::kRestarted), NodeId{peer.getPeer()},
                    Instant{Duration{peer.getAtPs()}}, peer.getDetail(),
                    Duration{peer.getSilencePs()}});
  return lost;
}

void write_recovery(const std::vector<RecoveryEvent>& events,
                    capnp::List<wire::RecoveryEvent>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) {
    out[i].setAtPs(events[i].at.time_since_epoch().count());
    out[i].setWhat(static_cast<std::uint8_t>(events[i].what));
    out[i].setNode(index(events[i].node));
    out[i].setSlot(index(events[i].slot));
    out[i].setGeneration(events[i].generation);
    out[i].setCount(events[i].count);
  }
}

std::vector<RecoveryEvent> read_recovery(capnp::List<wire::RecoveryEvent>::Reader in) {
  std::vector<RecoveryEvent> events;
  for (const auto event : in)
    events.push_back({Instant{Duration{event.getAtPs()}},
                      read_choice(event.getWhat(), RecoveryEvent::What::kIsolated),
                      NodeId{event.getNode()}, NodeId{event.getSlot()}, event.getGeneration(),
                      event.getCount()});
  return events;
}

void write_stats(const NodeStats& stats, wire::Stats::Builder out) {
  const RoleStats& role = stats;
  write_fields(kRoleStatsFields, &role, out.initRole());
  write_fields(kNpuStatsFields, &stats.npu, out.initNpu());
  write_fields(kLtlStatsFields, &stats.ltl, out.initLtl());
  write_fields(kCarrierFields, &stats.carrier, out.initCarrier());
  auto faults = out.initFaults(static_cast<unsigned>(stats.faults.size()));
  for (unsigned i = 0; i < faults.size(); ++i)
    write_fields(kFaultCounterFields, &stats.faults[i], faults[i]);
  write_histogram(stats.ltl.rtt, out.initRtt());
  write_histogram(stats.device_time, out.initDevice());
  write_trace(stats.trace, out.initTrace(static_cast<unsigned>(stats.trace.size())));
  auto outstanding = out.initOutstanding(static_cast<unsigned>(stats.outstanding.size()));
  for (unsigned i = 0; i < outstanding.size(); ++i) outstanding.set(i, stats.outstanding[i]);
  write_lost(stats.lost_peers, out.initLostPeers(static_cast<unsigned>(stats.lost_peers.size())));
  auto firings = out.initFirings(static_cast<unsigned>(stats.firings.size()));
  for (unsigned i = 0; i < firings.size(); ++i) write_event(stats.firings[i], firings[i]);
  auto troubles = out.initTroubles(static_cast<unsigned>(stats.troubles.size()));
  for (unsigned i = 0; i < troubles.size(); ++i) write_event(stats.troubles[i], troubles[i]);
  write_recovery(stats.recovery, out.initRecovery(static_cast<unsigned>(stats.recovery.size())));
}

NodeStats read_stats(wire::Stats::Reader in) {
  NodeStats stats;
  RoleStats& role = stats;
  read_counters(kRoleStatsFields, in.getRole(), &role);
  read_counters(kNpuStatsFields, in.getNpu(), &stats.npu);
  read_counters(kLtlStatsFields, in.getLtl(), &stats.ltl);
  read_counters(kCarrierFields, in.getCarrier(), &stats.carrier);
  for (const auto counters : in.getFaults())
    read_counters(kFaultCounterFields, counters, &stats.faults.emplace_back());
  stats.ltl.rtt = read_histogram(in.getRtt());
  stats.device_time = read_histogram(in.getDevice());
  stats.trace = read_trace(in.getTrace());
  for (const auto line : in.getOutstanding()) stats.outstanding.emplace_back(line.cStr());
  stats.lost_peers = read_lost(in.getLostPeers());
  for (const auto firing : in.getFirings()) stats.firings.push_back(read_event(firing));
  for (const auto trouble : in.getTroubles()) {
    read_choice(trouble.getWhat(), NodeTrouble::kLast);
    stats.troubles.push_back(read_event(trouble));
  }
  stats.recovery = read_recovery(in.getRecovery());
  return stats;
}

// One overload for each alternative of Report: without that of a new one nothing compiles.
struct ReportWriter {
  wire::Report::Builder out;
  void operator()(const Ready& ready) {
    auto group = out.initReady();
    group.setPort(ready.port);
    group.setConfined(ready.confined);
  }
  void operator()(const Finished&) { out.setFinished(); }
  void operator()(const GaveUp&) { out.setGaveUp(); }
  void operator()(const NodeStats& stats) { write_stats(stats, out.initStats()); }
  void operator()(const std::vector<HostRecord>& records) {
    auto list = out.initRecords(static_cast<unsigned>(records.size()));
    for (unsigned i = 0; i < list.size(); ++i) write_record(records[i], list[i]);
  }
  void operator()(const std::vector<TrafficRecord>& records) {
    auto list = out.initTraffic(static_cast<unsigned>(records.size()));
    for (unsigned i = 0; i < list.size(); ++i) write_record(records[i], list[i]);
  }
  void operator()(const Error& error) {
    auto failed = out.initFailed();
    failed.setCode(static_cast<std::uint8_t>(error.code));
    failed.setMessage(error.message);
  }
};

template <typename Record, typename List>
std::vector<Record> records_of(List list) {
  std::vector<Record> records;
  for (const auto record : list) records.push_back(read_record(record));
  return records;
}

Report read_report(wire::Report::Reader in) {
  switch (in.which()) {
    case wire::Report::READY:
      return Ready{in.getReady().getPort(), in.getReady().getConfined()};
    case wire::Report::FINISHED:
      return Finished{};
    case wire::Report::GAVE_UP:
      return GaveUp{};
    case wire::Report::STATS:
      return read_stats(in.getStats());
    case wire::Report::FAILED:
      return Error{read_choice(in.getFailed().getCode(), ErrorCode::kWouldBlock),
                   in.getFailed().getMessage().cStr()};
    case wire::Report::RECORDS:
      return records_of<HostRecord>(in.getRecords());
    case wire::Report::TRAFFIC:
      break;
  }
  // Behind the switch, so that every path returns a value.
  return records_of<TrafficRecord>(in.getTraffic());
}

Status write_message(int descriptor, capnp::MessageBuilder& message) {
  try {
    capnp::writeMessageToFd(descriptor, message);
    return {};
  } catch (const kj::Exception& error) {
    return failure(ErrorCode::kBroken,
                   std::string("control socket: ") + error.getDescription().cStr());
  }
}

// A message of a few bytes may claim lists of any length, so the work is limited by the size of what
// came.
capnp::ReaderOptions reader_options(std::size_t words) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 4 * words + 64;
  options.nestingLimit = 16;
  return options;
}

// Of a command: the largest holds a port for each node.
constexpr std::size_t kCommandWords = std::size_t{1} << 20;

// Moves the whole messages at the front of `bytes` to `reports`. False: they are damaged.
bool take_whole(std::vector<std::byte>& bytes, std::vector<Report>& reports) {
  // An allocation is aligned for words, and so is what follows whole messages.
  const auto words = kj::arrayPtr(reinterpret_cast<const capnp::word*>(bytes.data()),
                                  bytes.size() / sizeof(capnp::word));
  std::size_t at = 0;
  try {
    while (at < words.size()) {
      const auto rest = words.slice(at, words.size());
      const std::size_t size = capnp::expectedSizeInWordsFromPrefix(rest);
      // While less than the table of segments is here, expectedSizeInWordsFromPrefix() gives a
      // lower bound that is above what there is.
      if (size > rest.size()) break;
      capnp::FlatArrayMessageReader reader(rest.slice(0, size), reader_options(size));
      reports.push_back(read_report(reader.getRoot<wire::Report>()));
      at += size;
    }
  } catch (const kj::Exception&) {
    return false;
  }
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at * sizeof(capnp::word)));
  return true;
}

}  // namespace

NodeStats stats_of(Chassis& chassis, Instant now) {
  chassis.finish(now);
  const Node& node = chassis.node();
  NodeStats stats;
  chassis.add_stats(stats);
  stats.ltl = chassis.ltl_stats();
  stats.trace = chassis.take_trace();
  stats.troubles = chassis.firings();
  stats.outstanding = node.describe_outstanding(now);
  stats.lost_peers = node.lost_peers();
  return stats;
}

// Built outside the lock, so that a large report delays no other thread until it is written.
Status ControlSocket::send(const Report& report) {
  capnp::MallocMessageBuilder message;
  std::visit(ReportWriter{message.initRoot<wire::Report>()}, report);
  const std::lock_guard lock(sending_);
  return write_message(descriptor_, message);
}

Status ControlSocket::send(const Command& command) {
  capnp::MallocMessageBuilder message;
  wire::Command::Builder root = message.initRoot<wire::Command>();
  if (const auto* start = std::get_if<StartCommand>(&command)) {
    auto out = root.initStart();
    out.setStartNs(start->start_ns);
    out.setPorts(kj::arrayPtr(start->ports.data(), start->ports.size()));
  } else {
    root.setStop();
  }
  const std::lock_guard lock(sending_);
  return write_message(descriptor_, message);
}

bool ControlSocket::take_reports(std::vector<Report>& reports) {
  constexpr std::size_t kPiece = std::size_t{64} << 10;
  for (;;) {
    const std::size_t before = received_.size();
    received_.resize(before + kPiece);
    const ssize_t count = recv(descriptor_, received_.data() + before, kPiece, MSG_DONTWAIT);
    // Read before resize(), which may change it.
    const int reason = errno;
    received_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count > 0) continue;
    if (count < 0 && reason == EINTR) continue;
    const bool open = count < 0 && (reason == EAGAIN || reason == EWOULDBLOCK);
    // Evaluated also at the end of file: the last reports of a node that has ended count.
    return take_whole(received_, reports) && open;
  }
}

std::optional<Command> ControlSocket::receive_command() {
  try {
    capnp::StreamFdMessageReader reader(descriptor_, reader_options(kCommandWords));
    const wire::Command::Reader in = reader.getRoot<wire::Command>();
    if (in.which() == wire::Command::STOP) return StopCommand{};
    StartCommand start;
    start.start_ns = in.getStart().getStartNs();
    for (const std::uint16_t port : in.getStart().getPorts()) start.ports.push_back(port);
    return start;
  } catch (const kj::Exception&) {
    return std::nullopt;
  }
}

}  // namespace soliton
