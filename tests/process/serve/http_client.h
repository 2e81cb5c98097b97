// A client of HTTP on a connection that stays open, and a program that serves.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tests/process/cluster/program.h"

namespace soliton {

struct HttpAnswer {
  int status = 0;
  std::string head, body;
  nlohmann::json json() const { return nlohmann::json::parse(body); }
};

class HttpClient {
 public:
  explicit HttpClient(int port);
  ~HttpClient();
  HttpClient(HttpClient&& other) noexcept;
  HttpClient& operator=(HttpClient&&) = delete;

  HttpAnswer get(const std::string& target, const std::string& headers = "");
  HttpAnswer post(const std::string& target, const std::string& body,
                  const std::string& headers = "");
  // The two halves of post().
  void send(const std::string& target, const std::string& body, const std::string& headers = "");
  HttpAnswer receive();

 private:
  int fd_;
  std::string rest_;
};

// `soliton serve ARGUMENTS…` on a free port.
class Served {
 public:
  explicit Served(std::vector<std::string> arguments);
  ~Served();
  int port() const { return port_; }
  pid_t pid() const { return pid_; }
  // Sends TERM, and returns the status and all that was printed.
  Ended end();

 private:
  pid_t pid_ = -1;
  int err_ = -1;
  int port_ = 0;
  std::string said_;
};

}  // namespace soliton
