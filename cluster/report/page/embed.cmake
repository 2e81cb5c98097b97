# Writes OUT, a source file that holds the files of this folder: the page's style and script.
file(READ "${FROM}/uplot/uPlot.min.css" style_uplot)
file(READ "${FROM}/page.css" style_page)
file(READ "${FROM}/uplot/uPlot.iife.min.js" script_uplot)
file(READ "${FROM}/page.js" script_page)
file(READ "${FROM}/uplot/LICENSE" license_uplot)
file(WRITE "${OUT}" "#include \"cluster/report/page_parts.h\"

namespace soliton {

const std::string_view kPageStyle = R\"page_part(${style_uplot}
${style_page})page_part\";
const std::string_view kPageScript = R\"page_part(/* uPlot 1.6.32. ${license_uplot} */
${script_uplot}
${script_page})page_part\";

}  // namespace soliton
")
