// Messaging libraries of the ordinary `soliton bench ltl`.
#include "tests/bench/ltl_peers.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <vector>

#ifdef SOLITON_HAVE_ZMQ
#include <zmq.h>
#endif
#ifdef SOLITON_HAVE_ENET
#include <enet/enet.h>
#endif
#ifdef SOLITON_HAVE_UCX
#include <ucp/api/ucp.h>
#endif

namespace soliton {
namespace {

#ifdef SOLITON_HAVE_ZMQ
// PAIR sockets; the library's own threads carry the bytes.
class Zmq : public OneByOne<Zmq> {
 public:
  explicit Zmq(const char* scheme) {
    const std::string number = std::to_string(getpid());
    const bool tcp = std::string(scheme) == "tcp";
    address_ = tcp ? "tcp://127.0.0.1:" + std::to_string(port_of_this_turn())
                   : "ipc://@soliton-bench-" + number;
  }
  void become(bool server) {
    context_ = zmq_ctx_new();
    socket_ = zmq_socket(context_, ZMQ_PAIR);
    const int result =
        server ? zmq_bind(socket_, address_.c_str()) : zmq_connect(socket_, address_.c_str());
    if (result != 0) give_up(zmq_strerror(zmq_errno()));
  }
  void send(std::span<const std::byte> message) {
    if (zmq_send(socket_, message.data(), message.size(), 0) < 0) give_up("zmq_send");
  }
  void settle() {
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }
  std::span<const std::byte> receive() {
    const int size = zmq_recv(socket_, in_.data(), in_.size(), 0);
    if (size < 0) give_up("zmq_recv");
    return {in_.data(), static_cast<std::size_t>(size)};
  }

 private:
  std::string address_;
  void* context_ = nullptr;
  void* socket_ = nullptr;
  std::array<std::byte, 65536> in_;
};
#endif

#ifdef SOLITON_HAVE_ENET
// One reliable channel, serviced without waiting.
class Enet : public OneByOne<Enet> {
 public:
  Enet() : port_(static_cast<enet_uint16>(port_of_this_turn())) {}
  void become(bool server) {
    ENetAddress address{};
    enet_initialize();
    enet_address_set_host(&address, "127.0.0.1");
    address.port = port_;
    host_ = enet_host_create(server ? &address : nullptr, 1, 1, 0, 0);
    if (host_ == nullptr) give_up("enet_host_create");
    if (!server) peer_ = enet_host_connect(host_, &address, 1, 0);
    server_ = server;
    // The server answers before it knows its peer: it waits for it in its first receive().
    while (!server && !connected_) service();
  }
  void send(std::span<const std::byte> message) {
    ENetPacket* const packet =
        enet_packet_create(message.data(), message.size(), ENET_PACKET_FLAG_RELIABLE);
    if (enet_peer_send(peer_, 0, packet) != 0) give_up("enet_peer_send");
    enet_host_flush(host_);
  }
  std::span<const std::byte> receive() {
    if (last_ != nullptr) enet_packet_destroy(last_);
    last_ = nullptr;
    while (last_ == nullptr) service();
    return {reinterpret_cast<const std::byte*>(last_->data), last_->dataLength};
  }

 private:
  void service() {
    ENetEvent event{};
    if (enet_host_service(host_, &event, 0) <= 0) return;
    if (event.type == ENET_EVENT_TYPE_CONNECT) {
      connected_ = true;
      peer_ = event.peer;
    }
    if (event.type == ENET_EVENT_TYPE_RECEIVE) last_ = event.packet;
  }

