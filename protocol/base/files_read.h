// The files from which something was made, each with its state when it was opened, so that a later
// check can tell whether any of them has changed.
//
//   FilesRead files;
//   files.note(path);  // before it is opened
//   Result<std::string> text = read(path);
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace soliton {

// Identifies the state of a file: differs after the file was changed or replaced, as far as the
// file system can tell.
struct FileStamp {
  std::uint64_t device = 0, inode = 0;
  std::int64_t size = 0, modified_ns = 0, changed_ns = 0;
  bool operator==(const FileStamp&) const = default;
};
// The stamp of the file at `path` now; nullopt if it is not a regular file.
std::optional<FileStamp> stamp_of(const std::string& path);
std::optional<FileStamp> stamp_of(int descriptor);

class FilesRead {
 public:
  struct File {
    std::string path;  // as it was opened
    std::optional<FileStamp> stamp;
  };

  // Call before the file is opened, so that a change while it is read is noticed. A path is
  // recorded once, with its first state.
  void note(const std::string& path);
  // The same for a file that is already open.
  void note(const std::string& path, int descriptor);
  void add(const FilesRead& others);
  // In the order of the first opening.
  const std::vector<File>& files() const { return files_; }
  bool has(const std::string& path) const { return paths_.contains(path); }

 private:
  void insert(const File& file);

  std::vector<File> files_;
  std::set<std::string> paths_;
};

}  // namespace soliton
