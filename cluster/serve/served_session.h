// The requests of a server's clients on their way into a run, and their answers on the way back; and all
// that is needed to play the session again. Any thread may submit; the thread that runs the cluster takes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "node/cpu/request_source.h"

namespace soliton {

class ServedSession : public RequestSource {
 public:
  // Gets the record of its request; null: the cluster broke before it was answered.
  using Done = std::function<void(const HostRecord* record)>;
  enum class Submitted { kYes, kFull, kOver };
  // Longest session: all of its inputs are kept for the record.
  static constexpr std::uint64_t kBytesMost = std::uint64_t{4} << 30;

  explicit ServedSession(std::size_t queue) : queue_(queue) {}

  // kFull: as many requests are open as may be.
  Submitted submit(std::vector<ir::Array> inputs, Done done);
  // No more are taken but those that were submitted.
  void close();
  // All that are open get no answer.
  void give_up();
  std::size_t open() const;
  bool is_closed() const;

  bool take(Instant now, bool wait) override;
  bool is_over() const override;
  const std::vector<ir::Array>& inputs(std::uint32_t request) const override {
    return taken_[request];
  }
  void answer(const HostRecord& record) override;

  // Of all requests that were taken, by number. REQUIRES: the run has ended.
  const std::deque<std::vector<ir::Array>>& all_inputs() const { return taken_; }
  const std::vector<Instant>& arrivals() const { return arrivals_; }
  // Of emulated time, until after the last answer.
  Duration length() const { return last_ - kRunStart + milliseconds(1000); }

 private:
  struct Job {
    std::vector<ir::Array> inputs;
    Done done;
  };

  const std::size_t queue_;
  mutable std::mutex mutex_;  // guards what follows, to the empty line
  std::condition_variable changed_;
  std::deque<Job> waiting_;
  std::size_t open_ = 0;  // waiting, or taken and not answered
  std::uint64_t bytes_ = 0;
  bool closed_ = false;

  std::deque<std::vector<ir::Array>> taken_;  // by number
  std::vector<Instant> arrivals_;
  Instant last_ = kRunStart;  // answer
  std::vector<Done> dones_;   // empty once called
};

}  // namespace soliton
