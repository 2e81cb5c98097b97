// The only source that knows Beast, which takes its time to compile.
#include "cluster/serve/http_server.h"

#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <utility>

namespace soliton {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kHeaderLimit = 16 * 1024;
constexpr std::chrono::seconds kFarewell{2};  // for replies that nobody reads, at the end

using Parser = http::request_parser<http::string_body>;
using Response = http::response<http::string_body>;

HttpRequest request_of(http::request<http::string_body> message) {
  HttpRequest out;
  const auto text = [&message](auto name) { return std::string(message[name]); };
  out.method = std::string(message.method_string());
  out.target = std::string(message.target());
  out.authorization = text(http::field::authorization);
  out.content_encoding = text(http::field::content_encoding);
  out.json_length = text("Inference-Header-Content-Length");
  out.body = std::move(message.body());
  return out;
}

Response response_of(HttpReply reply, unsigned version, bool head, bool keep_alive) {
  Response out{static_cast<http::status>(reply.status), version};
  out.set(http::field::server, "soliton");
  if (!reply.body.empty()) out.set(http::field::content_type, reply.type);
  for (const auto& [name, value] : reply.headers) out.set(name, value);
  out.keep_alive(keep_alive);
  out.body() = std::move(reply.body);
  out.prepare_payload();
  if (head) out.body().clear();  // its length stays said
  return out;
}

// A reply that may come from another thread, or before anybody waits for it.
struct Pending {
  explicit Pending(const asio::any_io_executor& executor)
      : come(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer come;
  std::optional<HttpReply> reply;
};

// Whether what came is no request, rather than not all of it.
bool is_wrong(const error_code& error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

// Said by the header: the body is not even read.
error_code too_large(const Parser& parser, std::uint64_t limit) {
  const auto length = parser.content_length();
  return length && *length > limit ? http::make_error_code(http::error::body_limit) : error_code{};
}

// nullopt: there is nobody to answer.
std::optional<HttpReply> refusal_of(const error_code& why, std::uint64_t body_limit) {
  if (why == http::error::body_limit)
    return http_error(413, fmt::format("the body is larger than {} bytes", body_limit));
  if (why == http::error::header_limit)
    return http_error(431, fmt::format("the header is larger than {} bytes", kHeaderLimit));
  if (why == beast::error::timeout) return http_error(408, "the request did not arrive in time");
  if (is_wrong(why)) return http_error(400, "this is not HTTP/1.1: " + why.message());
  return std::nullopt;
}

asio::awaitable<HttpReply> ask(const HttpServer::Handler& handler, HttpRequest request) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto pending = std::make_shared<Pending>(executor);
  handler(std::move(request), [pending, executor](HttpReply reply) {
    asio::post(executor, [pending, reply = std::move(reply)]() mutable {
      pending->reply = std::move(reply);
      pending->come.cancel();
    });
  });
  error_code ignored;
  while (!pending->reply)
    co_await pending->come.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return std::move(*pending->reply);
}

// Cancels what a stream does when the time is over. Its handler may run when nobody needs it any more.
class BodyLimit {
 public:
  BodyLimit(asio::io_context& context, beast::tcp_stream& stream)
      : timer_(context), stream_(&stream) {}

  void start(const std::shared_ptr<BodyLimit>& self, std::chrono::milliseconds limit) {
    timer_.expires_after(limit);
    timer_.async_wait([self](const error_code& error) {
      if (error || self->stream_ == nullptr) return;
      self->is_over_ = true;
      self->stream_->cancel();
    });
  }
  // Returns whether the time was over before.
  bool end() {
    stream_ = nullptr;
    timer_.cancel();
    return is_over_;
  }

 private:
  asio::steady_timer timer_;
  beast::tcp_stream* stream_;
  bool is_over_ = false;
};

class Server : public HttpServer {
 public:
  Server(const HttpServerOptions& options, Handler handler)
      : options_(options), handler_(std::move(handler)), acceptor_(context_), farewell_(context_) {}
  ~Server() override { stop(); }

