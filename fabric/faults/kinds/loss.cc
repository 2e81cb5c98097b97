// Packets on a link vanish with a probability, each on its own.
#include <fmt/format.h>

#include "fabric/faults/fault_kind.h"

namespace soliton {
namespace {

enum class Model : std::uint8_t { kBernoulli };

struct LossModel {
  Model type = Model::kBernoulli;
  Probability p{};
};
struct Options {
  LossModel model;
  std::uint32_t max_burst = 0;
};

constexpr FieldWord kModels[] = {word("bernoulli", Model::kBernoulli)};
constexpr Field kModelRows[] = {
    field<&LossModel::type>("type", "`bernoulli`: each packet independently.").spelled(kModels),
    field<&LossModel::p>("p", "Share of packets lost.")
        .between(Probability{0}, Probability{1'000'000'000})
        .needed(),
};
constexpr FieldTable kModelFields = fields_of<LossModel>("fault_model", kModelRows);
constexpr Field kRows[] = {
    map_field<&Options::model, kModelFields>("model", "Which packets are lost.").needed(),
    field<&Options::max_burst>(
        "max_burst",
        "The rule drops no packet after this many in a row were lost on that "
        "link and direction, by any rule; 0: no limit.")
        .between(0, 1'000'000)
        .in("packets"),
};
constexpr FieldTable kFields = fields_of<Options>("loss", kRows);

class Loss final : public LinkEffect {
 public:
  explicit Loss(const Options& options) : o_(options) {}
  bool drops(const FaultWindow& window, const Crossing& crossing, std::uint64_t burst,
             const Random& chance) const override {
    return window.holds(crossing.start) && (o_.max_burst == 0 || burst < o_.max_burst) &&
           chance.happens(crossing.ordinal, o_.model.p);
  }
  std::string words() const override {
    return fmt::format("lost {} of its packets", spell(o_.model.p));
  }

 private:
  Options o_;
};

std::unique_ptr<LinkEffect> make(const Settings& options) {
  return std::make_unique<Loss>(fault_options<Options>(kFields, options));
}

}  // namespace

const FaultKind kLossFault = {
    .name = "loss",
    .words = "packets on a link vanish with a probability",
    .example = "{link, loss: 1 %, max_burst: 3}",
    .short_path = "model.p",
    .short_alias = "",
    .fields = kFields,
    .make = make,
};

Settings loss_settings(const LossFaultOptions& options) {
  const Options own{{Model::kBernoulli, options.p}, options.max_burst};
  return collect(kFields, &own);
}

}  // namespace soliton
