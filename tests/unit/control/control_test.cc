// Everything that crosses a process border comes back as it was.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "node/cpu/cpu_spec.h"
#include "node/roles/roles.h"
#include "node/runtime/deployment_codec.h"
#include "node/runtime/reports.h"
#include "protocol/base/rng.h"
#include "protocol/control/data_message.h"
#include "protocol/isa/shard.h"

namespace soliton {
namespace {

Payload bytes(std::initializer_list<int> values) {
  Payload out;
  for (const int value : values) out.bytes.push_back(static_cast<std::byte>(value));
  return out;
}

TEST(DataMessage, HeaderIs48BytesAndComesBack) {
  DataHeader header{RequestId{7},
                    3,
                    12,
                    Instant{microseconds(5)},
                    {nanoseconds(100), {}, nanoseconds(20), nanoseconds(3)}};
  const Payload packed = pack_data(header, bytes({1, 2, 3}));
  EXPECT_EQ(packed.size(), kDataHeaderBytes + 3);
  const Result<DataMessage> back = unpack_data(packed);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->header.request, header.request);
  EXPECT_EQ(back->header.port, 3);
  EXPECT_EQ(back->header.steps, 12);
  EXPECT_EQ(back->header.started, header.started);
  EXPECT_EQ(back->header.path.compute, header.path.compute);
  EXPECT_EQ(back->header.path.queue, header.path.queue);
  EXPECT_EQ(back->header.path.host, header.path.host);
  EXPECT_EQ(back->vectors, bytes({1, 2, 3}));
}

TEST(DataMessage, GhostsStayGhosts) {
  const Payload packed = pack_data({}, Payload{{}, 800});
  EXPECT_EQ(packed.bytes.size(), kDataHeaderBytes);
  EXPECT_EQ(unpack_data(packed)->vectors.ghost, 800u);
}

TEST(DataMessage, WhatIsNotExplainedWasNetworkAndThePathAddsUp) {
  DataHeader header;
  header.started = Instant{microseconds(10)};
  header.path.compute = nanoseconds(1500);
  header.path.host = nanoseconds(250);
  const Arrival arrival = arrival_of(header, Instant{microseconds(13)});
  EXPECT_EQ(arrival.path.network, nanoseconds(1250));
  EXPECT_EQ(arrival.path.total(), microseconds(3));
}

TEST(DataMessage, AnyBytesAreAnErrorAndNeverMore) {
  const Random random(11, "hostile header");
  int refused = 0;
  for (std::uint64_t round = 0; round < 2000; ++round) {
    Payload hostile;
    const std::uint64_t size = random.below(round, 80);
    for (std::uint64_t i = 0; i < size; ++i)
      hostile.bytes.push_back(static_cast<std::byte>(random.child(round).bits(i)));
    refused += !unpack_data(hostile).has_value();
  }
  EXPECT_GT(refused, 1000);
}

Shard small_shard() {
  Shard shard;
  shard.node = "fpga0";
  shard.device.name = "bw-test";
  shard.device.timing.source = "a test";
  shard.device.formats.push_back({NumberFormat{.name = "ms-fp9", .mantissa_bits = 3}, 7});
  shard.format = shard.device.formats[0].format;
  shard.format.flush = true;
  shard.program.chains.push_back(
      {"x", 2, 3, {{Opcode::kVRd, Memory::kNetQ, 0}, {Opcode::kVWr, Memory::kInitialVrf, 4}}});
  shard.program.segments.push_back({0, 1, -1, 1, 3});
  ShardMatrix matrix{"w", 5, 1, 1, {}};
  matrix.memory = Memory::kDram;
  matrix.weights = {shard.format, 1, 3, {0, 2, 3}, {-7, 3, 1}, {-4, 9}};
  shard.matrices.push_back(matrix);
  shard.vectors.push_back({"b", Memory::kAddSubVrf0, 2, {0x3c00, 0xbc00}});
  shard.zeroed.push_back({Memory::kInitialVrf, 1, 2});
  shard.window_tiles = 11;
  shard.batch = 5;
  shard.in_ports.push_back({"x from host0", 3, true});
  shard.out_ports.push_back({"h", 1, {{"host0", 4}, {"fpga1", 2}}});
  return shard;
}

NodeAssignment small_assignment() {
  NodeAssignment assignment;
  Deployment& deployment = assignment.deployment;
  deployment.node = "fpga0";
  deployment.id = NodeId{3};
  deployment.time = TimeBase::kWall;
  deployment.ltl.window = 64;
  deployment.ltl.ack_delay = nanoseconds(1234);
  deployment.connections.push_back({NodeId{1}, 2, 999, 1});
  deployment.node_names = std::make_shared<const std::vector<std::string>>(
      std::vector<std::string>{"host0", "fpga1", "fpga2", "fpga0"});
  deployment.role = {kNpuRole, small_shard()};
  FaultRule rule;
  rule.id = "cut";
  rule.kind = &kLinkDownFault;
  rule.links = {4, 5};
  rule.when = {.from = Instant{microseconds(1)},
               .until = Instant{milliseconds(2)},
               .every = microseconds(7),
               .jitter = microseconds(1),
               .length = microseconds(2),
               .limit = 5};
  rule.match = {PacketClass::kAck, {40}, {900}, {1, 2}, {3}};
  rule.sets = {{0, 1}, {}, {2}};
  rule.events = {{Instant{nanoseconds(9)},
                  3,
                  Hop{4, 1},
                  17,
                  {FaultAction::What::kDuplicate, 2, UINT64_MAX, nanoseconds(5)}}};
  assignment.faults.plan = {77, {rule}};
  const TimedWays before{kRunStart, {{7, {{{4, 1}, 8, 1}}}, {9, {{{5, 0}, 10}, {{3, 1}, 11}}}}};
  const TimedWays after{Instant{microseconds(5)}, {{7, {{{2, 0}, 12}}}}};
  assignment.faults.routes = {NodeId{3},
                              6,
                              true,
                              {{NodeId{1}, FlowKey{13}, {before, after}, {}, Hop{4, 0}}},
                              {{4, BitRate{5}}}};
  return assignment;
}

TEST(DeploymentCodec, AssignmentComesBack) {
  const NodeAssignment assignment = small_assignment();
  const Result<int> file = write_assignment(assignment);
  ASSERT_TRUE(file);
  const Result<NodeAssignment> back = read_assignment(*file);
  close(*file);
  ASSERT_TRUE(back) << back.error().message;
  const Shard& shard = back->deployment.role.get<Shard>();
  EXPECT_EQ(shard.matrices[0].memory, Memory::kDram);
  EXPECT_EQ(shard.window_tiles, 11u);
  EXPECT_EQ(shard.batch, 5u);
  const Shard& sent = assignment.deployment.role.get<Shard>();
  EXPECT_EQ(shard.program, sent.program);
  EXPECT_EQ(shard.format, sent.format);
  EXPECT_EQ(shard.device.formats[0].beats_per_tile, 7);
  EXPECT_EQ(shard.matrices[0].weights.mantissas, sent.matrices[0].weights.mantissas);
  EXPECT_EQ(shard.matrices[0].weights.exponents, sent.matrices[0].weights.exponents);
  EXPECT_EQ(shard.matrices[0].weights.block_starts, sent.matrices[0].weights.block_starts);
  EXPECT_EQ(shard.vectors[0].values, sent.vectors[0].values);
  EXPECT_EQ(shard.zeroed[0].count, 2u);
  EXPECT_TRUE(shard.in_ports[0].reversed);
  EXPECT_EQ(shard.out_ports[0].destinations[1].peer, "fpga1");
  EXPECT_EQ(back->deployment.ltl.window, 64u);
  EXPECT_EQ(back->deployment.ltl.ack_delay, nanoseconds(1234));
  EXPECT_EQ(back->deployment.connections[0].cookie, 999);
  EXPECT_EQ(back->faults.plan.rules[0].links, assignment.faults.plan.rules[0].links);
  const FaultRule& rule = back->faults.plan.rules[0];
  const FaultRule& its = assignment.faults.plan.rules[0];
  EXPECT_EQ(rule.when, its.when);
  EXPECT_EQ(rule.match, its.match);
  EXPECT_EQ(rule.sets, its.sets);
  EXPECT_EQ(rule.events, its.events);
  EXPECT_EQ(back->faults.routes.rates, assignment.faults.routes.rates);
  // Of nodes that it does not talk to a process knows nothing.
  EXPECT_EQ(*back->deployment.node_names, (std::vector<std::string>{"", "fpga1", "", "fpga0"}));
  EXPECT_EQ(back->faults.routes.peers, assignment.faults.routes.peers);
  EXPECT_EQ(back->faults.routes.links, 6u);
  EXPECT_TRUE(back->faults.routes.spray);
}

// Every option away from its default, so that one left out would show.
TEST(DeploymentCodec, EveryOptionOfLtlAndWhoTheNodeIsComeBack) {
  NodeAssignment assignment = small_assignment();
  LtlOptions& ltl = assignment.deployment.ltl;
  ltl.packing = Bytes{7};
  ltl.crc = false;
  ltl.store = Bytes{123'456};
  ltl.weights = {1, 2, 3, 4, 5, 6, 7, 8};
  ltl.handshake = true;
  ltl.auth = AuthMode::kAead;
  ltl.misses = kMissesAuto;
  ltl.silence_min = milliseconds(20);
  ltl.congestion = {false,          BitRate{5}, BitRate{4}, nanoseconds(3), 2, nanoseconds(7),
                    nanoseconds(8), Bytes{9},   10,         BitRate{11}};
  LtlIdentity& who = assignment.deployment.identity;
  who.run_id = 1;
  who.epoch = 2;
  who.image_hash = 3;
  for (std::size_t i = 0; i < who.key.size(); ++i) who.key[i] = static_cast<std::byte>(i + 1);
  const Result<int> file = write_assignment(assignment);
  ASSERT_TRUE(file);
  const Result<NodeAssignment> back = read_assignment(*file);
  close(*file);
  ASSERT_TRUE(back) << back.error().message;
  const LtlOptions& got = back->deployment.ltl;
  EXPECT_EQ(got.packing, ltl.packing);
  EXPECT_EQ(got.crc, ltl.crc);
  EXPECT_EQ(got.store, ltl.store);
  EXPECT_EQ(got.weights, ltl.weights);
  EXPECT_EQ(got.handshake, ltl.handshake);
  EXPECT_EQ(got.auth, ltl.auth);
  EXPECT_EQ(got.misses, ltl.misses);
  EXPECT_EQ(got.silence_min, ltl.silence_min);
  EXPECT_EQ(got.congestion.enabled, false);
  EXPECT_EQ(got.congestion.line_rate, ltl.congestion.line_rate);
  EXPECT_EQ(got.congestion.rate_min, ltl.congestion.rate_min);
  EXPECT_EQ(got.congestion.cnp_interval, ltl.congestion.cnp_interval);
  EXPECT_EQ(got.congestion.alpha_gain, ltl.congestion.alpha_gain);
  EXPECT_EQ(got.congestion.alpha_timer, ltl.congestion.alpha_timer);
  EXPECT_EQ(got.congestion.rate_timer, ltl.congestion.rate_timer);
  EXPECT_EQ(got.congestion.byte_counter, ltl.congestion.byte_counter);
  EXPECT_EQ(got.congestion.recovery_steps, ltl.congestion.recovery_steps);
  EXPECT_EQ(got.congestion.additive_step, ltl.congestion.additive_step);
  EXPECT_EQ(back->deployment.identity.run_id, who.run_id);
  EXPECT_EQ(back->deployment.identity.epoch, who.epoch);
  EXPECT_EQ(back->deployment.identity.image_hash, who.image_hash);
  EXPECT_EQ(back->deployment.identity.key, who.key);
}

// A host that makes poisson requests, sends their vectors to an FPGA and gets others back.
CpuSpec small_host() {
  CpuSpec host;
  host.device.operator_overhead = nanoseconds(17);
  host.batch = 9;
  host.streams.push_back(
      {4, {{0, 5, false}, {5, 2, true}}, {3, 7}, 3, {{"host0", 6}}, ir::ElementType::kFloat16});
  GraphClients& clients = host.clients.emplace_back();
  clients.workload.clients = 2;
  clients.workload.requests = 100;
  clients.workload.arrivals = Arrivals::kPoisson;
  clients.workload.mean_gap = nanoseconds(123);
  clients.workload.batch = 9;
  clients.workload.batch_wait = microseconds(45);
  clients.inputs.seed = 77;
  clients.inputs.kinds = {ir::Array::unknown(ir::ElementType::kFloat32, {2, 19})};
  clients.inputs.symbols = {50};
  clients.copies[0].sends = {{{"fpga0", 3, false, StreamCut{0, 12, 7, true, 0}}}};
  clients.carries_state = true;
  clients.copies[0].initial = {
      {ir::Array::of<float>({2}, {0.5F, -1}), {{"fpga0", 1, false, StreamCut{}}}}};
  clients.copies[0].first_port = 6;
  clients.replies = 1;
  return host;
}

TEST(DeploymentCodec, WhatTheHostDoesComesBack) {
  NodeAssignment assignment;
  const CpuSpec host = small_host();
  assignment.deployment.role = {kCpuRole, host};
  const Result<int> file = write_assignment(assignment);
  ASSERT_TRUE(file);
  const Result<NodeAssignment> back = read_assignment(*file);
  close(*file);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->deployment.role.kind(), &kCpuRole);
  const CpuSpec& got = back->deployment.role.get<CpuSpec>();
  EXPECT_EQ(got.device.operator_overhead, nanoseconds(17));
  EXPECT_EQ(got.batch, 9u);
  EXPECT_EQ(got.streams, host.streams);
  ASSERT_EQ(got.clients.size(), 1u);
  const ClientWorkload& workload = got.clients[0].workload;
  EXPECT_EQ(workload.clients, 2u);
  EXPECT_EQ(workload.requests, 100u);
  EXPECT_EQ(workload.arrivals, Arrivals::kPoisson);
  EXPECT_EQ(workload.mean_gap, nanoseconds(123));
  EXPECT_EQ(workload.batch, 9u);
  EXPECT_EQ(workload.batch_wait, microseconds(45));
  EXPECT_EQ(got.clients[0].inputs.seed, 77u);
  EXPECT_EQ(got.clients[0].inputs.symbols, host.clients[0].inputs.symbols);
  EXPECT_TRUE(identical(got.clients[0].inputs.request(5)[0], host.clients[0].inputs.request(5)[0]));
  EXPECT_EQ(got.clients[0].copies[0].sends, host.clients[0].copies[0].sends);
  EXPECT_TRUE(got.clients[0].carries_state);
  ASSERT_EQ(got.clients[0].copies[0].initial.size(), 1u);
  EXPECT_TRUE(identical(got.clients[0].copies[0].initial[0].first,
                        host.clients[0].copies[0].initial[0].first));
  EXPECT_EQ(got.clients[0].copies[0].initial[0].second,
            host.clients[0].copies[0].initial[0].second);
  EXPECT_EQ(got.clients[0].copies[0].first_port, 6);
  EXPECT_EQ(got.clients[0].replies, 1);
}

TEST(DataMessage, SaysWhetherValuesAreComputed) {
  for (const bool functional : {true, false}) {
    DataHeader header;
    header.request = RequestId{(1u << 31) - 1};
    header.functional = functional;
    const Result<DataMessage> back = unpack_data(pack_data(header, {{}, 7}));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->header.request, header.request);
    EXPECT_EQ(back->header.functional, functional);
  }
}

