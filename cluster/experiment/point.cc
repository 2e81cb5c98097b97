#include "cluster/experiment/point.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cluster/results/file_io.h"
#include "cluster/results/run_folder.h"
#include "cluster/results/sha256.h"

namespace soliton {
namespace {

using Json = nlohmann::json;

// nullptr unless `json` is an object with that key.
const Json* member(const Json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

std::optional<double> number(const Json& json, const char* outer, const char* inner = nullptr) {
  const Json* value = member(json, outer);
  if (value && inner) value = member(*value, inner);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->get<double>();
}

std::int64_t count(const Json& json, const char* outer, const char* inner) {
  const Json* map = member(json, outer);
  const Json* value = map ? member(*map, inner) : nullptr;
  return value && value->is_number_integer() ? value->get<std::int64_t>() : 0;
}

std::optional<double> share(const std::optional<double>& part, const std::optional<double>& whole) {
  if (!part || !whole || !(*whole > 0)) return std::nullopt;
  return *part / *whole;
}

// Length and text, so that no two lists of parts give the same bytes.
void update_framed(Sha256& hash, std::string_view text) {
  hash.update(fmt::format("{}:", text.size()));
  hash.update(text);
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
  const Json json = Json::parse(results_json, nullptr, false);
  const Json* complete = json.is_discarded() ? nullptr : member(json, "complete");
  if (complete == nullptr || !complete->is_boolean() || member(json, "soliton") == nullptr)
    return invalid("not a results.json of soliton");
  PointNumbers n;
  n.latency_mean_us = number(json, "latency_us", "mean");
  n.latency_p99_us = number(json, "latency_us", "p99");
  n.network_us = number(json, "breakdown_us", "network");
  n.queue_us = number(json, "breakdown_us", "queue");
  n.throughput_rps = number(json, "throughput_rps");
  n.effective_tflops = number(json, "effective_tflops");
  n.utilization = number(json, "utilization");
  n.predicted_latency_us = number(json, "partition", "predicted_latency_us");
  n.completed = count(json, "requests", "completed");
  n.failed = count(json, "requests", "failed");
  n.nodes_used = count(json, "partition", "nodes_used");
  n.cut_bytes_per_request = count(json, "partition", "cut_bytes_per_request");
  n.fabric_bytes = count(json, "fabric", "bytes");
  n.mismatched = count(json, "outputs", "mismatched");
  n.complete = complete->get<bool>();
  return n;
}

std::string point_fingerprint(const std::string& base_content, const Overrides& overrides,
                              const std::string& also) {
  Sha256 hash;
  update_framed(hash, RunResults{}.version);
  update_framed(hash, also);
  update_framed(hash, base_content);
  for (const std::string& one : overrides) update_framed(hash, one);
  return hash.hex();
}

std::string point_folder(const std::string& folder, const ExperimentSeries& series,
                         const ExperimentPoint& point) {
  return fmt::format("{}/points/{}-{}", folder, series.name, point.x);
}

std::optional<PointNumbers> kept_point(const std::string& folder, const std::string& fingerprint) {
  const Result<std::string> made_from = read_whole_file(folder + "/fingerprint");
  if (!made_from || *made_from != fingerprint + "\n") return std::nullopt;
  const Result<std::string> text = read_whole_file(folder + "/results.json");
  if (!text) return std::nullopt;
  const Result<PointNumbers> numbers = parse_point(*text);
  if (!numbers || !numbers->complete) return std::nullopt;
  return *numbers;
}

Status store_point(const std::string& folder, const std::string& fingerprint,
                   const RunResults& results) {
  if (Status made = make_folders(folder); !made) return made;
  const std::string mark = folder + "/fingerprint";
  if (unlink(mark.c_str()) != 0 && errno != ENOENT) return not_written(mark, "remove", errno);
  if (Status written = write_file(folder + "/results.json", results_json(results)); !written)
    return written;
  return results.complete ? write_file(mark, fingerprint + "\n") : Status{};
}

}  // namespace soliton
