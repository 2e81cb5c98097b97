#include "cluster/experiment/point_keeping.h"

#include <fcntl.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "cluster/experiment/stored_outcome.h"
#include "cluster/results/run_folder.h"

namespace soliton {
namespace {

// Another process may be in the middle of its point: no time to wait for it here.
constexpr std::chrono::milliseconds kNoPatience{0};

bool has_lock(const std::string& folder) {
  std::error_code error;
  return std::filesystem::exists(folder + "/lock", error);
}

class Database : public PointKeeping {
 public:
  Database(PointStore store, const FolderLock& lock, std::string folder)
      : store_(std::move(store)), lock_(lock), folder_(std::move(folder)) {}

  // What parts have left counts like what this process has stored.
  std::optional<PointRecord> find(const std::string& point) const override {
    if (std::optional<PointRecord> known = store_.find(point)) return known;
    std::optional<StoredOutcome> left = read_outcome(folder_ + "/" + point);
    return left ? std::move(left->record) : std::nullopt;
  }
  // Parts do not hold the folder's lock, but those of their points.
  Result<bool> claim(const std::string& point) override {
    const std::string folder = folder_ + "/" + point;
    if (!has_lock(folder)) return true;
    const Result<FolderLock> lease = FolderLock::take(folder);
    if (!lease) return tl::unexpected<Error>(lease.error());
    return true;
  }
  void release(const std::string&) override {}
  Status check(const std::string&) const override { return lock_.check(); }
  Status forget(const std::string& point) override {
    if (const Status gone = remove_outcome(folder_ + "/" + point); !gone) return gone;
    return store_.forget(point);
  }
  Status put(const StoredPoint& point, const std::optional<std::string>&,
             const Checked<PointOutcome>*) override {
    return store_.put(point);
  }
  bool lacks(const std::string& point) const override { return !store_.find(point); }

 private:
  PointStore store_;
  const FolderLock& lock_;
  std::string folder_;
};

class BesidePoints : public PointKeeping {
 public:
  BesidePoints(std::string folder, KeepLease keep_lease)
      : folder_(std::move(folder)), keep_lease_(std::move(keep_lease)) {}

  std::optional<PointRecord> find(const std::string& point) const override {
    std::optional<StoredOutcome> left = read_outcome(folder_ + "/" + point);
    return left ? std::move(left->record) : std::nullopt;
  }

  Result<bool> claim(const std::string& point) override {
    const std::string folder = folder_ + "/" + point;
    if (const Status made = make_folders(folder); !made) return tl::unexpected<Error>(made.error());
    Result<FolderLock> lock = FolderLock::take(folder, kNoPatience);
    if (!lock) {
      const FileHandle opened = open_folder(folder);
      if (opened && read_lock(opened.get())) return false;
      return tl::unexpected<Error>(lock.error());
    }
    Lease& lease = leases_[point];
    lease.lock = std::make_unique<FolderLock>(std::move(*lock));
    if (keep_lease_) lease.keeper = keep_lease_(*lease.lock);
    return true;
  }
  void release(const std::string& point) override { leases_.erase(point); }
  Status check(const std::string& point) const override { return leases_.at(point).lock->check(); }
  Status forget(const std::string& point) override { return remove_outcome(folder_ + "/" + point); }
  // A point that was told to stop is missing, not failed.
  Status put(const StoredPoint& point, const std::optional<std::string>& identity,
             const Checked<PointOutcome>* outcome) override {
    if (outcome == nullptr || point.state == "interrupted") return {};
    return write_outcome(folder_ + "/" + point.point,
                         {identity.value_or(""), point.record, *outcome});
  }
  bool lacks(const std::string&) const override { return false; }

 private:
  struct Lease {
    std::unique_ptr<FolderLock> lock;
    std::shared_ptr<void> keeper;  // ends before the lock does
  };

  std::string folder_;
  KeepLease keep_lease_;
  std::map<std::string, Lease> leases_;
};

}  // namespace

std::unique_ptr<PointKeeping> keep_in_database(PointStore store, const FolderLock& lock,
                                               std::string folder) {
  return std::make_unique<Database>(std::move(store), lock, std::move(folder));
}

std::unique_ptr<PointKeeping> keep_beside_points(std::string folder, KeepLease keep_lease) {
  return std::make_unique<BesidePoints>(std::move(folder), std::move(keep_lease));
}

}  // namespace soliton
