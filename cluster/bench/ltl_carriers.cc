#include "cluster/bench/ltl_carriers.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <new>

#include "fabric/ltl/wall_floors.h"
#include "fabric/shm/shm_carrier.h"
#include "fabric/udp/udp_carrier.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr std::uint32_t kLoopbackMtu = 8'192;
constexpr std::uint32_t kPacketHeadMax = 64;

LtlOptions wall_options() {
  LtlOptions options = with_wall_floors({});
  options.mtu = kLoopbackMtu;
  options.packing = Bytes{kLoopbackMtu};
  options.window = 256;
  options.queue_limit = Bytes{256 << 10};
  return options;
}

}  // namespace

LtlOptions udp_ltl_options(AuthMode auth) {
  LtlOptions options = wall_options();
  const Bytes packet{kLoopbackMtu};
  options.credit_overhead = udp_charge(packet) - packet;
  if (const Result<Bytes> buffer = granted_receive_buffer()) options.credit = *buffer;
  options.auth = auth;
  options.handshake = auth != AuthMode::kNone;
  return options;
}

LtlOptions shm_ltl_options() {
  LtlOptions options = wall_options();
  options.crc = false;
  options.credit = Bytes{4 << 20};
  return options;
}

struct LtlOverUdp::Ports {
  std::array<std::atomic<std::uint16_t>, 2> port;
};

LtlOverUdp::LtlOverUdp(const LtlOptions& options, WaitMode wait) : LtlTransport(options, wait) {
  void* const memory =
      mmap(nullptr, sizeof(Ports), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  SOLITON_CHECK(memory != MAP_FAILED);
  ports_ = new (memory) Ports;
}

LtlOverUdp::~LtlOverUdp() { munmap(ports_, sizeof(Ports)); }

std::unique_ptr<Carrier> LtlOverUdp::open(bool server) {
  context_.notify_fork(boost::asio::io_context::fork_child);
  Result<std::unique_ptr<UdpCarrier>> carrier = UdpCarrier::open(context_);
  if (!carrier) _exit(1);
  const std::size_t self = server ? 1 : 0;
  ports_->port[self] = (*carrier)->port();
  while (ports_->port[1 - self] == 0) {
  }
  (*carrier)->set_peers(NodeId{static_cast<std::uint32_t>(self)},
                        {ports_->port[0].load(), ports_->port[1].load()},
                        {NodeId{static_cast<std::uint32_t>(1 - self)}});
  return std::move(*carrier);
}

LtlOverShm::LtlOverShm(const LtlOptions& options, WaitMode wait) : LtlTransport(options, wait) {
  InboxShape shape;
  shape.ring.packet_bytes = options.mtu + kPacketHeadMax;
  for (int i = 0; i < 2; ++i) {
    Result<Inbox> inbox = Inbox::create("soliton-bench", shape);
    if (inbox) inboxes_.push_back(std::move(*inbox));
  }
}

std::unique_ptr<Carrier> LtlOverShm::open(bool server) {
  const std::size_t self = server ? 1 : 0;
  std::vector<std::pair<NodeId, Inbox>> peers;
  peers.emplace_back(NodeId{static_cast<std::uint32_t>(1 - self)}, std::move(inboxes_[1 - self]));
  return std::make_unique<ShmCarrier>(NodeId{static_cast<std::uint32_t>(self)},
                                      std::move(inboxes_[self]), std::move(peers));
}

}  // namespace soliton
