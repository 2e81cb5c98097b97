// Short forms of fault rules, `{at: 1 ms, for: 500 us, link: fpga0-tor0, loss: 1 %}`, expanded
// before they are read, so that only long forms need a reader. Every value keeps its position in
// the file. Private to cluster/.
#pragma once

#include "cluster/yaml/reader.h"

namespace soliton {

// Returns `entry`, number `number` of the list, with `kind`, `where` and `when`. Reports errors of
// the short form itself: no kind or several, `link` beside `where`, `at` beside `when`.
YamlValue long_form(ReadContext& context, const YamlValue& entry, std::size_t number);

}  // namespace soliton
