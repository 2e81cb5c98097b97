#include "protocol/base/result.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace soliton {

int exit_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kCheckFailed:
      return 1;
    case ErrorCode::kInvalid:
      return 2;
    case ErrorCode::kDoesNotFit:
      return 3;
    case ErrorCode::kBroken:
      return 4;
    case ErrorCode::kNoProgress:
      return 5;
    case ErrorCode::kNotWritten:
      return 6;
    case ErrorCode::kEnvironment:
      return 7;
    case ErrorCode::kWouldBlock:
      return 5;
  }
  return 70;
}

void Diagnostics::append(Diagnostics other) {
  std::move(other.errors.begin(), other.errors.end(), std::back_inserter(errors));
}

std::string Diagnostics::text() const {
  std::string out;
  for (const Error& error : errors) out += error.message + "\n";
  return out;
}

namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_letters(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates) {
  for (const std::string& candidate : candidates)
    if (same_letters(name, candidate)) return candidate;
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace soliton
