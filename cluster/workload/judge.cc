#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

#include "cluster/results/sha256.h"
#include "cluster/workload/answer_errors.h"
#include "cluster/workload/workload.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

std::string_view bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// nullopt if a value is not a number, because then there is no largest one.
std::optional<std::int64_t> argmax(std::span<const float> values) {
  if (std::ranges::any_of(values, [](float v) { return std::isnan(v); })) return std::nullopt;
  return std::ranges::max_element(values) - values.begin();
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Vector `step` of an answer; an answer of another size than was loaded has none.
std::span<const float> vector_of(const std::vector<float>& answer, std::size_t step,
                                 std::int64_t classes) {
  const auto width = static_cast<std::size_t>(classes);
  if (answer.size() < (step + 1) * width) return {};
  return std::span(answer).subspan(step * width, width);
}

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

// Counts correct answers, over all vectors and per step.
class Accuracy {
 public:
  void add(const std::vector<float>& answer, const std::vector<std::int64_t>& labels,
           std::int64_t classes) {
    steps_.resize(std::max(steps_.size(), labels.size()));
    for (std::size_t step = 0; step < labels.size(); ++step) {
      const bool right = argmax_is(vector_of(answer, step, classes), labels[step]);
      all_.add(right);
      steps_[step].add(right);
    }
  }
  std::optional<double> value() const { return all_.value(); }
  std::vector<double> by_step() const {
    std::vector<double> out;
    for (const Share& step : steps_) out.push_back(step.value().value_or(0));
    return out;
  }

 private:
  static bool argmax_is(std::span<const float> vector, std::int64_t label) {
    return !vector.empty() && argmax(vector) == label;
  }

  Share all_;
  std::vector<Share> steps_;
};

std::size_t row_number(const Workload& workload, RequestId request) {
  return index(request) % std::max<std::size_t>(workload.inputs.given.size(), 1);
}

}  // namespace

RequestRecord request_row(const Workload& workload, const HostRecord& record) {
  RequestRecord row = times_of(record);
  if (!record.output.empty()) row.output_hash = hash_bytes(bytes_of(record.output));
  const std::size_t number = row_number(workload, record.request);
  if (number >= workload.labels.size()) return row;
  const std::vector<std::int64_t>& labels = workload.labels[number];
  row.label = labels.back();
  if (!record.output.empty())
    row.predicted_class =
        argmax(vector_of(record.output, labels.size() - 1, workload.classes)).value_or(-1);
  return row;
}

NpyArray outputs_of(const Workload& workload, const std::vector<HostRecord>& records,
                    std::int64_t requests) {
  const std::int64_t vectors = workload.each_step ? workload.steps_max : 1;
  const std::int64_t held = vectors * workload.classes;
  std::vector<float> all(static_cast<std::size_t>(requests * held),
                         std::numeric_limits<float>::quiet_NaN());
  for (const HostRecord& record : records) {
    if (record.output.empty() || std::int64_t{index(record.request)} >= requests) continue;
    const auto row = all.begin() + std::int64_t{index(record.request)} * held;
    std::fill_n(row, held, 0.0F);
    std::copy_n(record.output.begin(),
                std::min(held, static_cast<std::int64_t>(record.output.size())), row);
  }
  std::vector<std::int64_t> shape{requests, workload.classes};
  if (workload.each_step) shape.insert(shape.begin() + 1, workload.steps_max);
  return npy_of(all, std::move(shape));
}

void judge(const Workload& workload, std::vector<HostRecord> records, Reference* reference,
           RunResults& results) {
  std::sort(records.begin(), records.end(), [](const HostRecord& a, const HostRecord& b) {
    return index(a.request) < index(b.request);
  });
  Sha256 digest;
  AnswerErrors errors;
  Accuracy accuracy, accuracy_fp32;
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
      if (number < workload.golden.size())
        errors.add(std::span<const float>(record.output), std::span(workload.golden[number]));
    }
    if (number < workload.labels.size() && !record.output.empty()) {
      accuracy.add(record.output, workload.labels[number], workload.classes);
      if (number < workload.golden.size())
        accuracy_fp32.add(workload.golden[number], workload.labels[number], workload.classes);
    }
    results.requests.push_back(row);
  }
  if (any_output) results.outputs.sha256 = digest.hex();
  if (errors.any) {
    results.outputs.max_abs_error = errors.absolute;
    results.outputs.max_rel_error = errors.relative;
  }
  results.outputs.known = any_output;
  results.outputs.accuracy = accuracy.value();
  if (workload.each_step && accuracy.value())
    results.outputs.accuracy_per_step = accuracy.by_step();
  results.outputs.accuracy_fp32 = accuracy_fp32.value();
}

}  // namespace soliton
