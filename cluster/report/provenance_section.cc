// What to know before trusting the numbers, and how to get them again.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/report/html.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/summary.h"
#include "cluster/results/sha256.h"

namespace soliton {
namespace {

struct Cure {
  std::string_view id, text;
};
constexpr Cure kCures[] = {
    {warning_id::kNodeOff,
     "Compare \"work a request\" with \"predicted\" in the table of nodes; the device's "
     "parameters or the node's share of the model are not what the plan took them for."},
    {warning_id::kPredictionOff,
     "See where the time goes: what the prediction leaves out, queues and other "
     "requests, is there."},
    {warning_id::kBeyondFp16,
     "Scale the inputs, or leave the operators that overflow to the CPU with placement."},
    {warning_id::kResendsExceedDrops,
     "Raise ltl.timeout above the longest round trip, or lower what fills queues."},
    {warning_id::kWindowLimited, "Raise ltl.window to what the warning says the path holds."},
    {warning_id::kFewSamples,
     "Raise workload.requests: for p99.9 a thousand requests are the least, ten thousand are "
     "better."},
    {warning_id::kOverload, "Lower workload.rate, or give the model more nodes or replicas."},
    {warning_id::kRuleNeverFired,
     "See whether the rule's target, its time and its filter meet any packet of this run."},
    {warning_id::kUnusedLink, "Set topology.routing to spray, or another topology.hash_seed."},
    {warning_id::kMessageModeOutside, "Run it with fidelity: packet."},
    {warning_id::kUdpRefused,
     "Lower the rate, or raise this machine's limits; soliton run says which."},
    {warning_id::kPeerLost, "Look into log/ of the node that was lost."},
    {warning_id::kSeriesCoarser, "Raise trace.links, or run for a shorter time."},
};

std::string cure_of(const std::string& id) {
  const auto cure = std::ranges::find(kCures, std::string_view(id), &Cure::id);
  return cure == std::end(kCures) ? "" : std::string(cure->text);
}

std::string banner(const std::string& text, const std::string& cure = "") {
  return fmt::format("<p class=\"banner\">{}{}</p>\n", html_escape(text),
                     cure.empty() ? ""
                                  : fmt::format("<br><span class=\"soft\">What helps: {}</span>",
                                                html_escape(cure)));
}

// Without `wall`, which is of the machine.
std::string digest_of(const Json& results) {
  Json rest = results;
  rest.erase("wall");
  Sha256 digest;
  digest.update(json_text(rest, JsonLayout::kLine));
  return digest.hex();
}

}  // namespace

std::string banners_html(const RunReport& run) {
  const Json& r = run.results;
  std::string out;
  if (!flag_at(r, "complete").value_or(true)) {
    const std::string why = text_at(r, "error");
    out += banner("This run is not complete: " + (why.empty() ? "it was stopped" : why));
  }
  for (const std::string& sentence : run.missing) out += banner(sentence);
  if (text_at(r, "ltl.carrier") == "udp" && text_at(r, "ltl.auth") == "none")
    out += banner(kForgeryWarning, "Set ltl.auth to header or aead.");
  return out;
}

std::string warnings_html(const RunReport& run) {
  std::string out;
  for (const Json* warning : items_at(run.results, "warnings"))
    out += banner(text_at(*warning, "text"), cure_of(text_at(*warning, "id")));
  return html_section("Warnings", out);
}

std::string provenance_html(const RunReport& run) {
  const Json& r = run.results;
  if (r.empty()) return "";
  std::vector<std::vector<std::string>> rows = {
      {"made by", "soliton " + text_at(r, "soliton", "of an unknown version")},
      {"seed", find_at(r, "seed") != nullptr ? find_at(r, "seed")->dump() : "–"},
      {"results.json without wall, SHA-256", digest_of(r)}};
  if (const std::string outputs = text_at(r, "outputs.sha256"); !outputs.empty())
    rows.push_back({"all outputs, SHA-256", outputs});
  return html_section(
      "How to get it again",
      html_paragraph("cluster.yaml beside this page has all defaults filled in. In virtual time it "
                     "gives the same bytes again, on any machine:") +
          "<pre>soliton run cluster.yaml</pre>\n" + html_table({"", ""}, rows, 2));
}

}  // namespace soliton
