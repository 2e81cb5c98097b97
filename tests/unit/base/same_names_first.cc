#include "tests/unit/base/same_names.h"

namespace soliton {
namespace {

struct Options {
  std::int64_t p = 1;
  std::vector<std::int64_t> list{1, 2};
};
constexpr Field kRows[] = {field<&Options::p>("p", "First."),
                           field<&Options::list>("list", "A list.")};

}  // namespace

constexpr FieldTable kSameNamesFirst = fields_of<Options>("first", kRows);

}  // namespace soliton
