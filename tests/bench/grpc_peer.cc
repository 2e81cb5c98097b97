// gRPC: synchronous unary calls over TCP and over a Unix socket; its threads block.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <future>

#include "echo.grpc.pb.h"
#include "tests/bench/long_peers.h"

namespace soliton {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class Client {
 public:
  explicit Client(const std::string& address) : address_(address) {}
  void become(bool) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 10);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10);
    const auto channel =
        grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments);
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10)))
      give_up("gRPC does not connect");
    stub_ = bench::Echo::NewStub(channel);
  }
  // A call is sending and receiving.
  void send(std::span<const std::byte> message) {
    question_.set_body(message.data(), message.size());
    grpc::ClientContext context;
    if (!stub_->Call(&context, question_, &answer_).ok()) give_up("gRPC call");
  }
  std::span<const std::byte> receive() { return bytes_of(answer_.body()); }
  void settle() {}

 private:
  std::string address_;
  std::unique_ptr<bench::Echo::Stub> stub_;
  bench::Bytes question_, answer_;
};

class Service final : public bench::Echo::Service {
 public:
  grpc::Status Call(grpc::ServerContext*, const bench::Bytes* in, bench::Bytes* out) override {
    out->set_body(in->body());
    if (first_word(bytes_of(in->body())) == kPairQuit) quit_.set_value();
    return grpc::Status::OK;
  }
  void wait_quit() { quit_.get_future().wait(); }

 private:
  std::promise<void> quit_;
};

void serve(const std::string& address, PairPage& page) {
  Service service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) give_up("gRPC server");
  page.server_up = true;
  service.wait_quit();
  server->Shutdown();
}

struct MakeClient {
  bool tcp;
  std::string place() const {
    return tcp ? "127.0.0.1:" + std::to_string(port_of_this_turn())
               : "unix-abstract:soliton-bench-" + std::to_string(getpid());
  }
  auto operator()(const std::string& address) const { return std::make_unique<Client>(address); }
};

}  // namespace

void add_grpc(Peers& peers) {
  peers["grpc-tcp"] = caller(MakeClient{true}, serve);
  peers["grpc-unix"] = caller(MakeClient{false}, serve);
}

}  // namespace soliton
