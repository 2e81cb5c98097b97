// A node process in wall time: it sets up the carrier, runs the driver, and reports at the end.
#include <csignal>
#include <cstdlib>
#include <memory>
#include <thread>

#include "fabric/aead/aead.h"
#include "fabric/shm/shm_carrier.h"
#include "fabric/udp/udp_carrier.h"
#include "node/runtime/node_program.h"
#include "node/runtime/wall_driver.h"

namespace soliton {
namespace {

// Attaches the inherited inboxes: this node's, then its peers'.
Result<std::unique_ptr<Carrier>> open_shm(const Deployment& deployment, int first_fd) {
  Result<Inbox> own = Inbox::attach(first_fd);
  if (!own) return tl::unexpected<Error>(own.error());
  std::vector<std::pair<NodeId, Inbox>> peers;
  for (const NodeId peer : peers_of(deployment)) {
    Result<Inbox> inbox = Inbox::attach(++first_fd);
    if (!inbox) return tl::unexpected<Error>(inbox.error());
    peers.emplace_back(peer, std::move(*inbox));
  }
  return std::make_unique<ShmCarrier>(deployment.id, std::move(*own), std::move(peers));
}

// The carrier, and the UDP port at which other nodes reach it.
struct Opened {
  std::unique_ptr<Carrier> carrier;
  UdpCarrier* udp = nullptr;
};

Result<Opened> open_carrier(const Deployment& deployment, boost::asio::io_context& context,
                            int first_fd) {
  if (deployment.wall.carrier == CarrierKind::kShm) {
    Result<std::unique_ptr<Carrier>> shm = open_shm(deployment, first_fd);
    if (!shm) return tl::unexpected<Error>(shm.error());
    return Opened{std::move(*shm), nullptr};
  }
  SOLITON_CHECK_MSG(is_loopback(deployment.wall.listen) || deployment.ltl.auth == AuthMode::kAead,
                    "a socket that listens beyond loopback needs encryption (auth: aead)");
  Result<std::unique_ptr<UdpCarrier>> udp = UdpCarrier::open(context, {deployment.wall.listen, 0});
  if (!udp) return tl::unexpected<Error>(udp.error());
  UdpCarrier* const socket = udp->get();
  return Opened{std::move(*udp), socket};
}

// All nodes of a run are on one machine, so the cipher that is best for one is best for all.
Status give_cipher(Deployment& deployment) {
  if (deployment.ltl.auth != AuthMode::kAead) return {};
  const Result<const PacketCipher*> cipher = packet_cipher(best_aead());
  if (!cipher) return tl::unexpected<Error>(cipher.error());
  deployment.identity.cipher = *cipher;
  return {};
}

std::vector<UdpAddress> addresses_of(const WallOptions& wall,
                                     const std::vector<std::uint16_t>& ports) {
  std::vector<UdpAddress> out;
  for (const std::uint16_t port : ports) out.push_back({wall.listen, port});
  return out;
}

std::string how_it_runs(const Deployment& deployment, const UdpCarrier* udp) {
  if (udp == nullptr) return "wall time, shared memory";
  return fmt::format("wall time, UDP port {} of {}, receive buffer {}", udp->port(),
                     boost::asio::ip::address_v4(deployment.wall.listen).to_string(),
                     describe(udp->receive_buffer()));
}

}  // namespace

// The second thread only turns commands into the end of the loop.
int run_wall(NodeAssignment& assignment, ControlSocket& control, Log& log, Pulse& pulse,
             int first_fd) {
  if (const Status given = give_cipher(assignment.deployment); !given)
    return fail(log, control, given.error());
  const Deployment& deployment = assignment.deployment;
  boost::asio::io_context context;
  Result<Opened> opened = open_carrier(deployment, context, first_fd);
  if (!opened) return fail(log, control, opened.error());
  Chassis node(deployment, assignment.rules);
  const std::uint16_t port = opened->udp ? opened->udp->port() : std::uint16_t{0};
  log_ready(log, assignment, how_it_runs(deployment, opened->udp));
  static_cast<void>(control.send(Report{Ready{port, confine(log, assignment)}}));
  const std::optional<Command> command = control.receive_command();
  const StartCommand* start = command ? std::get_if<StartCommand>(&*command) : nullptr;
  if (!start) return EXIT_SUCCESS;
  if (opened->udp)
    opened->udp->set_peers(deployment.id, addresses_of(deployment.wall, start->ports),
                           peers_of(deployment));
  FaultInterceptor interceptor(*opened->carrier, assignment.faults.plan, assignment.faults.routes);
  const bool plain = assignment.faults.plan.rules.empty() && !node.may_fail();
  Link* const faults = plain ? nullptr : &interceptor;
  RecordReporter reporter(node, control);
  bool told = false;
  bool gave_up = false;
  WallDriver driver(*opened->carrier, faults, node, deployment.wall, pulse, start->start_ns, [&] {
    reporter.flush(reporter.finished() ? 0 : kRecordBatch);
    if (reporter.finished() && !std::exchange(told, true))
      static_cast<void>(control.send(Report{Finished{}}));
    const bool over = !node.node().lost_peers().empty() || node.ended() != kNever;
    if (over && !reporter.finished() && !std::exchange(gave_up, true))
      static_cast<void>(control.send(Report{GaveUp{}}));
  });
  // A node that fails for good really dies: it says what it has measured, and kills itself.
  node.on_death([&] {
    reporter.flush(0);
    static_cast<void>(control.send(Report{stats_of(node, driver.now())}));
    kill(getpid(), SIGKILL);
  });
  node.start(kRunStart);
  std::thread commands([&] {
    if (!control.receive_command()) std::_Exit(EXIT_SUCCESS);  // the controller is gone
    driver.stop();
  });
  driver.run();
  commands.join();
  reporter.flush(0);
  NodeStats stats = stats_of(node, driver.now());
  stats.faults = interceptor.counters();
  stats.firings = interceptor.take_firings();
  stats.carrier = opened->carrier->counters();
  log_end(log, assignment, stats, driver.now());
  static_cast<void>(control.send(Report{stats}));
  return EXIT_SUCCESS;
}

}  // namespace soliton
