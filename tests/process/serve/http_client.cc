#include "tests/process/serve/http_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <utility>

namespace soliton {
namespace {

constexpr const char* kProgram = SOLITON_BINARY_DIR "/bin/soliton";

}  // namespace

HttpClient::HttpClient(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error("connect");
}

HttpClient::~HttpClient() {
  if (fd_ >= 0) close(fd_);
}

HttpClient::HttpClient(HttpClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), rest_(std::move(other.rest_)) {}

HttpAnswer HttpClient::get(const std::string& target, const std::string& headers) {
  const std::string text = "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
  static_cast<void>(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL));
  return receive();
}

HttpAnswer HttpClient::post(const std::string& target, const std::string& body,
                            const std::string& headers) {
  send(target, body, headers);
  return receive();
}

void HttpClient::send(const std::string& target, const std::string& body,
                      const std::string& headers) {
  const std::string text =
      "POST " + target + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n" + headers + "\r\n" + body;
  static_cast<void>(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL));
}

HttpAnswer HttpClient::receive() {
  HttpAnswer out;
  std::size_t head = std::string::npos, length = 0;
  while (head == std::string::npos || rest_.size() < head + length) {
    char block[16'384];
    const ssize_t got = read(fd_, block, sizeof block);
    if (got <= 0) return out;
    rest_.append(block, static_cast<std::size_t>(got));
    if (head != std::string::npos || rest_.find("\r\n\r\n") == std::string::npos) continue;
    head = rest_.find("\r\n\r\n") + 4;
    const std::size_t at = rest_.find("Content-Length: ");
    if (at < head) length = std::stoul(rest_.substr(at + 16));
  }
  out.head = rest_.substr(0, head);
  out.body = rest_.substr(head, length);
  out.status = std::stoi(out.head.substr(9, 3));
  rest_.erase(0, head + length);
  return out;
}

Served::Served(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {kProgram, "serve"});
  arguments.insert(arguments.end(), {"--set", "serve.listen=127.0.0.1:0"});
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  pid_ = fork();
  if (pid_ == 0) {
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    const int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, 0);
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    if (chdir(SOLITON_SOURCE_DIR) == 0) execv(kProgram, words.data());
    _exit(127);
  }
  close(ends[1]);
  err_ = ends[0];
  const std::string before = " on http://127.0.0.1:";
  while (true) {
    const std::size_t at = said_.find(before);
    if (at != std::string::npos && said_.find('/', at + before.size()) != std::string::npos) {
      port_ = std::stoi(said_.substr(at + before.size()));
      return;
    }
    char block[4096];
    const ssize_t got = read(err_, block, sizeof block);
    if (got <= 0) return;
    said_.append(block, static_cast<std::size_t>(got));
  }
}

Served::~Served() {
  if (pid_ >= 0) {
    kill(pid_, SIGKILL);
    end();
  }
}

Ended Served::end() {
  kill(pid_, SIGTERM);
  char block[4096];
  for (ssize_t got = 1; got > 0;) {
    got = read(err_, block, sizeof block);
    if (got > 0) said_.append(block, static_cast<std::size_t>(got));
  }
  close(err_);
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), said_, said_};
}

}  // namespace soliton