TEST(DeploymentCodec, CutFilesAreRefused) {
  const Result<int> file = write_assignment(small_assignment());
  ASSERT_TRUE(file);
  const off_t size = lseek(*file, 0, SEEK_END);
  for (const off_t cut : {size / 2, size / 4, off_t{16}}) {
    ASSERT_EQ(ftruncate(*file, cut), 0);
    EXPECT_FALSE(read_assignment(*file)) << cut;
  }
  close(*file);
}

TEST(ControlSocket, ReportsComeBackInOrderAndTheEndIsTheEnd) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  ControlSocket node(ends[0]), controller(ends[1]);
  HostRecord record{RequestId{4}, 1, 12, Instant{}, Instant{microseconds(3)}, {}, {}};
  for (const int byte : {1, 0, 255}) record.arrays.push_back(static_cast<std::byte>(byte));
  NodeStats stats;
  stats.sent = 9;
  stats.ltl.rtt.add(microseconds(3));
  stats.trace.push_back(
      {Instant{microseconds(1)}, nanoseconds(5), NodeId{2}, TraceKind::kChain, 1, 2, 3});
  ASSERT_TRUE(node.send(Report{Ready{4711}}));
  ASSERT_TRUE(node.send(Report{std::vector<HostRecord>{record}}));
  ASSERT_TRUE(node.send(Report{stats}));
  ASSERT_TRUE(node.send(Report{Error{ErrorCode::kEnvironment, "no port"}}));
  close(ends[0]);
  std::vector<Report> reports;
  while (controller.take_reports(reports)) {
  }
  ASSERT_EQ(reports.size(), 4u);
  EXPECT_EQ(std::get<Ready>(reports[0]).port, 4711);
  const auto records = std::get<std::vector<HostRecord>>(reports[1]);
  EXPECT_EQ(records.at(0).arrays, record.arrays);
  EXPECT_EQ(records.at(0).completed, record.completed);
  const auto back = std::get<NodeStats>(reports[2]);
  EXPECT_EQ(back.sent, 9u);
  EXPECT_EQ(back.ltl.rtt.max(), microseconds(3));
  EXPECT_EQ(back.trace.at(0).c, 3);
  EXPECT_EQ(std::get<Error>(reports[3]).code, ErrorCode::kEnvironment);
  close(ends[1]);
}

