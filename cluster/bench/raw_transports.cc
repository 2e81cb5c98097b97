#include "cluster/bench/raw_transports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <cstring>
#include <new>

#include "cluster/bench/pair.h"
#include "fabric/shm/relax.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr std::size_t kSocketBuffer = 128 * 1024;
constexpr std::uint32_t kRingSlots = 256;

sockaddr_in any_loopback() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

sockaddr* generic(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

// Binds to a port of the kernel's choice and says which.
bool bind_loopback(int socket, sockaddr_in& address) {
  address = any_loopback();
  socklen_t length = sizeof address;
  return bind(socket, generic(address), length) == 0 &&
         getsockname(socket, generic(address), &length) == 0;
}

}  // namespace

struct FlagTransport::Lines {
  struct alignas(128) Line {
    std::atomic<std::uint64_t> word{0};
  };
  std::array<Line, 2> line;
};

FlagTransport::FlagTransport() {
  void* const memory = mmap(nullptr, sizeof(Lines), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  SOLITON_CHECK(memory != MAP_FAILED);
  lines_ = new (memory) Lines;
}

FlagTransport::~FlagTransport() { munmap(lines_, sizeof(Lines)); }

// Zero is the empty line, so words go one higher; the word to quit wraps to one that stays free.
void FlagTransport::send(std::span<const std::byte> message) {
  if (message_.size() != message.size()) message_.resize(message.size());
  const std::uint64_t word = first_word(message);
  lines_->line[out_].word.store(word == kPairQuit ? kPairQuit : word + 1,
                                std::memory_order_release);
}

std::span<const std::byte> FlagTransport::receive() {
  std::uint64_t word = seen_;
  while ((word = lines_->line[1 - out_].word.load(std::memory_order_acquire)) == seen_) {
  }
  seen_ = word;
  if (word != kPairQuit) --word;
  if (message_.size() < sizeof word) message_.resize(sizeof word);
  std::memcpy(message_.data(), &word, sizeof word);
  return message_;
}

RingTransport::RingTransport(std::size_t bytes) : message_(bytes) {
  InboxShape shape;
  shape.ring = {kRingSlots, static_cast<std::uint32_t>(bytes)};
  for (int i = 0; i < 2; ++i) {
    Result<Inbox> inbox = Inbox::create("soliton-bench", shape);
    if (!inbox) {
      inboxes_.clear();
      return;
    }
    inboxes_.push_back(std::move(*inbox));
  }
}

void RingTransport::become(bool server) {
  const NodeId self{server ? 1U : 0U};
  const NodeId peer{server ? 0U : 1U};
  to_ = PacketProducer(inboxes_[index(peer)].ring(self));
  from_ = PacketConsumer(inboxes_[index(self)].ring(peer));
}

void RingTransport::send(std::span<const std::byte> message) {
  std::span<std::byte> room;
  while ((room = to_.room()).empty()) {
  }
  std::memcpy(room.data(), message.data(), message.size());
  to_.publish(message.size());
}

std::span<const std::byte> RingTransport::receive() {
  while (!from_.ready()) {
  }
  const std::span<const std::byte> packet = from_.take();
  std::memcpy(message_.data(), packet.data(), packet.size());
  from_.release(false);
  return {message_.data(), packet.size()};
}

std::size_t RingTransport::send_some(std::span<const std::byte> message, std::size_t want) {
  std::size_t taken = 0;
  for (; taken < want && !to_.room().empty(); ++taken) send(message);
  return taken;
}

std::size_t RingTransport::receive_some(std::size_t size) {
  std::size_t taken = 0;
  for (; taken < kRingSlots && from_.ready(); ++taken) wrong_ += receive().size() != size;
  // A reader on the next slot takes its cache line from the writer; a pause lets slots fill up.
  for (int i = 0; taken == 0 && i < 8; ++i) relax();
  return taken;
}

SocketTransport::SocketTransport(SocketKind kind, bool spin)
    : kind_(kind), spin_(spin), in_(kSocketBuffer), out_(kSocketBuffer) {
  if (kind == SocketKind::kUdp) make_udp();
  if (kind == SocketKind::kTcp) make_tcp();
  if (kind == SocketKind::kUnix)
    static_cast<void>(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets_.data()));
}

