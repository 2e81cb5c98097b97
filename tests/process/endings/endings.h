// Runs that are ended from outside, and what their folders must hold afterwards.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/process/cluster/program.h"

namespace soliton {

// The three ways to run.
inline constexpr const char* kModes[] = {"per-node", "packed", "wall"};

// Words of `soliton run` for the quickstart with a million requests into `folder`, in one of them.
std::vector<std::string> long_run(const std::string& mode, const std::string& folder);

// A run whose results no one can have waited for: valid, marked as not complete, and consistent: at
// least as many requests sent as answered, nothing negative, a row for each answer.
void expect_valid_and_marked(const std::string& folder);
// The same, but results.json may be up to a second behind requests.csv.
void expect_valid_up_to_the_last_second(const std::string& folder);
// Every line of the file is whole: as many cells as the head, and an end.
std::vector<std::string> whole_lines(const std::string& path);

// Node processes that were started by `controller` and still run.
std::vector<pid_t> nodes_left(pid_t controller);
// Waits at most a second for there to be none.
bool none_left(pid_t controller);

// Waits until the run has answered something, as its folder says.
bool wait_for_answers(const std::string& folder);

// A program in a session of its own: `signal_group` reaches it and what it started.
class Session {
 public:
  struct Streams {
    int out = -1, err = -1;  // -1: nowhere
  };
  // `words` start with the program, looked up in PATH.
  Session(const std::vector<std::string>& words, Streams streams);
  explicit Session(const std::vector<std::string>& words) : Session(words, Streams{}) {}
  // On a pseudo terminal of its own.
  struct Terminal {};
  Session(const std::vector<std::string>& words, Terminal);
  ~Session();
  pid_t pid() const { return pid_; }
  void signal(int number) const;
  void signal_group(int number) const;
  // Closes the terminal, as a window does.
  void hang_up();
  // Exit status, or 128 + signal; -1: it still runs after `seconds`.
  int wait(double seconds);

 private:
  pid_t pid_ = -1;
  int terminal_ = -1;
};

// The path of the program under test.
std::string soliton_program();

}  // namespace soliton
