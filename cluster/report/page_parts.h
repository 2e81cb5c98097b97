// The files of page/, as the build puts them into the program.
#pragma once

#include <string_view>

namespace soliton {

extern const std::string_view kPageStyle;   // uplot/uPlot.min.css and page.css
extern const std::string_view kPageScript;  // uplot/uPlot.iife.min.js and page.js

}  // namespace soliton
