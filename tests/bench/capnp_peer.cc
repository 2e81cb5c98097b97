// Cap'n Proto RPC: calls over a pair of Unix sockets, one thread of kj-async a side, which blocks.
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <sys/socket.h>

#include <array>

#include "echo.capnp.h"
#include "tests/bench/long_peers.h"

namespace soliton {
namespace {

using Sockets = std::array<int, 2>;

std::span<const std::byte> bytes_of(capnp::Data::Reader data) {
  return std::as_bytes(std::span(data.begin(), data.size()));
}

class Client {
 public:
  explicit Client(const Sockets& sockets) : socket_(sockets[0]) { close(sockets[1]); }
  void become(bool) {
    io_ = std::make_unique<kj::AsyncIoContext>(kj::setupAsyncIo());
    stream_ = io_->lowLevelProvider->wrapSocketFd(socket_);
    client_ = std::make_unique<capnp::TwoPartyClient>(*stream_);
    echo_ = std::make_unique<bench::Echo::Client>(client_->bootstrap().castAs<bench::Echo>());
  }
  // A call is sending and receiving.
  void send(std::span<const std::byte> message) {
    auto request = echo_->callRequest();
    request.setBody(
        kj::arrayPtr(reinterpret_cast<const kj::byte*>(message.data()), message.size()));
    answer_ = std::make_unique<Answer>(request.send().wait(io_->waitScope));
  }
  std::span<const std::byte> receive() { return bytes_of(answer_->getBody()); }
  // Closing alone says nothing: the process both were forked from holds the socket as well.
  void settle() { shutdown(socket_, SHUT_RDWR); }

 private:
  using Answer = capnp::Response<bench::Echo::CallResults>;

  int socket_;
  std::unique_ptr<kj::AsyncIoContext> io_;
  kj::Own<kj::AsyncIoStream> stream_;
  std::unique_ptr<capnp::TwoPartyClient> client_;
  std::unique_ptr<bench::Echo::Client> echo_;
  std::unique_ptr<Answer> answer_;
};

class Service final : public bench::Echo::Server {
 public:
  kj::Promise<void> call(CallContext context) override {
    const capnp::Data::Reader body = context.getParams().getBody();
    context.getResults().setBody(body);
    return kj::READY_NOW;
  }
};

// Until the client hangs up.
void serve(const Sockets& sockets, PairPage& page) {
  close(sockets[0]);
  kj::AsyncIoContext io = kj::setupAsyncIo();
  capnp::TwoPartyServer server(kj::heap<Service>());
  kj::Own<kj::AsyncIoStream> stream = io.lowLevelProvider->wrapSocketFd(sockets[1]);
  page.server_up = true;
  server.accept(*stream).wait(io.waitScope);
}

struct MakeClient {
  Sockets place() const {
    Sockets sockets{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0)
      give_up("socketpair");
    return sockets;
  }
  auto operator()(const Sockets& sockets) const { return std::make_unique<Client>(sockets); }
};

}  // namespace

void add_capnp(Peers& peers) { peers["capnp-unix"] = caller(MakeClient{}, serve); }

}  // namespace soliton