SocketTransport::~SocketTransport() {
  for (const int socket : sockets_)
    if (socket >= 0) close(socket);
}

void SocketTransport::make_udp() {
  std::array<sockaddr_in, 2> addresses{};
  for (std::size_t i = 0; i < 2; ++i) {
    sockets_[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sockets_[i] < 0 || !bind_loopback(sockets_[i], addresses[i])) return;
  }
  for (std::size_t i = 0; i < 2; ++i)
    if (connect(sockets_[i], generic(addresses[1 - i]), sizeof addresses[i]) != 0) return;
}

void SocketTransport::make_tcp() {
  // Both ends belong to this process until the fork, so one connect and one accept suffice.
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  if (listener < 0) return;
  if (bind_loopback(listener, address) && listen(listener, 1) == 0) {
    sockets_[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(sockets_[0], generic(address), sizeof address) == 0)
      sockets_[1] = accept(listener, nullptr, nullptr);
  }
  close(listener);
  // Nagle's algorithm would hold back small messages until the previous one is acknowledged.
  const int on = 1;
  for (const int socket : sockets_)
    static_cast<void>(setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

void SocketTransport::become(bool server) { socket_ = sockets_[server ? 1 : 0]; }

void SocketTransport::send(std::span<const std::byte> message) {
  if (kind_ != SocketKind::kTcp) {
    while (::send(socket_, message.data(), message.size(), 0) < 0 &&
           (errno == EINTR || errno == EAGAIN || errno == ENOBUFS)) {
    }
    return;
  }
  const auto length = static_cast<std::uint32_t>(message.size());
  std::memcpy(out_.data(), &length, sizeof length);
  std::memcpy(out_.data() + sizeof length, message.data(), message.size());
  std::size_t sent = 0;
  while (sent < sizeof length + message.size()) {
    const ssize_t more =
        ::send(socket_, out_.data() + sent, sizeof length + message.size() - sent, 0);
    if (more > 0) sent += static_cast<std::size_t>(more);
  }
}

std::size_t SocketTransport::read_some(std::size_t at) {
  for (;;) {
    // Spinning saves the wake-up, which costs more than the message.
    const ssize_t size = recv(socket_, in_.data() + at, in_.size() - at, spin_ ? MSG_DONTWAIT : 0);
    if (size > 0) return static_cast<std::size_t>(size);
    if (size == 0 || (errno != EAGAIN && errno != EINTR)) _exit(1);  // the peer has gone
  }
}

std::span<const std::byte> SocketTransport::receive() {
  if (kind_ == SocketKind::kTcp) return receive_framed();
  return {in_.data(), read_some(0)};
}

std::span<const std::byte> SocketTransport::receive_framed() {
  if (taken_ == held_) taken_ = held_ = 0;
  std::uint32_t length = 0;
  for (;;) {
    if (held_ - taken_ >= sizeof length) {
      std::memcpy(&length, in_.data() + taken_, sizeof length);
      if (held_ - taken_ >= sizeof length + length) break;
    }
    held_ += read_some(held_);
  }
  const std::span<const std::byte> message(in_.data() + taken_ + sizeof length, length);
  taken_ += sizeof length + length;
  return message;
}

void AsioTransport::become(bool server) {
  sockets_.become(server);
  context_ = std::make_unique<boost::asio::io_context>(1);
  socket_ = std::make_unique<boost::asio::ip::udp::socket>(*context_);
  socket_->assign(boost::asio::ip::udp::v4(), dup(sockets_.descriptor()));
  socket_->non_blocking(true);
  in_.resize(kSocketBuffer);
}

void AsioTransport::send(std::span<const std::byte> message) {
  bool sent = false;
  socket_->async_send(boost::asio::buffer(message.data(), message.size()),
                      [&](const auto&, std::size_t) { sent = true; });
  while (!sent) {
    context_->restart();
    context_->poll();
  }
}

std::span<const std::byte> AsioTransport::receive() {
  std::size_t size = 0;
  bool done = false;
  socket_->async_receive(boost::asio::buffer(in_.data(), in_.size()),
                         [&](const auto&, std::size_t got) {
                           size = got;
                           done = true;
                         });
  while (!done) {
    context_->restart();
    context_->poll();
  }
  return {in_.data(), size};
}

}  // namespace soliton
