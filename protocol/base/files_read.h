// The files something was made from, each as it was when it was opened: what tells later whether it
// would be made from the same again.
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

// Differs when a file was changed or replaced, as far as the file system tells.
struct FileStamp {
  std::uint64_t device = 0, inode = 0;
  std::int64_t size = 0, modified_ns = 0, changed_ns = 0;
  bool operator==(const FileStamp&) const = default;
};
// Of what `path` leads to now; unset when it leads nowhere or not to a regular file.
std::optional<FileStamp> stamp_of(const std::string& path);
std::optional<FileStamp> stamp_of(int descriptor);

class FilesRead {
 public:
  struct File {
    std::string path;  // as it was opened
    std::optional<FileStamp> stamp;
  };

  // Call before the file is opened, so that a change while it is read is noticed. A path counts
  // once, as it was the first time.
  void note(const std::string& path);
  // The same of a file that is open already.
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