// A bucket of the last number made the list of an empty histogram, and was written behind it.
TEST(DurationHistogram, IsNotRestoredFromNumbersThatNoDurationHas) {
  const auto restored = DurationHistogram::restore({{0xffff'ffff, 1}, {4'000, 2}, {3, 5}},
                                                   nanoseconds(1), nanoseconds(2), 10);
  EXPECT_EQ(restored.count(), 5U);
  EXPECT_EQ(restored.buckets().size(), 1U);
}

// A list of nothing costs no bytes and may be said to have half a billion items.
TEST(ControlSocket, AReportThatClaimsMoreThanItHoldsIsDamaged) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const std::uint64_t words[] = {0x0000'0004'0000'0000, 0x0001'0002'0000'0000, 0, 5,
                                 0xffff'ffff'0000'0001 & ~7ULL};
  ASSERT_EQ(write(ends[0], words, sizeof words), static_cast<ssize_t>(sizeof words));
  close(ends[0]);
  std::vector<Report> reports;
  EXPECT_FALSE(ControlSocket(ends[1]).take_reports(reports));
  close(ends[1]);
}

// A node that was stopped while it wrote must not hold up the controller's loop.
TEST(ControlSocket, HalfAReportIsNotWaitedFor) {
  int whole[2], half[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, whole), 0);
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, half), 0);
  ControlSocket writer(whole[0]), controller(half[1]);
  ASSERT_TRUE(writer.send(Report{Ready{4711}}));
  char bytes[4096];
  const ssize_t size = read(whole[1], bytes, sizeof bytes);
  ASSERT_GT(size, 20);
  std::vector<Report> reports;
  ASSERT_EQ(write(half[0], bytes, 20), 20);
  EXPECT_TRUE(controller.take_reports(reports));
  EXPECT_TRUE(reports.empty());
  ASSERT_EQ(write(half[0], bytes + 20, static_cast<std::size_t>(size) - 20), size - 20);
  EXPECT_TRUE(controller.take_reports(reports));
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(std::get<Ready>(reports[0]).port, 4711);
  for (const int end : {whole[0], whole[1], half[0], half[1]}) close(end);
}

TEST(ControlSocket, DamagedBytesAreTheEnd) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  ControlSocket controller(ends[1]);
  const std::vector<char> noise(64, '\xff');
  ASSERT_EQ(write(ends[0], noise.data(), noise.size()), 64);
  std::vector<Report> reports;
  EXPECT_FALSE(controller.take_reports(reports));
  EXPECT_TRUE(reports.empty());
  for (const int end : ends) close(end);
}

}  // namespace
}  // namespace soliton
