// The search of `find:`: the largest or smallest value of a key with which a run fulfils conditions, by
// doubling steps from the base value and then bisection.
//
// FindSearch owns no run: it says which value to play next and is told what came of it.
//
//   FindSearch search(spec);
//   while (const std::optional<std::int64_t> value = search.next()) search.tell(*value, play(*value));
//   if (search.found()) ...
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/experiment/scalars.h"
#include "cluster/file/expectation.h"
#include "protocol/base/fields.h"

namespace soliton {

// "p99 < 2 ms", or "fabric.dropped <= 0": of a scalar of results.json, in its unit.
struct FindCondition {
  std::string said;  // as written
  std::string key;   // of results.json
  Comparison how = Comparison::kLess;
  double bound = 0;

  std::optional<double> measured(const Scalars& results) const;
  bool met_by(const Scalars& results) const;
  // How far from the bound on its bad side, over the bound; negative if met; infinite if not measured.
  double badness(const Scalars& results) const;
};
// Errors: no comparison, a key that results do not have (the nearest is named), a bound that is no number.
Result<FindCondition> parse_condition(const std::string& text);

struct FindSpec {
  bool maximize = true;
  std::string key;  // of the cluster file; `nodes`: how many nodes the first entry stands for
  std::vector<FindCondition> conditions;
  std::int64_t from = 1;             // where the search begins
  std::int64_t least = 1, most = 1;  // and what it never leaves
  Probability tolerance{
      10'000'000};         // of the answer; whole numbers are exact if it is less than one
  std::int64_t runs = 32;  // values played at most
  // How the key spells its values.
  FieldType type = FieldType::kInteger;

  std::string stem;  // of key `nodes`: the name in front of the numbers

  std::string spelled(std::int64_t value) const;
};

class FindSearch {
 public:
  explicit FindSearch(const FindSpec& spec);

  // The next value to play, each once; nullopt: the search has ended.
  std::optional<std::int64_t> next();
  void tell(std::int64_t value, bool met);

  // The best value that fulfils all conditions. Between it and `beyond()`, the nearest tried on its bad
  // side, lies the end of what does.
  std::optional<std::int64_t> found() const;
  std::optional<std::int64_t> beyond() const;
  std::size_t tried() const { return told_.size(); }
  // Whether the most runs were used up before the tolerance was reached.
  bool ran_out() const { return ran_out_; }
  // A value that fails although one on its bad side fulfils the conditions; nullopt: as far as was
  // tried, more of the key only ever makes it worse.
  std::optional<std::int64_t> out_of_order() const;

 private:
  bool is_better(std::int64_t a, std::int64_t b) const { return spec_.maximize ? a > b : a < b; }
  std::optional<std::int64_t> gallop() const;
  std::optional<std::int64_t> bisect() const;
  std::optional<std::int64_t> check() const;
  std::optional<std::int64_t> limited(std::int64_t value) const;

  FindSpec spec_;
  std::map<std::int64_t, bool> told_;
  bool ran_out_ = false;
};

}  // namespace soliton
