// A child process that cannot outlive this one: it inherits only the descriptors given to it and is
// identified by a pidfd, never by name.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

// An owned file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();
  void reset();

 private:
  int fd_ = -1;
};

// How a child ended.
struct ProcessEnd {
  bool by_signal = false;
  int status = 0;            // exit status or signal number
  std::string text() const;  // "signal 9 (Killed)", "status 70"
};

class ChildProcess {
 public:
  // Runs `program` with `arguments`. `inherited[i]` becomes descriptor 3 + i; `log` becomes
  // standard error (and output); everything else is closed. `environment` is all of its own. INT,
  // TERM and HUP are blocked in it until it handles them. Call from a thread that lives as long as
  // the child: the parent-death signal is sent when the forking thread ends.
  static Result<ChildProcess> start(const std::string& program,
                                    const std::vector<std::string>& arguments,
                                    const std::vector<int>& inherited, int log,
                                    const std::vector<std::string>& environment);
  ChildProcess(ChildProcess&&) = default;
  ChildProcess& operator=(ChildProcess&&) = default;
  // Kills and reaps what is still running.
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  // Readable when the process has ended.
  int pidfd() const { return pidfd_.get(); }
  void signal(int number) const;
  // Reaps without waiting.
  std::optional<ProcessEnd> poll();
  // Waits at most `milliseconds`.
  std::optional<ProcessEnd> wait(int milliseconds);

 private:
  ChildProcess(pid_t pid, Descriptor pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  pid_t pid_ = -1;
  Descriptor pidfd_;
  std::optional<ProcessEnd> end_;
};

// The environment of this process, "NAME=value" each: whole, or what a node is given of it: how it
// logs and is debugged, and where its libraries are.
std::vector<std::string> own_environment();
std::vector<std::string> node_environment();

// Two connected stream sockets, close-on-exec.
Result<std::pair<Descriptor, Descriptor>> socket_pair();

}  // namespace soliton
