// Points side by side, each in a process of its own.
//
// The processes are made before the program has threads, and each plays one point after the other: a
// cluster file with overrides goes in, a line of JSON comes out. One that dies costs the point that it
// played and is not replaced.
//
//   PointWorkers workers(4, [](const std::string& cluster, const Overrides& set) { return ...; });
//   ControlLoop loop;  // threads from here on
//   workers.start(7, "base.yaml", {"seed=3"});
//   std::optional<PointWorkers::Ended> ended = workers.take(stop);
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/experiment/point_outcome.h"

namespace soliton {

class PointWorkers {
 public:
  using Play =
      std::function<Checked<PointOutcome>(const std::string& cluster, const Overrides& overrides)>;
  struct Ended {
    std::size_t number = 0;
    Checked<PointOutcome> outcome;
  };

  // Makes up to `count` processes; fewer, or none, if the machine has no more. REQUIRES: there is no
  // other thread. `in_worker` is called once in each process, before its first point; what it returns
  // lives as long as the process.
  PointWorkers(std::size_t count, const std::function<Play()>& in_worker);
  // Kills those that still run.
  ~PointWorkers();
  PointWorkers(const PointWorkers&) = delete;
  PointWorkers& operator=(const PointWorkers&) = delete;

  // How many live.
  std::size_t size() const { return workers_.size(); }
  std::size_t running() const;
  // Whether one more point may run now: a process is idle, and memory is left for one as large as the
  // largest so far.
  bool has_room() const;
  // REQUIRES: has_room(), or nothing runs and size() > 0.
  void start(std::size_t number, const std::string& cluster, const Overrides& overrides);
  // Waits for any point to end. `signal` is asked several times a second; what it returns, if not 0, is
  // sent once to those that run, so that they end early with what they have. REQUIRES: running() > 0.
  Ended take(const std::function<int()>& signal);

 private:
  struct Worker {
    pid_t pid = -1;
    int socket = -1;
    std::optional<std::size_t> number;  // the point it plays
    std::string text;                   // received of its line
    bool told = false;                  // to end early
  };

  bool add(const std::function<Play()>& in_worker);
  std::optional<Ended> receive(Worker& worker);
  Ended bury(Worker& worker);

  std::vector<Worker> workers_;
  std::size_t largest_bytes_ = 0;  // of a process so far
};

}  // namespace soliton
