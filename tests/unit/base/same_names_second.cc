#include "tests/unit/base/same_names.h"

namespace soliton {
namespace {

struct Options {
  double before = 0.5;
  std::vector<std::int64_t> other{7};
  std::optional<Duration> p;
  std::vector<std::int64_t> list{3, 4, 5};
};
constexpr Field kRows[] = {field<&Options::p>("p", "Behind others."),
                           field<&Options::list>("list", "A list.")};

}  // namespace

constexpr FieldTable kSameNamesSecond = fields_of<Options>("second", kRows);

}  // namespace soliton
