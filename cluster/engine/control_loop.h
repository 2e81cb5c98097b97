// The controller's event loop: signals, descriptors and timers, on a thread of its own.
//
// It lives as long as the command. It serves everything that must continue while a run computes,
// waits for a node or writes: the orderly end, the nodes' reports, the watch over nodes, growing
// results. Handlers run on the loop's thread, one at a time, and must not block.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

namespace soliton {

// Exit status for a signal: 130 for INT, 143 for TERM and HUP.
int signal_status(int number);

class ControlLoop {
 public:
  using Milliseconds = std::chrono::milliseconds;

  // Blocks INT, TERM, HUP and CHLD in the calling thread and in threads it starts later, so that
  // the loop receives them. HUP stays ignored if it was (nohup). REQUIRES: no other thread exists
  // yet.
  ControlLoop();
  // Ends the thread. REQUIRES: everything that uses the loop has been destroyed.
  ~ControlLoop();
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  boost::asio::io_context& context() { return context_; }
  // Runs `task` on the loop's thread and returns when it has finished; handlers that were ready
  // earlier have run by then. REQUIRES: not called on the loop's thread.
  void call(std::function<void()> task);

  // From this call on INT, TERM or HUP ask for an orderly end; before, a signal ends the program at
  // once, because there are no results to keep. `timeout`, terminals and schedulers send several
  // signals in quick succession, to the process and to its group, so all within one second count as
  // one. A later one ends the program at once.
  void keep_results() { keeping_ = true; }
  // Number of the signal that asked for the end; 0: none.
  const std::atomic<int>& signal() const { return signal_; }

  // Time for which this process has run, in steps of 50 ms. Time while it is stopped (Ctrl-Z) or
  // the machine sleeps does not count.
  Milliseconds running_time() const { return Milliseconds(running_ms_.load()); }

  // Whether take_due() would return true. Any number of threads may ask.
  bool is_due() const { return due_.load(std::memory_order_relaxed); }
  // True once per tick (50 ms), for a thread that would otherwise read the clock too often.
  bool take_due() {
    return due_.load(std::memory_order_relaxed) && due_.exchange(false, std::memory_order_relaxed);
  }

  // Calls `task` every `period` until the object is destroyed.
  class Repeating {
   public:
    Repeating(ControlLoop& loop, Milliseconds period, std::function<void()> task);
    ~Repeating();
    Repeating(const Repeating&) = delete;
    Repeating& operator=(const Repeating&) = delete;

   private:
    struct State;
    ControlLoop& loop_;
    std::shared_ptr<State> state_;
  };

 private:
  void await_signal();
  void on_signal(int number);
  void tick();

  boost::asio::io_context context_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer ticker_;
  std::chrono::steady_clock::time_point ticked_;
  std::atomic<std::int64_t> running_ms_{0};
  std::atomic<int> signal_{0};
  std::atomic<bool> keeping_{false};
  std::atomic<bool> due_{false};
  std::chrono::steady_clock::time_point asked_at_;  // loop's thread only
  std::thread thread_;
};

}  // namespace soliton
