// The controller's loop: signals, descriptors and timers in one place, on a thread of its own.
//
// It lives as long as the command. Everything that must go on while a run computes, waits for a
// node or writes hangs on it: the orderly end, the nodes' reports, the watch over them, results as
// they grow. Handlers run on the loop's thread, one at a time, and must not block.
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

// 130 for INT, 143 for TERM and HUP.
int signal_status(int number);

class ControlLoop {
 public:
  using Milliseconds = std::chrono::milliseconds;

  // Blocks INT, TERM, HUP and CHLD in the calling thread and those it starts later, so that they
  // come here. HUP stays ignored where it was (nohup). Make it before other threads.
  ControlLoop();
  // Ends the thread. Whatever hangs on the loop must be gone.
  ~ControlLoop();
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  boost::asio::io_context& context() { return context_; }
  // Runs `task` on the loop's thread and returns when it is done; handlers that were ready before
  // have run by then. REQUIRES: not called on the loop's thread.
  void call(std::function<void()> task);

  // Until this is called a signal ends the program at once: there is nothing to keep. From then on
  // INT, TERM or HUP ask for an orderly end. `timeout`, a terminal and a scheduler send several of
  // them within moments, to one process and to its group: all within a second are one. A further
  // one after that ends the program at once.
  void keep_results() { keeping_ = true; }
  // Number of the signal that asked for the end; 0: none.
  const std::atomic<int>& signal() const { return signal_; }

  // Time in which this process itself ran: what passes while it is stopped (Ctrl-Z) or the machine
  // sleeps does not count. Steps of 50 ms.
  Milliseconds running_time() const { return Milliseconds(running_ms_.load()); }

  // True once a tick, for a thread that would otherwise ask the clock too often.
  bool take_due() {
    return due_.load(std::memory_order_relaxed) && due_.exchange(false, std::memory_order_relaxed);
  }

  // Calls `task` every `period`, until the object is gone.
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
