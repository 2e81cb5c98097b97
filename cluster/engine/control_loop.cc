#include "cluster/engine/control_loop.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <future>

#include "protocol/base/message.h"

namespace soliton {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = ControlLoop::Milliseconds;

constexpr Milliseconds kTick{50};
// A longer tick means that the process was stopped or the machine asleep.
constexpr Milliseconds kTickMost{200};
// Signals this close together count as one request to end.
constexpr Milliseconds kOneWish{1000};

Milliseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
}

bool is_ignored(int number) {
  struct sigaction action {};
  return sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// In the calling thread; threads it starts inherit the mask.
void mask_signals(int how) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set, number);
  pthread_sigmask(how, &set, nullptr);
}

// Ends without destructors, because other threads still run, and everything to be kept is in files.
[[noreturn]] void end_now(int number, std::string_view why) {
  message(why);
  _exit(signal_status(number));
}

}  // namespace

int signal_status(int number) { return number == SIGINT ? 130 : 143; }

ControlLoop::ControlLoop() : signals_(context_), ticker_(context_), ticked_(Clock::now()) {
  // Before any thread exists, so that all of them inherit the mask. Only the loop's thread takes
  // signals: no system call of another thread is interrupted by one.
  mask_signals(SIG_BLOCK);
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    if (number != SIGHUP || !is_ignored(number)) signals_.add(number);
  await_signal();
  tick();
  thread_ = std::thread([this] {
    mask_signals(SIG_UNBLOCK);
    // The loop goes on when it has nothing to wait for.
    const auto work = boost::asio::make_work_guard(context_);
    context_.run();
  });
}

ControlLoop::~ControlLoop() {
  context_.stop();
  thread_.join();
}

void ControlLoop::call(std::function<void()> task) {
  std::promise<void> done;
  // The references stay valid, as call() waits for the end of the task.
  boost::asio::post(context_, [&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

void ControlLoop::await_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    on_signal(number);
    await_signal();
  });
}

void ControlLoop::on_signal(int number) {
  // No results are to be kept yet.
  if (!keeping_) end_now(number, "interrupted before anything was measured\n");
  if (signal_ == 0) {
    signal_ = number;
    asked_at_ = Clock::now();
  } else if (since(asked_at_) >= kOneWish) {
    end_now(number,
            "ended at once by a further signal: the folder holds what was written until then\n");
  }
}

// A tick that comes late counts for kTickMost at most, so that limits of running time do not expire
// while the process is stopped.
void ControlLoop::tick() {
  running_ms_ += std::min(since(ticked_), kTickMost).count();
  ticked_ = Clock::now();
  due_ = true;
  ticker_.expires_after(kTick);
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

// Shared with the timer's handler, which may still be queued when the Repeating has gone.
struct ControlLoop::Repeating::State {
  boost::asio::steady_timer timer;
  Milliseconds period;
  std::function<void()> task;

  static void arm(const std::shared_ptr<State>& state) {
    state->timer.expires_after(state->period);
    state->timer.async_wait([state](const boost::system::error_code& error) {
      if (error || !state->task) return;
      state->task();
      arm(state);
    });
  }
};

ControlLoop::Repeating::Repeating(ControlLoop& loop, Milliseconds period,
                                  std::function<void()> task)
    : loop_(loop),
      state_(std::make_shared<State>(
          State{boost::asio::steady_timer(loop.context()), period, std::move(task)})) {
  boost::asio::post(loop.context(), [state = state_] { State::arm(state); });
}

// A handler that is already queued then finds no task.
ControlLoop::Repeating::~Repeating() {
  loop_.call([this] {
    state_->task = nullptr;
    state_->timer.cancel();
  });
}

}  // namespace soliton
