// Runs that are ended from outside, and what their folders must contain afterwards.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/process/cluster/program.h"

namespace soliton {

// The three ways to run.
inline constexpr const char* kModes[] = {"per-node", "packed", "wall"};

// Arguments of `soliton run` for the quickstart with a million requests into `folder`, in one of
// these ways.
std::vector<std::string> long_run(const std::string& mode, const std::string& folder);

// Checks the results of a run that was cut short: valid, marked as incomplete, and consistent: at
// least as many requests sent as answered, nothing negative, a row for each answer.
void expect_valid_and_marked(const std::string& folder);
// The same, but results.json may be up to a second behind requests.csv.
void expect_valid_up_to_the_last_second(const std::string& folder);
// Checks that every line of the file is whole: as many cells as the header, and a line end.
std::vector<std::string> whole_lines(const std::string& path);

// Node processes that `controller` started and that still run.
std::vector<pid_t> nodes_left(pid_t controller);
// Waits at most a second until there are none.
bool none_left(pid_t controller);

// Waits until the run's folder shows an answered request.
bool wait_for_answers(const std::string& folder);

// A program in a session of its own: `signal_group` reaches it and the processes it started.
class Session {
 public:
  struct Streams {
    int out = -1, err = -1;  // -1: /dev/null
  };
  // `words` begin with the program, which is looked up in PATH.
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
