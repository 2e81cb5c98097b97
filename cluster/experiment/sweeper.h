// Decides what is played when: points in their order, side by side where that is possible. Private to
// cluster/experiment.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/experiment/sweep.h"
#include "cluster/experiment/sweep_points.h"

namespace soliton {

// A point of the experiment, which gets the overrides of the command line behind its own.
SweepPoint sweep_point(ExperimentPoint& point, const Overrides& more);

class Sweeper {
 public:
  Sweeper(Sweep& sweep, const Experiment& experiment, const PointRunner& runner,
          const SweepOptions& options, SweepPoints points);
  // Those of a part alone, if the options name one.
  void run();
  // Plays nothing: takes what parts have left.
  void collect();

 private:
  using Place = SweepPoints::Place;
  using Ready = SweepPoints::Ready;

  bool has_ended() const { return sweep_.not_written || sweep_.interrupted; }
  std::vector<Place> places() const;
  void one_point(Place place);
  void play(Ready ready, bool beside);
  void play_later();
  bool is_beside_others(const Ready& ready) const;
  // Alone: when nothing else runs.
  bool has_room(bool beside) const { return beside && options_.workers->has_room(); }
  void start(Ready ready);
  Checked<PointOutcome> run_here(const ClusterSpec& spec);
  void take();
  // Once results cannot be written, what still runs is left to itself.
  void drain();
  void finish(const Ready& ready, const Checked<PointOutcome>& outcome);
  void search(std::size_t s);
  // Its points, one for each seed; returns the first.
  std::size_t add_value(std::size_t s, const FindSpec& find, std::int64_t value);
  void say(Place place);

  Sweep& sweep_;
  const Experiment& experiment_;
  const PointRunner& runner_;
  const SweepOptions& options_;
  SweepPoints points_;
  std::map<std::size_t, Ready> pending_;  // with workers
  std::vector<Place> later_;              // that other processes had when they were due
  std::size_t started_ = 0;
  SweepProgress now_;
};

}  // namespace soliton
