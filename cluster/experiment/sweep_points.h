// What becomes of each point of a sweep: whether an earlier one is kept, what is stored of a new one, and
// whether it failed. Private to cluster/experiment.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "cluster/experiment/sweep.h"

namespace soliton {

// The keys that are set, each with what stands last for it.
Scalars settings(const ExperimentPoint& point, const Overrides& more);

class SweepPoints {
 public:
  struct Place {
    std::size_t series = 0, point = 0;
  };
  // A point that is to be run.
  struct Ready {
    Place place;
    std::string folder;
    Checked<ClusterSpec> spec;
    std::optional<std::string> identity;
  };

  SweepPoints(Sweep& sweep, const Experiment& experiment, const SweepOptions& options,
              const FolderLock& lock, PointStore store)
      : sweep_(sweep),
        experiment_(experiment),
        options_(options),
        lock_(lock),
        store_(std::move(store)),
        folders_(options.folder) {}

  // nullopt: an earlier one is kept.
  std::optional<Ready> look(Place place);
  // Removes what an earlier run has left of the point. kNotWritten.
  Status begin(const Ready& ready);
  // Takes what came of it and stores it. kNotWritten: no further results could be stored.
  Status end(const Ready& ready, const Checked<PointOutcome>& outcome);

  // Of a search, whose points may fail: what fails then is no failure of the sweep.
  void set_searching(bool searching) { searching_ = searching; }
  bool must_stop() const { return sweep_.interrupted || (options_.stop && options_.stop()); }
  // For a point that is there although its results could not be stored.
  void stop_for(Place place, const Error& why);

 private:
  SweepPoint& point_at(Place place) { return sweep_.series[place.series].points[place.point]; }
  std::string folder_of_point(Place place);
  std::string short_name(const std::string& folder) const;
  Status store(const Ready& ready, const std::optional<PointRecord>& record);
  std::optional<PointRecord> record_of(const Ready& ready, const PointOutcome& outcome,
                                       std::string digest);
  Status fail(SweepPoint& point, const Diagnostics& why);
  void end_early(SweepPoint& point, ErrorCode code, const std::string& why);
  void judge(SweepPoint& point);
  void set_error(SweepPoint& point, std::string why, std::optional<ErrorCode> code);

  Sweep& sweep_;
  const Experiment& experiment_;
  const SweepOptions& options_;
  const FolderLock& lock_;
  PointStore store_;
  PointFolders folders_;
  FileDigests digests_;
  bool searching_ = false;
};

}  // namespace soliton
