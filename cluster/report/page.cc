// The frame and the look of every page this library writes.
#include <fmt/format.h>

#include "cluster/report/html.h"

namespace soliton {
namespace {

// The series colours keep at least 3:1 against both backgrounds; lines also differ in dash and
// marker.
constexpr const char* kStyle = R"css(
:root { color-scheme: light dark; --back: #fbfbfa; --card: #ffffff; --text: #1d2126; --soft: #626a73; --line: #dfe2e6;
  --bad: #b3261e; --s0: #2f6fde; --s1: #c4581b; --s2: #2a8a4a; --s3: #8a4fc0; --s4: #a8780a; --s5: #bf3a74; }
@media (prefers-color-scheme: dark) {
  :root { --back: #15181c; --card: #1d2126; --text: #e6e8ea; --soft: #9aa3ad; --line: #343a41;
    --bad: #ff8a80; --s0: #7aa7ff; --s1: #ff9d63; --s2: #67c98a; --s3: #c39af0; --s4: #dfb54e; --s5: #f285b0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.05rem; margin: 2.2rem 0 .7rem; }
p { margin: .3rem 0; } .soft, .note, .label { color: var(--soft); }
.banner { border: 1px solid var(--bad); color: var(--bad); border-radius: 8px; padding: .6rem .9rem; margin: 1rem 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .7rem; margin-top: 1.2rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .7rem .9rem; }
.card .value { font-size: 1.3rem; font-variant-numeric: tabular-nums; } .card.bad .value { color: var(--bad); }
.label, .note { font-size: .82rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; background: var(--card);
  border: 1px solid var(--line); } th, td { text-align: left; padding: .35rem .7rem; border-top: 1px solid var(--line);
  white-space: nowrap; } th { color: var(--soft); font-weight: 600; font-size: .85rem; border-top: 0; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem; }
figcaption { font-weight: 600; margin-bottom: .4rem; } svg { max-width: 100%; height: auto; display: block; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); gap: .9rem; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } svg .strong { fill: var(--text); }
svg .grid { stroke: var(--line); stroke-width: 1; } svg .axis { stroke: var(--soft); stroke-width: 1; }
svg .curve { fill: none; stroke-width: 2; }
.c0 { stroke: var(--s0); } .c1 { stroke: var(--s1); } .c2 { stroke: var(--s2); } .c3 { stroke: var(--s3); }
.c4 { stroke: var(--s4); } .c5 { stroke: var(--s5); }
.f0 { fill: var(--s0); } .f1 { fill: var(--s1); } .f2 { fill: var(--s2); } .f3 { fill: var(--s3); }
.f4 { fill: var(--s4); } .f5 { fill: var(--s5); }
)css";

}  // namespace

std::string html_page(const std::string& title, const std::string& body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
      html_escape(title), kStyle, body);
}

}  // namespace soliton
