// A server of HTTP/1.1 on one thread of its own. It reads whole requests within limits, hands them over,
// and writes the replies; what they mean is its handler's business.
//
//   Result<std::unique_ptr<HttpServer>> server = HttpServer::start({.port = 8000}, handler);
//   (*server)->stop();   // answers what is under way, and ends
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cluster/serve/http_types.h"
#include "protocol/base/result.h"

namespace soliton {

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  std::uint64_t body_limit = 16 << 20;
  // For a request to arrive, and for which an idle connection stays open.
  std::chrono::milliseconds timeout{30'000};
  std::size_t connections = 1024;  // at once; others are closed at once
};

class HttpServer {
 public:
  // Called on the server's thread; may answer at once or later, from any thread.
  using Handler = std::function<void(HttpRequest request, HttpDone done)>;

  // kEnvironment: it cannot listen there.
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options,
                                                   Handler handler);
  // As stop().
  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
  // Takes no more connections or requests, waits until those under way have their replies, and ends.
  // REQUIRES: every request that was handed over is answered.
  virtual void stop() = 0;
};

}  // namespace soliton
