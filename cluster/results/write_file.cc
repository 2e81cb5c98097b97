#include "cluster/results/write_file.h"

#include <unistd.h>

#include <cerrno>

#include "cluster/results/draft.h"

namespace soliton {
namespace {

Status sync_folder(const FilePlace& place) {
  if (fsync(place.folder) != 0 && errno != EINVAL)
    return not_written(place.shown, "fsync folder", errno);
  return {};
}

}  // namespace

Status write_file(const FilePlace& place, std::string_view content, const WriteOptions& options,
                  const std::function<Status()>& before_rename) {
  Result<Draft> draft = Draft::open(place.folder, place.name, place.shown, place.mode);
  if (!draft) return tl::unexpected<Error>(draft.error());
  if (Status written = draft->write(content); !written) return written;
  if (options.durable)
    if (Status synced = draft->sync(); !synced) return synced;
  if (Status allowed = before_rename(); !allowed) return allowed;
  if (Status replaced = draft->replace(); !replaced) return replaced;
  if (Status closed = draft->close(); !closed) return closed;
  return options.durable ? sync_folder(place) : Status{};
}

Status write_file(const std::string& path, std::string_view content) {
  const std::size_t slash = path.rfind('/');
  const FileHandle folder =
      open_folder(slash == std::string::npos ? "." : path.substr(0, slash + 1));
  if (!folder) return not_written(path, "open", errno);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return write_file({folder.get(), name, path}, content, {}, [] { return Status{}; });
}

}  // namespace soliton
