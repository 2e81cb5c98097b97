// The folder of one run (docs/results.md): creates it, locks it, and writes it file by file, so
// that it never holds a partial file.
//
//   Result<RunFolder> folder =
//       RunFolder::open({.name = "quickstart", .stamp = run_stamp(std::time(nullptr))});
//   Status s = folder->write("results.json", results_json(results));
//
// It works through the descriptor of the locked folder. If that folder is renamed, or replaced at
// its path by another or by a symbolic link, it still gets all files and the replacement none. If
// it is removed, writes fail with kNotWritten.
#pragma once

#include <chrono>
#include <ctime>
#include <string>
#include <string_view>

#include "cluster/results/file_io.h"
#include "cluster/results/folder_lock.h"
#include "cluster/results/growing_file.h"
#include "cluster/results/write_file.h"
#include "protocol/base/result.h"

namespace soliton {

struct RunFolderOptions {
  std::string name;   // of the cluster; characters not allowed in file names become '-'
  std::string stamp;  // "20261122-071204"
  std::string out;    // --out: exactly this folder; "": BASE/NAME-STAMP
  std::string base = "runs";
  std::chrono::milliseconds patience = kLockPatience;
};

class RunFolder {
 public:
  // Creates BASE/NAME-STAMP (with "-2", "-3" … appended if it exists), or `out` with its parents.
  // An existing `out` is used if it is empty, or a run folder whose owner has ended; the old run's
  // files are removed. Errors: kInvalid if `out` holds other files; kNotWritten if it is in use by
  // another run or cannot be created.
  static Result<RunFolder> open(const RunFolderOptions& options);

  // path() is the path as given; current_path() is where the folder is now, which differs after a
  // rename.
  const std::string& path() const { return path_; }
  std::string current_path() const;

  // Replaces the whole file "NAME" or "log/NODE.log" atomically, after checking the lock.
  // kNotWritten.
  Status write(const std::string& name, std::string_view content,
               const WriteOptions& options = {}) const;
  // Creates an empty file, replacing an existing one. kNotWritten.
  Result<GrowingFile> grow(const std::string& name) const;

  // Opens log/NODE.log for appending. kNotWritten; kEnvironment if no descriptor is left.
  Result<FileHandle> open_log(const std::string& node) const;
  // The last lines of log/NODE.log, each after "\n    "; "" if there are none. Reads at most 64
  // KiB.
  std::string last_log_lines(const std::string& node, std::size_t lines) const;

  // Call once a second to keep the folder. kNotWritten: the folder was lost, and to whom.
  Status renew();

 private:
  RunFolder(std::string path, FileHandle folder, FolderLock lock, FileHandle log)
      : path_(std::move(path)),
        folder_(std::move(folder)),
        lock_(std::move(lock)),
        log_(std::move(log)) {}
  FilePlace place_of(const std::string& name) const;
  // The error of check() if the folder was lost, which explains any failure to write, else `error`.
  tl::unexpected<Error> because(Error error) const;

  std::string path_;
  FileHandle folder_;
  FolderLock lock_;
  FileHandle log_;
};

// Local time as YYYYMMDD-HHMMSS.
std::string run_stamp(std::time_t now);

// Creates `path` and its parents; kNotWritten.
Status make_folders(const std::string& path);

}  // namespace soliton
