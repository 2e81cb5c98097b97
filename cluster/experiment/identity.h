// The identity of a sweep's point, derived from all its inputs: a point is kept exactly as long as
// running it again would give the same results.
//
// The inputs are the build of the programs, the cluster after all overrides with its defaults
// written out, and the content of every file that was opened for it. The files become known in two
// steps. Reading the cluster file, which is cheap and done every time, names its devices and
// topologies; the files of model and workload are learned when the point runs, and its record lists
// them. Paths are not part of the identity, so a project that was moved keeps its points.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/file/spec.h"

namespace soliton {

// SHA-256 of files; a file is read again only if it has changed.
class FileDigests {
 public:
  // nullopt if the file cannot be read or has changed since it was recorded, because then the
  // content that was used is unknown.
  std::optional<std::string> of(const FilesRead::File& file);

 private:
  struct Known {
    FileStamp stamp;
    std::string digest;
  };
  std::map<std::string, Known> known_;
};

// As 64 hexadecimal digits: `build`, the resolved cluster with its model and its data files by
// their content, and the files that reading it opened. nullopt if one of them cannot be read or has
// changed since, or the build is unknown ("").
std::optional<std::string> cluster_identity(const ClusterSpec& spec, const std::string& build,
                                            FileDigests& digests);

// A file that was opened when the point ran.
struct RecordedFile {
  std::string path;  // seen from the folder of the cluster file
  std::string sha256;
};

// What sweep.db keeps of a point to tell whether it would come out the same.
struct PointRecord {
  std::string cluster;  // cluster_identity()
  std::vector<RecordedFile> files;
  std::string results;  // SHA-256 of results.json
};
std::string record_text(const PointRecord& record);
// nullopt: not a record of this version.
std::optional<PointRecord> parse_record(const std::string& text);

// `files` without those that reading the cluster file opens anyway. nullopt as above.
std::optional<std::vector<RecordedFile>> record_files(const ClusterSpec& spec,
                                                      const std::vector<FilesRead::File>& files,
                                                      FileDigests& digests);
inline std::optional<std::vector<RecordedFile>> record_files(const ClusterSpec& spec,
                                                             const FilesRead& files,
                                                             FileDigests& digests) {
  return record_files(spec, files.files(), digests);
}
// Whether all `files` have the recorded content.
bool unchanged(const ClusterSpec& spec, const std::vector<RecordedFile>& files,
               FileDigests& digests);

}  // namespace soliton
