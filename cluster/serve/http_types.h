// A request and a reply of HTTP as values, whoever carries them.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace soliton {

struct HttpRequest {
  std::string method;  // "POST"
  std::string target;  // "/v2/health/live?x"
  // Headers that answers depend on; "": not sent.
  std::string authorization, content_encoding, json_length;
  std::string body;
};

struct HttpReply {
  int status = 200;
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};  // further ones
  std::string body = {};
};

// Takes a reply. May be called from any thread, once.
using HttpDone = std::function<void(HttpReply reply)>;

// {"error": ...}
HttpReply http_error(int status, const std::string& text);

}  // namespace soliton
