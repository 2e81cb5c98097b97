// Errors of answers, and rows of requests. Inside cluster/workload only.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "cluster/results/results.h"
#include "node/deployment/records.h"

namespace soliton {

// Largest differences to the fp32 outputs of the original model; relative to the largest magnitude
// of the answer. Infinite when an output is not a number. The same infinity on both sides, as a
// mask leaves it, is no difference.
struct AnswerErrors {
  static constexpr double kInfinite = std::numeric_limits<double>::infinity();
  double absolute = 0, relative = 0;
  bool any = false;

  template <typename T>
  void add(std::span<const T> output, std::span<const float> golden) {
    double worst = 0, magnitude = 0;
    for (std::size_t i = 0; i < std::min(output.size(), golden.size()); ++i) {
      const auto value = static_cast<double>(output[i]);
      const double difference = value == golden[i] ? 0 : std::abs(value - golden[i]);
      worst = std::max(worst, std::isnan(difference) ? kInfinite : difference);
      if (std::isfinite(golden[i]))
        magnitude = std::max(magnitude, std::abs(static_cast<double>(golden[i])));
    }
    any = true;
    absolute = std::max(absolute, worst);
    if (magnitude > 0) relative = std::max(relative, worst / magnitude);
  }
};

// The times of a finished request; its answer is left out.
inline RequestRecord times_of(const HostRecord& record) {
  RequestRecord row;
  row.request = record.request;
  row.client = record.client;
  row.service = record.service;
  row.copy = record.copy;
  row.refused = record.refused;
  row.steps = record.steps;
  row.sent = record.sent;
  row.completed = record.completed;
  row.path = record.path;
  return row;
}

}  // namespace soliton
