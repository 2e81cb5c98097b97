// Short forms of fault rules, `{at: 1 ms, for: 500 us, link: fpga0-tor0, loss: 1 %}`, made long
// before they are read, so that there is one way to read a rule. Every value keeps its place in the
// file. Inside cluster only.
#pragma once

#include "cluster/yaml/reader.h"

namespace soliton {

// The rule of `entry`, the `number`th of the list, with `kind`, `where` and `when`. Reports what is
// wrong with a short form itself: no kind or several, `link` beside `where`, `at` beside `when`.
YamlValue long_form(ReadContext& context, const YamlValue& entry, std::size_t number);

}  // namespace soliton
