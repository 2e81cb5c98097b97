// Two runs, or two sets of runs, number by number.
//
//   Result<MeasuredSide> a = measured_in("runs/a"), b = measured_in("runs/b");
//   Result<ComparedSides> found = compare_sides(*a, *b);
//   print(comparison_text(*found));
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/experiment/measured_side.h"
#include "cluster/results/spread.h"

namespace soliton {

struct ComparedNumber {
  std::string key;
  Spread one, other;
  std::optional<bool> beyond_noise;  // unset: fewer than three runs on a side

  // Of single runs as exact as their files spell it.
  double difference() const;
  std::optional<double> relative() const;  // unset: the first is 0, or nothing differs from nothing
};
// A text or a truth that all runs of a side agree on and the sides do not.
struct ComparedText {
  std::string key, one, other;
};
struct ComparedPoint {
  std::string name;
  std::vector<ComparedNumber> numbers;  // in the order of results.json, without `wall`
  std::vector<ComparedText> texts;
  const MeasuredPoint *one = nullptr, *other = nullptr;

  const ComparedNumber* find(std::string_view key) const;  // nullptr: it is not in both
};

struct ComparedSides {
  const MeasuredSide *one = nullptr, *other = nullptr;  // outlive it
  std::vector<ComparedPoint> points;
  std::size_t only_one = 0, only_other = 0;  // points that the other side lacks

  bool tells_noise() const;  // of all its points
};
// Points that both sides have, by name; a single point on each side whatever the names. kInvalid: one is a
// sweep and the other is not.
Result<ComparedSides> compare_sides(const MeasuredSide& one, const MeasuredSide& other);

// The figures that matter most, and all others that differ.
std::string comparison_text(const ComparedSides& comparison);
std::string comparison_json(const ComparedSides& comparison);
// A page like a run's report: both distributions in one chart, and every figure.
std::string comparison_page(const ComparedSides& comparison);

// Parts of text and page.
bool is_shown_always(std::string_view key);
std::string mean_words(const Spread& spread);                     // "31.9", "31.900 ± 0.2"
std::string difference_words(const ComparedNumber& number);       // "same", "+3.2"
std::string share_words(const ComparedNumber& number);            // "", "+10.3 %"
std::string noise_words(const std::optional<bool>& beyond);       // "", "beyond noise"
std::vector<std::string> comparison_notes(const ComparedSides&);  // what to know about all of it

}  // namespace soliton