  enet_uint16 port_;
  ENetHost* host_ = nullptr;
  ENetPeer* peer_ = nullptr;
  ENetPacket* last_ = nullptr;
  bool server_ = false;
  bool connected_ = false;
};
#endif

#ifdef SOLITON_HAVE_UCX
// Tagged messages over UCX's shared memory, progressed by polling.
class Ucx : public OneByOne<Ucx> {
 public:
  Ucx() {
    setenv("UCX_TLS", "posix", 1);
    for (auto& pipe : pipes_)
      if (::pipe(pipe.data()) != 0) give_up("pipe");
  }
  void become(bool server) {
    ucp_params_t params{};
    params.field_mask = UCP_PARAM_FIELD_FEATURES;
    params.features = UCP_FEATURE_TAG;
    ucp_config_t* config = nullptr;
    check(ucp_config_read(nullptr, nullptr, &config), "ucp_config_read");
    check(ucp_init(&params, config, &context_), "ucp_init");
    ucp_config_release(config);
    ucp_worker_params_t worker{};
    worker.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE;
    worker.thread_mode = UCS_THREAD_MODE_SINGLE;
    check(ucp_worker_create(context_, &worker, &worker_), "ucp_worker_create");
    connect(server);
  }
  void send(std::span<const std::byte> message) {
    ucp_request_param_t none{};
    complete(ucp_tag_send_nbx(endpoint_, message.data(), message.size(), 1, &none));
  }
  std::span<const std::byte> receive() {
    ucp_request_param_t wanted{};
    ucp_tag_recv_info_t info{};
    wanted.op_attr_mask = UCP_OP_ATTR_FIELD_RECV_INFO;
    wanted.recv_info.tag_info = &info;
    void* const request = ucp_tag_recv_nbx(worker_, in_.data(), in_.size(), 1, UINT64_MAX, &wanted);
    while (UCS_PTR_IS_PTR(request) && ucp_request_check_status(request) == UCS_INPROGRESS)
      ucp_worker_progress(worker_);
    if (UCS_PTR_IS_PTR(request)) {
      ucp_tag_recv_info_t done{};
      check(ucp_tag_recv_request_test(request, &done), "ucp_tag_recv");
      info = done;
      ucp_request_free(request);
    }
    return {in_.data(), info.length};
  }

 private:
  static void check(ucs_status_t status, const char* what) {
    if (status != UCS_OK) give_up(what);
  }
  // Both ends' worker addresses go through pipes made before the fork.
  void connect(bool server) {
    ucp_address_t* own = nullptr;
    std::size_t length = 0;
    check(ucp_worker_get_address(worker_, &own, &length), "ucp_worker_get_address");
    const int to = pipes_[server ? 1 : 0][1];
    const int from = pipes_[server ? 0 : 1][0];
    if (write(to, &length, sizeof length) != sizeof length ||
        write(to, own, length) != static_cast<ssize_t>(length))
      give_up("write");
    std::size_t other_length = 0;
    if (read(from, &other_length, sizeof other_length) != sizeof other_length) give_up("read");
    std::vector<char> other(other_length);
    if (read(from, other.data(), other_length) != static_cast<ssize_t>(other_length))
      give_up("read");
    ucp_ep_params_t params{};
    params.field_mask = UCP_EP_PARAM_FIELD_REMOTE_ADDRESS;
    params.address = reinterpret_cast<ucp_address_t*>(other.data());
    check(ucp_ep_create(worker_, &params, &endpoint_), "ucp_ep_create");
    ucp_worker_release_address(worker_, own);
  }
  void complete(void* request) {
    while (UCS_PTR_IS_PTR(request) && ucp_request_check_status(request) == UCS_INPROGRESS)
      ucp_worker_progress(worker_);
    if (UCS_PTR_IS_PTR(request)) ucp_request_free(request);
    if (UCS_PTR_IS_ERR(request)) give_up("ucp_tag_send");
  }

  std::array<std::array<int, 2>, 2> pipes_{};
  ucp_context_h context_ = nullptr;
  ucp_worker_h worker_ = nullptr;
  ucp_ep_h endpoint_ = nullptr;
  std::array<std::byte, 65536> in_;
};
#endif

Peers peers() {
  Peers all;
#ifdef SOLITON_HAVE_ZMQ
  all["zmq-tcp"] = runner([] { return std::make_unique<Zmq>("tcp"); });
  all["zmq-ipc"] = runner([] { return std::make_unique<Zmq>("ipc"); });
#endif
#ifdef SOLITON_HAVE_ENET
  all["enet"] = runner([] { return std::make_unique<Enet>(); });
#endif
#ifdef SOLITON_HAVE_UCX
  all["ucx-posix"] = runner([] { return std::make_unique<Ucx>(); });
#endif
  return all;
}

}  // namespace
}  // namespace soliton

int main(int argc, char** argv) { return soliton::peers_main(argc, argv, soliton::peers()); }
