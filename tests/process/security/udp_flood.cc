#include "tests/process/security/udp_flood.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

namespace soliton {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kHeads = sizeof(iphdr) + sizeof(udphdr);
constexpr std::size_t kBatch = 64;  // of one system call
constexpr std::size_t kDataLength = 992;
constexpr std::uint16_t kGuess = 0x5eed;
constexpr std::size_t kSecurityMost = 24;  // of a packet

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return out;
}

}  // namespace

PacketBytes sealed_packet(LtlHeader header, std::uint16_t length) {
  PacketBytes out(kLtlHeaderSize + length, std::byte{0x5a});
  header.length = length;
  encode(header, std::span<std::byte, kLtlHeaderSize>(out.data(), kLtlHeaderSize));
  seal(std::span<std::byte>(out));
  return out;
}

PacketBytes guessed_data_packet() {
  LtlHeader header;
  header.flags = packet_flag::kFirst | packet_flag::kLast;
  header.cookie = kGuess;
  header.channel = 1;
  return sealed_packet(header, kDataLength);
}

Thrower::Thrower(std::uint16_t to, std::optional<std::uint16_t> from) : to_(to), from_(from) {
  socket_ = from ? socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW)
                 : socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

Thrower::~Thrower() {
  if (socket_ >= 0) close(socket_);
}

// Of a forged packet the heads are ours. Without a checksum of UDP, which the kernel lets pass.
PacketBytes Thrower::framed(const PacketBytes& packet) const {
  if (!from_) return packet;
  PacketBytes out(kHeads);
  iphdr ip{};
  ip.version = 4;
  ip.ihl = 5;
  ip.ttl = 64;
  ip.protocol = IPPROTO_UDP;
  ip.tot_len = htons(static_cast<std::uint16_t>(kHeads + packet.size()));
  ip.saddr = ip.daddr = htonl(INADDR_LOOPBACK);
  udphdr udp{};
  udp.source = htons(*from_);
  udp.dest = htons(to_);
  udp.len = htons(static_cast<std::uint16_t>(sizeof udp + packet.size()));
  std::memcpy(out.data(), &ip, sizeof ip);
  std::memcpy(out.data() + sizeof ip, &udp, sizeof udp);
  out.insert(out.end(), packet.begin(), packet.end());
  return out;
}

std::size_t Thrower::send(const PacketBytes& packet, std::size_t copies) const {
  PacketBytes bytes = framed(packet);
  sockaddr_in address = loopback(from_ ? std::uint16_t{0} : to_);
  iovec vector{bytes.data(), bytes.size()};
  std::array<mmsghdr, kBatch> headers{};
  for (mmsghdr& header : headers) {
    header.msg_hdr.msg_name = &address;
    header.msg_hdr.msg_namelen = sizeof address;
    header.msg_hdr.msg_iov = &vector;
    header.msg_hdr.msg_iovlen = 1;
  }
  std::size_t sent = 0;
  while (sent < copies) {
    const int count = sendmmsg(socket_, headers.data(),
                               static_cast<unsigned>(std::min(copies - sent, kBatch)), 0);
    if (count <= 0) break;
    sent += static_cast<std::size_t>(count);
  }
  return sent;
}

bool Thrower::answered() const {
  char byte = 0;
  return recv(socket_, &byte, 1, MSG_DONTWAIT) >= 0;
}

// A millisecond's worth at a time; what a slow machine owes is made up for.
Flood::Flood(const Thrower& thrower, PacketBytes packet, double per_second)
    : thread_([this, &thrower, packet = std::move(packet), per_second] {
        const Clock::time_point start = Clock::now();
        while (!stop_) {
          const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
          const auto due = static_cast<std::uint64_t>(seconds * per_second);
          if (due > sent_) sent_ += thrower.send(packet, due - sent_);
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      }) {}

Flood::~Flood() {
  stop_ = true;
  thread_.join();
}

std::optional<PacketBytes> packet_on_the_way(std::uint16_t from, std::uint16_t to) {
  const int listener = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));
  if (listener < 0) return std::nullopt;
  std::optional<PacketBytes> out;
  PacketBytes bytes(1 << 16);
  const Clock::time_point limit = Clock::now() + std::chrono::seconds(1);
  while (!out && Clock::now() < limit) {
    pollfd readable{listener, POLLIN, 0};
    if (poll(&readable, 1, 100) <= 0) continue;
    const ssize_t size = recv(listener, bytes.data(), bytes.size(), 0);
    if (size < static_cast<ssize_t>(kHeads + kLtlHeaderSize)) continue;
    udphdr udp{};
    std::memcpy(&udp, bytes.data() + sizeof(iphdr), sizeof udp);
    if (ntohs(udp.source) != from || ntohs(udp.dest) != to) continue;
    const auto packet = std::span(bytes).subspan(kHeads, static_cast<std::size_t>(size) - kHeads);
    const auto header = decode(packet);
    // Several may lie behind each other, joined by the sender; only whole packets of data are wanted.
    if (!header || header->kind != PacketKind::kData || header->length > 2'000) continue;
    if (packet.size() > kLtlHeaderSize + header->length + kSecurityMost) continue;
    out.emplace(packet.begin(), packet.end());
  }
  close(listener);
  return out;
}

// Rows of /proc/net/udp: `sl local_address remote_address st tx_queue:rx_queue ...`, in hexadecimal.
std::uint64_t unread_bytes(std::uint16_t port) {
  std::ifstream table("/proc/net/udp");
  std::string row;
  std::getline(table, row);
  std::uint64_t bytes = 0;
  while (std::getline(table, row)) {
    std::istringstream fields(row);
    std::string slot, local, remote, state, queues;
    fields >> slot >> local >> remote >> state >> queues;
    if (std::stoul(local.substr(local.find(':') + 1), nullptr, 16) != port) continue;
    bytes += std::stoull(queues.substr(queues.find(':') + 1), nullptr, 16);
  }
  return bytes;
}

std::uint16_t port_of_log(const std::string& log) {
  const std::string before = "UDP port ";
  const std::size_t at = log.find(before);
  return at == std::string::npos
             ? std::uint16_t{0}
             : static_cast<std::uint16_t>(std::stoul(log.substr(at + before.size())));
}

}  // namespace soliton
