#include "cluster/experiment/point.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <charconv>

#include "cluster/results/file_io.h"
#include "cluster/results/run_folder.h"
#include "cluster/results/sha256.h"

namespace soliton {
namespace {

template <typename T>
std::optional<T> number(const Scalars& scalars, std::string_view key) {
  const Scalar* found = find_scalar(scalars, key);
  if (found == nullptr || found->kind != Scalar::Kind::kNumber) return std::nullopt;
  T value{};
  const char* end = found->text.data() + found->text.size();
  const auto [at, error] = std::from_chars(found->text.data(), end, value);
  return error == std::errc{} && at == end ? std::optional(value) : std::nullopt;
}

std::optional<double> real(const Scalars& scalars, std::string_view key) {
  return number_in(scalars, key);
}

std::int64_t count(const Scalars& scalars, std::string_view key) {
  return number<std::int64_t>(scalars, key).value_or(0);
}

std::string digest(const std::string& text) {
  Sha256 sum;
  sum.update(text);
  return sum.hex();
}

Status remove_file(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return not_written(path, "remove", errno);
  return {};
}

std::optional<double> share(const std::optional<double>& part, const std::optional<double>& whole) {
  if (!part || !whole || !(*whole > 0)) return std::nullopt;
  return *part / *whole;
}

}  // namespace

std::optional<double> PointNumbers::moved_bytes_per_request() const {
  if (completed <= 0) return std::nullopt;
  return static_cast<double>(fabric_bytes) / static_cast<double>(completed);
}

std::optional<double> PointNumbers::network_share() const {
  return share(network_us, latency_mean_us);
}

std::optional<double> PointNumbers::queue_share() const { return share(queue_us, latency_mean_us); }

Result<PointNumbers> parse_point(const std::string& results_json) {
  Result<Scalars> read = read_scalars(results_json);
  const Scalar* version = read ? find_scalar(*read, "soliton") : nullptr;
  const Scalar* complete = read ? find_scalar(*read, "complete") : nullptr;
  if (version == nullptr || version->text != RunResults{}.version || complete == nullptr ||
      complete->kind != Scalar::Kind::kBoolean)
    return invalid("not a results.json of this version of soliton");
  PointNumbers n;
  n.latency_mean_us = real(*read, "latency_us.mean");
  n.latency_p99_us = real(*read, "latency_us.p99");
  n.network_us = real(*read, "breakdown_us.network");
  n.queue_us = real(*read, "breakdown_us.queue");
  n.throughput_rps = real(*read, "throughput_rps");
  n.effective_tflops = real(*read, "effective_tflops");
  n.utilization = real(*read, "utilization");
  n.predicted_latency_us = real(*read, "partition.predicted_latency_us");
  n.completed = count(*read, "requests.completed");
  n.failed = count(*read, "requests.failed");
  n.nodes_used = count(*read, "partition.nodes_used");
  n.cut_bytes_per_request = count(*read, "partition.cut_bytes_per_request");
  n.fabric_bytes = count(*read, "fabric.bytes");
  n.mismatched = count(*read, "outputs.mismatched");
  n.complete = complete->text == "true";
  n.scalars = std::move(*read);
  return n;
}

std::string PointFolders::next(const std::string& series, std::int64_t x) {
  return next(fmt::format("{}-{}", series, x));
}

std::string PointFolders::next(const std::string& first) {
  std::string name = first;
  const auto small = [](std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  };
  for (int n = 2; !used_.insert(small(name)).second; ++n) name = fmt::format("{}~{}", first, n);
  return fmt::format("{}/points/{}", folder_, name);
}

std::optional<PointNumbers> kept_point(const std::string& folder,
                                       const std::optional<PointRecord>& record,
                                       const ClusterSpec& spec, const std::string& cluster,
                                       FileDigests& digests) {
  if (!record || record->cluster != cluster) return std::nullopt;
  const Result<std::string> results = read_whole_file(folder + "/results.json");
  if (!results || digest(*results) != record->results) return std::nullopt;
  Result<PointNumbers> numbers = parse_point(*results);
  if (!numbers || !numbers->complete || !unchanged(spec, record->files, digests))
    return std::nullopt;
  return std::move(*numbers);
}

Status clear_point(const std::string& folder) {
  if (Status made = make_folders(folder); !made) return made;
  return remove_file(folder + "/results.json");
}

Result<std::string> write_results(const std::string& folder, const std::string& results_json) {
  if (Status written = write_file(folder + "/results.json", results_json); !written)
    return tl::unexpected<Error>(written.error());
  return digest(results_json);
}

}  // namespace soliton
