// HTTP over a real socket, as golden bytes.
#include "cluster/serve/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const std::string& bytes) const {
    static_cast<void>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  void end() const { shutdown(fd_, SHUT_WR); }
  // Until `end` has come, or the connection has ended.
  std::string receive(const std::string& end) const {
    std::string out;
    char block[4096];
    while (out.find(end) == std::string::npos) {
      const ssize_t got = read(fd_, block, sizeof block);
      if (got <= 0) break;
      out.append(block, static_cast<std::size_t>(got));
    }
    return out;
  }
  std::string rest() const { return receive(std::string(1, '\0') + "never"); }

 private:
  int fd_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    HttpServerOptions options;
    options.body_limit = 1000;
    auto started = HttpServer::start(options, [](HttpRequest request, HttpDone done) {
      if (request.target == "/empty") return done({});
      done({.type = "text/plain",
            .body = request.method + " " + request.target + " " + request.body});
    });
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }
  std::string answer(const std::string& bytes) const {
    const Client client(server_->port());
    client.send(bytes);
    client.end();
    return client.rest();
  }
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersAreTheseBytes) {
  EXPECT_EQ(answer("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nServer: soliton\r\nContent-Type: text/plain\r\n"
            "Content-Length: 7\r\n\r\nGET /a ");
  EXPECT_EQ(answer("GET /empty HTTP/1.1\r\nHost: x\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nServer: soliton\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(answer("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nServer: soliton\r\nContent-Type: text/plain\r\n"
            "Connection: close\r\nContent-Length: 8\r\n\r\n");
}

TEST_F(HttpServerTest, AConnectionServesManyRequestsAlsoAtOnce) {
  const std::string one = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi";
  const std::string out = answer(one + one + one);
  std::size_t answers = 0;
  for (std::size_t at = out.find("POST /p hi"); at != std::string::npos;
       at = out.find("POST /p hi", at + 1))
    ++answers;
  EXPECT_EQ(answers, 3u);
}

TEST_F(HttpServerTest, BodiesMayComeInChunks) {
  EXPECT_THAT(answer("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "2\r\nhi\r\n3\r\n yo\r\n0\r\n\r\n"),
              HasSubstr("POST /p hi yo"));
}

// The body that follows is not waited for.
TEST_F(HttpServerTest, ALargeBodyIsRefusedByItsHeader) {
  const Client client(server_->port());
  client.send(
      "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
  const std::string out = client.rest();
  EXPECT_THAT(out, StartsWith("HTTP/1.1 413 Payload Too Large\r\n"));
  EXPECT_THAT(out, HasSubstr("{\"error\": \"the body is larger than 1000 bytes\"}"));
}

TEST_F(HttpServerTest, ALargeBodyInChunksIsRefusedWhenItIs) {
  EXPECT_THAT(answer("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                     std::string(1001, 'x') + "\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, WhoAsksIsToldToGoOn) {
  const Client client(server_->port());
  client.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(client.receive("\r\n\r\n"), StartsWith("HTTP/1.1 100 Continue\r\n"));
  client.send("hi");
  client.end();
  EXPECT_THAT(client.rest(), HasSubstr("POST /p hi"));
}

TEST_F(HttpServerTest, WhatIsNotHttpIs400) {
  EXPECT_THAT(answer("hello\r\n\r\n"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(answer("GET /a HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
}

TEST(HttpServer, ARequestThatDoesNotArriveIs408) {
  HttpServerOptions options;
  options.timeout = std::chrono::milliseconds(20);
  const auto server = HttpServer::start(options, [](HttpRequest, HttpDone done) { done({}); });
  ASSERT_TRUE(server);
  const Client client((*server)->port());
  client.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nh");
  EXPECT_THAT(client.rest(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
}

// An answer that is under way when the server is told to stop still goes out.
TEST(HttpServer, StopsWhenAllIsAnswered) {
  HttpDone held;
  std::promise<void> came;
  auto server = HttpServer::start({}, [&](HttpRequest, HttpDone done) {
    held = std::move(done);
    came.set_value();
  });
  ASSERT_TRUE(server);
  const Client idle((*server)->port()), client((*server)->port());
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  came.get_future().wait();
  std::thread stops([&] { (*server)->stop(); });
  held({.body = "{}"});
  EXPECT_THAT(client.rest(), HasSubstr("\r\n\r\n{}"));
  EXPECT_EQ(idle.rest(), "");
  stops.join();
}

TEST(HttpServer, APortThatIsTakenIsSaid) {
  const auto first = HttpServer::start({}, [](HttpRequest, HttpDone done) { done({}); });
  ASSERT_TRUE(first);
  HttpServerOptions same;
  same.port = (*first)->port();
  const auto second = HttpServer::start(same, [](HttpRequest, HttpDone done) { done({}); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kEnvironment);
  EXPECT_THAT(second.error().message, HasSubstr("Address already in use"));
}

// Whatever comes, there is an answer or an end, and the server goes on.
TEST_F(HttpServerTest, BytesByChanceDoNoHarm) {
  const std::vector<std::string> seeds = {
      "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi",
      "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
      "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "POST /p HTTP/1.1\r\nInference-Header-Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"};
  const Random random(7, "http");
  for (std::uint64_t i = 0; i < 400; ++i) {
    std::string bytes = seeds[i % seeds.size()];
    const Random own = random.child(i);
    for (std::uint64_t change = 0; change < 1 + i % 5; ++change) {
      const std::size_t at = own.below(3 * change, bytes.size());
      const auto byte = static_cast<char>(own.below(3 * change + 1, 256));
      if (own.below(3 * change + 2, 3) == 0)
        bytes.erase(at, 1);
      else
        bytes[at] = byte;
    }
    const std::string out = answer(bytes);
    if (!out.empty()) {
      EXPECT_THAT(out, StartsWith("HTTP/1."));
    }
  }
  EXPECT_THAT(answer("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"), HasSubstr("GET /a "));
}

}  // namespace
}  // namespace soliton
