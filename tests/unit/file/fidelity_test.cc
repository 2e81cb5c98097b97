#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cluster_text.h"
#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A pair of nodes in message mode; `more` begins in line 4.
std::string messages(const std::string& more = "") {
  return "fidelity: message\n"
         "nodes: [{name: \"fpga[0-7]\", device: bw-s10}]\n"
         "workload: {kind: ping, from: fpga0, to: fpga1}\n" +
         more;
}

constexpr const char* kCure = "leave it out, or write fidelity: packet";

TEST(Fidelity, IsThatOfPacketsUnlessAskedFor) {
  EXPECT_EQ(read_good("nodes: [{name: \"fpga[0-1]\", device: bw-s10}]\n"
                      "workload: {kind: ping, from: fpga0, to: fpga1}\n")
                .fidelity,
            Fidelity::kPacket);
  EXPECT_THAT(error_of("fidelity: flow\nnodes: [{name: a, device: cpu}]\n"),
              HasSubstr("fidelity: \"flow\" is not known; allowed: packet, message"));
}

TEST(Fidelity, MessagesPackTheNodes) {
  const ClusterSpec spec = read_good(messages());
  EXPECT_EQ(spec.fidelity, Fidelity::kMessage);
  EXPECT_EQ(spec.processes, ProcessMode::kPacked);
  EXPECT_EQ(read_good(messages("processes: packed\n")).processes, ProcessMode::kPacked);
}

// A run writes out every key, those that message mode refuses with their defaults.
TEST(Fidelity, WhatARunWroteReadsBack) {
  for (const char* more : {"", "ltl: {mtu: 9000 B}\n", "topology: two-switches\n",
                           "topology: {kind: torus, ecn: false, dims: [2, 4]}\n"}) {
    SCOPED_TRACE(more);
    const ClusterSpec spec = read_good(messages(more));
    expect_equal(spec, read_good(write_cluster(spec, "")));
  }
}

TEST(Fidelity, TheSizeOfPacketsIsAllowed) {
  EXPECT_EQ(read_good(messages("ltl: {mtu: 4 KiB}\n")).ltl.mtu, 4096u);
}

TEST(Fidelity, WallTimeHasRealPackets) {
  EXPECT_THAT(error_of(messages("time: wall\n")),
              HasSubstr(":1:11: fidelity: message belongs to virtual time"));
}

TEST(Fidelity, ProcessesPerNodeAreRefused) {
  EXPECT_THAT(error_of(messages("processes: per-node\n")),
              HasSubstr(":4:12: processes: per-node belongs to fidelity: packet"));
}

TEST(Fidelity, EveryOptionOfTheTransportIsRefusedByName) {
  const std::string errors = error_of(
      messages("ltl: {window: 256, timeout: 1 ms, mtu: 1000 B, congestion: {enabled: false}}\n"));
  EXPECT_THAT(errors, HasSubstr(":4:15: ltl.window: fidelity: message has no transport"));
  EXPECT_THAT(errors,
              AllOf(HasSubstr("ltl.timeout: "), HasSubstr("ltl.congestion: "), HasSubstr(kCure)));
  EXPECT_EQ(errors.find("ltl.mtu"), std::string::npos);
}

TEST(Fidelity, PausesMarksAndQueuesAreRefused) {
  EXPECT_THAT(
      error_of(messages("topology: {kind: rack, pfc: true}\n")),
      AllOf(HasSubstr(":4:29: topology.pfc: fidelity: message has no pauses"), HasSubstr(kCure)));
  EXPECT_THAT(error_of(messages("topology: {kind: torus, dims: [2, 4], routing: spray}\n")),
              HasSubstr(":4:48: topology.routing: fidelity: message has no packets to spray"));
  EXPECT_THAT(error_of(messages("topology: {kind: rack, switches: {buffer: 1 MB}}\n")),
              HasSubstr(":4:34: topology.switches: fidelity: message has no shared buffers"));
  EXPECT_THAT(error_of(messages("topology: {kind: rack, ecn: {kmin: 1 kB}}\n")),
              HasSubstr(":4:29: topology.ecn: fidelity: message marks no packets"));
  EXPECT_THAT(error_of(messages("topology: {kind: rack, links: [{link: \"*\", queue: 1 MiB}]}\n")),
              HasSubstr(":4:51: topology.links.queue: fidelity: message drops nothing at a full "
                        "queue, as on *"));
  EXPECT_THAT(error_of(messages("topology: {kind: explicit, switches: [{name: s}], links: "
                                "[{between: [\"fpga[0-7]\", s], latency: 1 us, queue: 2 KiB}]}\n")),
              HasSubstr("topology.links.queue: fidelity: message drops nothing"));
}

TEST(Fidelity, LinksAreNotSampled) {
  EXPECT_THAT(error_of(messages("trace: {links: 1 us}\n")),
              HasSubstr(":4:8: trace.links: fidelity: message samples no links"));
}

TEST(Fidelity, FaultsOfPacketsAreRefusedAndOthersAreNot) {
  const std::string errors =
      error_of(messages("faults:\n"
                        "  - {link: fpga0-tor0, link_down: true, at: 1 ms, for: 1 ms}\n"
                        "  - {link: fpga1-tor0, loss: 1 %, id: bad}\n"
                        "  - {link: fpga2-tor0, delay: 1 us, jitter: 1 us}\n"));
  EXPECT_THAT(errors, AllOf(HasSubstr(":6:"), HasSubstr("faults, bad: fidelity: message has no "
                                                        "packets that loss could hit")));
  EXPECT_EQ(errors.find(":5:"), std::string::npos);
  EXPECT_EQ(errors.find(":7:"), std::string::npos);
}

}  // namespace
}  // namespace soliton
