// sweep.db, the record of a sweep's points: a row for each, written as soon as it ends (SQLite;
// docs/experiments.md has the columns). No other file of the program knows SQLite.
//
//   Result<PointStore> store = PointStore::open("runs/x");
//   std::optional<PointRecord> known = store->find("points/rows-2");
//
// For one thread. The caller holds the folder's lock.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cluster/experiment/identity.h"
#include "protocol/base/result.h"

struct sqlite3;

namespace soliton {

struct StoredPoint {
  std::string point;  // its folder, as seen from that of the sweep
  std::string series, x;
  std::optional<std::uint64_t> seed;
  std::string state;  // "done", "failed", "interrupted"
  std::string error;
  std::optional<PointRecord> record;  // unset: the point is to be run again
  std::string set, results;           // JSON objects of scalars
};

class PointStore {
 public:
  static constexpr int kVersion = 1;

  // Opens or makes `folder`/sweep.db. Errors: kInvalid if the file is not a sweep's, or of another
  // version; kNotWritten.
  static Result<PointStore> open(const std::string& folder);
  ~PointStore();
  PointStore(PointStore&&) noexcept;
  PointStore& operator=(PointStore&&) = delete;

  // What a point was made from, unless it is to be run again.
  std::optional<PointRecord> find(const std::string& point) const;
  // Writes the row of a point in place of an earlier one; on disk when the call returns. kNotWritten.
  Status put(const StoredPoint& point);
  Status forget(const std::string& point);

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  using Handle = std::unique_ptr<sqlite3, Close>;

  PointStore(Handle db, std::string path);
  Status run(const char* sql);
  tl::unexpected<Error> failed(const char* what) const;
  Status make_tables();
  Result<int> number(const char* pragma) const;

  Handle db_;
  std::string path_;
};

}  // namespace soliton
