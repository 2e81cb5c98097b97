// nng: pair sockets; the library's own threads carry the bytes.
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/supplemental/util/platform.h>

#include <array>

#include "tests/bench/long_peers.h"

namespace soliton {
namespace {

constexpr int kTries = 1'000;
constexpr nng_duration kBetweenTries = 10;  // ms
constexpr nng_duration kToLeave = 100;      // ms; closing drops what is still queued

class Nng : public OneByOne<Nng> {
 public:
  explicit Nng(bool tcp)
      : address_(tcp ? "tcp://127.0.0.1:" + std::to_string(port_of_this_turn())
                     : "abstract://soliton-bench-" + std::to_string(getpid())) {}
  void become(bool server) {
    check(nng_pair0_open(&socket_));
    if (server) return check(nng_listen(socket_, address_.c_str(), nullptr, 0));
    int result = NNG_ECONNREFUSED;
    for (int i = 0; i < kTries && result != 0; ++i) {
      if (i > 0) nng_msleep(kBetweenTries);
      result = nng_dial(socket_, address_.c_str(), nullptr, 0);
    }
    check(result);
  }
  void send(std::span<const std::byte> message) {
    check(nng_send(socket_, const_cast<std::byte*>(message.data()), message.size(), 0));
  }
  std::span<const std::byte> receive() {
    std::size_t size = in_.size();
    check(nng_recv(socket_, in_.data(), &size, 0));
    return {in_.data(), size};
  }
  void settle() {
    nng_msleep(kToLeave);
    nng_close(socket_);
  }

 private:
  static void check(int result) {
    if (result != 0) give_up(nng_strerror(result));
  }

  std::string address_;
  nng_socket socket_ = NNG_SOCKET_INITIALIZER;
  std::array<std::byte, 65536> in_;
};

}  // namespace

void add_nng(Peers& peers) {
  peers["nng-tcp"] = runner([] { return std::make_unique<Nng>(true); });
  peers["nng-ipc"] = runner([] { return std::make_unique<Nng>(false); });
}

}  // namespace soliton
