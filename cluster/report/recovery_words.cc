#include "cluster/report/recovery_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace soliton {
namespace {

// {node}, {slot}, {generation} and {count} stand for those of the step.
struct Sentence {
  std::string_view what, text;
};
constexpr Sentence kSentences[] = {
    {"dead", "{node} is found dead"},
    {"hung", "{node} is found hung: it answers, and makes no progress with {slot}'s work"},
    {"lost", "{node} answers, but has lost the work of {slot}"},
    {"lease_lost", "the manager forgets that {node} works"},
    {"refused", "{node} refuses the work of {slot}, because it has other work"},
    {"rejoined", "{node} answers again"},
    {"granted", "{node} gets the work of {slot}, generation {generation}"},
    {"configured", "{node} is ready for the work of {slot}"},
    {"failed", "{node} could not be configured"},
    {"replayed", "{node} sends {count} open requests again, generation {generation}"},
    {"answered", "{node} has the first answer of generation {generation}"},
    {"manager_up", "the manager on {node} is back, and asks who has what"},
    {"alone", "the manager on {node} hears nobody, and waits"},
    {"divided", "the model is divided anew, without {slot}, generation {generation}"},
    {"no_spare", "the run is given up: nobody has taken the work of {slot}"},
    {"isolated", "the run is given up: the manager on {node} has heard nobody"},
};

}  // namespace

std::string recovery_words(const RecoveryResult::Step& step) {
  const auto sentence = std::ranges::find(kSentences, step.what, &Sentence::what);
  if (sentence == std::end(kSentences)) return step.what;
  return fmt::format(fmt::runtime(sentence->text), fmt::arg("node", step.node),
                     fmt::arg("slot", step.slot), fmt::arg("generation", step.generation),
                     fmt::arg("count", step.count));
}

}  // namespace soliton