  Status listen() {
    error_code error;
    const tcp::endpoint at(asio::ip::make_address(options_.address, error), options_.port);
    if (!error) acceptor_.open(at.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(at, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error)
      return failure(ErrorCode::kEnvironment,
                     fmt::format("cannot listen on {}:{}: {}", options_.address, options_.port,
                                 error.message()));
    port_ = acceptor_.local_endpoint().port();
    asio::co_spawn(context_, accept(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
    return {};
  }

  std::uint16_t port() const override { return port_; }

  void stop() override {
    if (!thread_.joinable()) return;
    asio::post(context_, [this] {
      stopping_ = true;
      error_code ignored;
      acceptor_.close(ignored);
      for (beast::tcp_stream* stream : idle_) stream->cancel();
      farewell_.expires_after(kFarewell);
      farewell_.async_wait([this](const error_code& error) {
        if (!error) context_.stop();
      });
      if (sessions_ == 0) farewell_.cancel();
    });
    thread_.join();
  }

 private:
  asio::awaitable<void> accept() {
    while (!stopping_) {
      error_code error;
      tcp::socket socket =
          co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (stopping_) co_return;
      if (error) {
        // Short of descriptors, perhaps: others are closed meanwhile.
        asio::steady_timer pause(context_, std::chrono::milliseconds(10));
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      if (sessions_ >= options_.connections) continue;
      ++sessions_;
      asio::co_spawn(context_, session(std::move(socket)), [this](const std::exception_ptr&) {
        if (--sessions_ == 0 && stopping_) farewell_.cancel();
      });
    }
  }

  asio::awaitable<void> session(tcp::socket socket) {
    error_code error;
    socket.set_option(tcp::no_delay(true), error);
    beast::tcp_stream stream(std::move(socket));
    beast::flat_buffer buffer;
    while (!stopping_ && co_await one_request(stream, buffer)) {
    }
    stream.socket().shutdown(tcp::socket::shutdown_both, error);
  }

  // Returns whether the connection stays open.
  asio::awaitable<bool> one_request(beast::tcp_stream& stream, beast::flat_buffer& buffer) {
    Parser parser;
    parser.body_limit(options_.body_limit);
    parser.header_limit(kHeaderLimit);
    error_code error;
    idle_.insert(&stream);
    stream.expires_after(options_.timeout);
    co_await http::async_read_header(stream, buffer, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    idle_.erase(&stream);
    // Nothing of a request, or not all of its header, has come: nobody to answer.
    if (error && !is_wrong(error)) co_return false;
    if (!error) error = too_large(parser, options_.body_limit);
    if (!error && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      http::response<http::empty_body> go{http::status::continue_, 11};
      co_await http::async_write(stream, go, asio::redirect_error(asio::use_awaitable, error));
    }
    if (!error) {
      // Not the stream's own limit, which closes the socket, so that nothing could be answered.
      stream.expires_never();
      const auto limit = std::make_shared<BodyLimit>(context_, stream);
      limit->start(limit, options_.timeout);
      co_await http::async_read(stream, buffer, parser,
                                asio::redirect_error(asio::use_awaitable, error));
      if (limit->end()) error = beast::error::timeout;
    }
    if (error) co_return co_await refuse(stream, error);
    const unsigned version = parser.get().version();
    const bool head = parser.get().method() == http::verb::head;
    const bool keep = parser.get().keep_alive();
    HttpReply reply = co_await ask(handler_, request_of(parser.release()));
    co_return co_await write(stream,
                             response_of(std::move(reply), version, head, keep && !stopping_));
  }

  asio::awaitable<bool> refuse(beast::tcp_stream& stream, error_code why) {
    std::optional<HttpReply> reply = refusal_of(why, options_.body_limit);
    if (reply) co_await write(stream, response_of(std::move(*reply), 11, false, false));
    co_return false;
  }

  asio::awaitable<bool> write(beast::tcp_stream& stream, Response response) {
    error_code error;
    stream.expires_after(options_.timeout);
    co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
    co_return !error && response.keep_alive();
  }

  const HttpServerOptions options_;
  const Handler handler_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer farewell_;
  std::uint16_t port_ = 0;
  std::thread thread_;
  // On the server's thread alone.
  bool stopping_ = false;
  std::size_t sessions_ = 0;
  std::set<beast::tcp_stream*> idle_;  // that wait for a request
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options,
                                                      Handler handler) {
  auto server = std::make_unique<Server>(options, std::move(handler));
  if (const Status listens = server->listen(); !listens)
    return tl::unexpected<Error>(listens.error());
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace soliton
