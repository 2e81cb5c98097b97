#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "cluster/results/sha256.h"
#include "cluster/workload/workload.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

std::string_view bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// Nothing when a value is not a number: then none is the largest.
std::optional<std::int64_t> argmax(const std::vector<float>& values) {
  if (std::ranges::any_of(values, [](float v) { return std::isnan(v); })) return std::nullopt;
  return std::ranges::max_element(values) - values.begin();
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Largest differences to the fp32 outputs of the original model; relative to the largest magnitude
// of the answer. Infinite when an output is not a number.
struct Errors {
  double absolute = 0, relative = 0;
  bool any = false;

  void add(const std::vector<float>& output, const std::vector<float>& golden) {
    constexpr double kInfinite = std::numeric_limits<double>::infinity();
    double worst = 0, magnitude = 0;
    for (std::size_t i = 0; i < std::min(output.size(), golden.size()); ++i) {
      const double difference = std::abs(static_cast<double>(output[i]) - golden[i]);
      worst = std::isnan(difference) ? kInfinite : std::max(worst, difference);
      magnitude = std::max(magnitude, std::abs(static_cast<double>(golden[i])));
    }
    any = true;
    absolute = std::max(absolute, worst);
    if (magnitude > 0) relative = std::max(relative, worst / magnitude);
  }
};

struct Share {
  std::int64_t right = 0, of = 0;
  void add(bool is_right) {
    right += is_right;
    ++of;
  }
  std::optional<double> value() const {
    return of ? std::optional(static_cast<double>(right) / static_cast<double>(of)) : std::nullopt;
  }
};

std::size_t row_number(const Workload& workload, RequestId request) {
  return index(request) % std::max<std::size_t>(workload.inputs.given.size(), 1);
}

}  // namespace

RequestRecord request_row(const Workload& workload, const HostRecord& record) {
  RequestRecord row;
  row.request = record.request;
  row.client = record.client;
  row.steps = record.steps;
  row.sent = record.sent;
  row.completed = record.completed;
  row.path = record.path;
  if (!record.output.empty()) row.output_hash = hash_bytes(bytes_of(record.output));
  const std::size_t number = row_number(workload, record.request);
  if (number >= workload.labels.size()) return row;
  row.label = workload.labels[number];
  if (!record.output.empty()) row.predicted_class = argmax(record.output).value_or(-1);
  return row;
}

void judge(const Workload& workload, std::vector<HostRecord> records, Reference* reference,
           RunResults& results) {
  std::sort(records.begin(), records.end(), [](const HostRecord& a, const HostRecord& b) {
    return index(a.request) < index(b.request);
  });
  Sha256 digest;
  Errors errors;
  Share accuracy, accuracy_fp32;
  bool any_output = false;
  for (const HostRecord& record : records) {
    RequestRecord row = request_row(workload, record);
    const std::size_t number = row_number(workload, record.request);
    if (!record.output.empty()) {
      any_output = true;
      digest.update(bytes_of(record.output));
      // Only an interruption from outside leaves answers of the reference out.
      if (reference && !reference->outputs()[index(record.request)].empty()) {
        row.matches = same_bits(record.output, reference->outputs()[index(record.request)]);
        ++results.outputs.checked;
        results.outputs.mismatched += !*row.matches;
      }
      if (number < workload.golden.size()) errors.add(record.output, workload.golden[number]);
    }
    if (row.label >= 0 && !record.output.empty()) {
      accuracy.add(row.predicted_class == row.label);
      if (number < workload.golden.size())
        accuracy_fp32.add(argmax(workload.golden[number]) == row.label);
    }
    results.requests.push_back(row);
  }
  if (any_output) results.outputs.sha256 = digest.hex();
  if (errors.any) {
    results.outputs.max_abs_error = errors.absolute;
    results.outputs.max_rel_error = errors.relative;
  }
  results.outputs.accuracy = accuracy.value();
  results.outputs.accuracy_fp32 = accuracy_fp32.value();
}

}  // namespace soliton
